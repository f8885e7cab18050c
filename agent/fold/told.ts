import { isIP } from 'node:net'
import type { Event } from '../parse/event.ts'

/** Where the line stands in its log. */
export type Anchor = { file: string; offset: number }

/** An event with everything around it that counting needs. */
export type Told = {
  host: string
  program: string
  pid: number | null
  at: number
  event: Event
  anchor: Anchor
}

/** True for an address, false for a host name. */
export function isAddress(ip: string): boolean {
  return isIP(ip) !== 0
}

/** Programs used by somebody at the machine, who write some of their lines without a pid. */
export function isLocal(program: string): boolean {
  return program === 'sudo' || program === 'su'
}

/** Daemons whose pid is one connection, and which speak for themselves beside PAM. */
export function isDaemonPerConnection(program: string): boolean {
  return program === 'sshd' || program === 'dropbear'
}

/** The program under all its tags: sshd-session and sshd-auth are sshd. */
export function family(program: string): string {
  return /^sshd(?:-session|-auth|\(pam_unix\))?$/.test(program) ? 'sshd' : program
}

/** Cuts text that somebody else chose to a bound, in UTF-16 units, without a torn pair at its end. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).toWellFormed()
}
