import { isIP } from 'node:net'
import { longestUser, mostAtOnce } from '../../shared/finding.ts'
import type { Event, Kind, Parsed } from '../parse/event.ts'

/** Where the line stands in its log. */
export type Anchor = { file: string; offset: number }

/**
 * An event with everything around it that counting needs. Flat, and with every field always there:
 * objects of one make are what keeps the fold quick (spreads and absent fields made it half as fast).
 */
export type Told = {
  /** '' for the reading host itself. */
  host: string
  program: string
  pid: number | null
  /** ms UTC. */
  at: number
  file: string
  offset: number
  kind: Kind
  ip: string | undefined
  /** `ip` is an address, no host name. */
  isNumeric: boolean
  port: number | undefined
  user: string | undefined
  method: string | undefined
  witness: string | undefined
  count: number
  of: number | undefined
  tty: string | undefined
  text: string | undefined
  total: boolean
  more: boolean
  end: boolean
  preauth: boolean
  undecided: boolean
}

/** Says nothing yet. Its fields stand one by one, since one that was spread keeps them at arm's length. */
export function openTold(): Told {
  return {
    host: '',
    program: '-',
    pid: null,
    at: Number.NaN,
    file: '',
    offset: 0,
    kind: 'session',
    ip: undefined,
    isNumeric: false,
    port: undefined,
    user: undefined,
    method: undefined,
    witness: undefined,
    count: 1,
    of: undefined,
    tty: undefined,
    text: undefined,
    total: false,
    more: false,
    end: false,
    preauth: false,
    undecided: false,
  }
}

/**
 * A line of ours with everything bounded that somebody else chose. A local user may log what he likes
 * under any tag, with a port of 99999 or a host of a thousand letters: were it passed on as it is, the
 * collector would refuse the frame, and the checkpoint after it, for ever.
 */
export function toldBy(
  line: Parsed & { at: number },
  event: Event,
  { file, offset }: Anchor,
  isOwn: (host: string) => boolean,
): Told {
  const { host, program, pid, at } = line
  const { kind, ip, port, user, method, witness, count, of, tty, text } = event
  return {
    host: host === null ? '' : hostOf(host, isOwn),
    program: programOf(program),
    pid: pid !== null && pid <= highestPid ? pid : null,
    at,
    file,
    offset,
    kind,
    ip: ip === undefined ? ip : clip(ip, 255),
    isNumeric: ip !== undefined && isAddress(ip),
    port: port === undefined || port > highestPort ? undefined : port,
    user: user === undefined ? user : clip(user, longestUser),
    method: method ? clip(method, 64) : undefined,
    witness: witness === undefined ? witness : clip(witness, 32),
    count: count === undefined ? 1 : Math.min(Math.max(count, 1), mostAtOnce),
    of: of === undefined || of > highestPid ? undefined : of,
    tty: tty === undefined ? tty : clip(tty, 64),
    text: text ? clip(text, 512) : undefined,
    total: event.total === true,
    more: event.more === true,
    end: event.end === true,
    preauth: event.preauth === true,
    undecided: event.undecided === true,
  }
}

export const highestPid = 0xffffffff
export const highestPort = 65535

/** The host a line names, as the fold knows it. */
export function hostOf(host: string, isOwn: (host: string) => boolean): string {
  return isOwn(host) ? '' : clip(host, 255)
}

/** The program behind a tag, as the fold knows it. */
export function programOf(tag: string | null): string {
  return clip(family(tag ?? ''), 64) || '-'
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
