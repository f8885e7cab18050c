/** Which session a line belongs to, and what it tells of where that session comes from. */
import type { Event } from '../parse/event.ts'
import type { Session, Sessions } from './sessions.ts'
import { isAddress, isDaemonPerConnection, isLocal, type Told } from './told.ts'

/** The session of a line: a live one, or a new one in its place. */
export function sessionOf(sessions: Sessions, told: Told): Session {
  const { event, host, program } = told
  const id = idOf(told)
  const known = sessions.find(host, program, id)
  if (known === undefined || !agrees(known, event)) return sessions.start(host, program, id)
  if (event.more || !startsAnew(known, told)) return known
  return sessions.start(host, program, id)
}

// One pid, two connections: pid alone lost 56 and 71.
/** False where address or port show that the line is of another connection than the session. */
export function agrees(session: Session, event: Event): boolean {
  if (session.port !== undefined && event.port !== undefined) {
    if (session.port !== event.port) return false
  }
  if (session.ip === undefined || event.ip === undefined || session.ip === event.ip) return true
  return !(isAddress(session.ip) && isAddress(event.ip))
}

function startsAnew(session: Session, { event, program }: Told): boolean {
  if (session.flags.has('ended')) return !event.end || isLocal(program)
  // A second first failure: PAM began a new transaction, so sudo or su was called again.
  const witness = event.witness
  return isLocal(program) && witness?.startsWith('pam_') === true && session.refused.has(witness)
}

/** What tells the sessions of one program apart. */
export function idOf({ event, pid, program }: Told): string {
  // sudo and su write some lines without a pid, and PAM's lines of theirs from another.
  if (isLocal(program)) return atTerminal(event)
  const number = event.of ?? pid
  if (number === null) return event.ip ?? atTerminal(event)
  // Services whose one long-lived process tells of many clients are told apart by address.
  return isDaemonPerConnection(program) ? String(number) : `${number} ${event.ip ?? ''}`
}

// PAM leaves the terminal empty where su writes "none" and sudo "unknown".
function atTerminal({ user, tty }: Event): string {
  const terminal = tty === undefined || tty === 'none' || tty === 'unknown' ? '' : tty
  return `${user ?? ''}@${terminal.slice(0, 40)}`
}

/** Keeps what a line tells of a session that is no failure: its address, its end. */
export function noteSession(sessions: Sessions, told: Told): void {
  const { event } = told
  const id = idOf(told)
  const known = sessions.find(told.host, told.program, id)
  if (known === undefined && (event.end || event.port === undefined)) return
  const session =
    known !== undefined && agrees(known, event)
      ? known
      : sessions.start(told.host, told.program, id)
  learn(session, event)
  if (event.end) session.flags.add('ended')
  sessions.touch(session)
}

/** Takes over what a line knows of its session; an address once known stays, a name gives way to it. */
export function learn(session: Session, event: Event): void {
  if (event.ip !== undefined && (session.ip === undefined || !isAddress(session.ip))) {
    session.ip = event.ip
  }
  if (event.port !== undefined) session.port = event.port
  if (event.user !== undefined) session.user ??= event.user
}
