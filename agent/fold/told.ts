import { isIP } from 'node:net'
import { longestUser } from '../../shared/finding.ts'
import type { Event, Parsed } from '../parse/event.ts'

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

/**
 * A line of ours with everything bounded that somebody else chose. A local user may log what he likes
 * under any tag, with a port of 99999 or a host of a thousand letters: were it passed on as it is, the
 * collector would refuse the frame, and the checkpoint after it, for ever.
 */
export function toldBy(
  line: Parsed & { at: number },
  event: Event,
  anchor: Anchor,
  isOwn: (host: string) => boolean,
): Told {
  const { host, program, pid, at } = line
  return {
    host: host === null || isOwn(host) ? '' : clip(host, 255),
    program: clip(family(program ?? ''), 64) || '-',
    pid: pid !== null && pid <= highestPid ? pid : null,
    at,
    event: bounded(event),
    anchor,
  }
}

const highestPid = 0xffffffff
const highestPort = 65535
const mostAtOnce = 1_000_000_000

// Nearly every event is within its bounds and stays the object it is.
function bounded(event: Event): Event {
  const { ip, port, user, method, witness, tty, text, count, of } = event
  const fits =
    (ip?.length ?? 0) <= 255 &&
    (port ?? 0) <= highestPort &&
    (user?.length ?? 0) <= longestUser &&
    (method?.length ?? 1) <= 64 &&
    method !== '' &&
    (witness?.length ?? 0) <= 32 &&
    (tty?.length ?? 0) <= 64 &&
    (text?.length ?? 1) <= 512 &&
    text !== '' &&
    (count ?? 1) <= mostAtOnce &&
    (count ?? 1) >= 1 &&
    (of ?? 0) <= highestPid
  return fits ? event : cutDown(event)
}

function cutDown({ ip, port, user, method, witness, tty, text, count, of, ...rest }: Event): Event {
  return {
    ...rest,
    ...(ip === undefined ? {} : { ip: clip(ip, 255) }),
    ...(port === undefined || port > highestPort ? {} : { port }),
    ...(user === undefined ? {} : { user: clip(user, longestUser) }),
    ...(method ? { method: clip(method, 64) } : {}),
    ...(witness === undefined ? {} : { witness: clip(witness, 32) }),
    ...(tty === undefined ? {} : { tty: clip(tty, 64) }),
    ...(text ? { text: clip(text, 512) } : {}),
    ...(count === undefined ? {} : { count: Math.min(Math.max(count, 1), mostAtOnce) }),
    ...(of === undefined || of > highestPid ? {} : { of }),
  }
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
