/** Which session a line belongs to, and what it tells of where that session comes from. */
import { Flag, idIn, type Session, type SessionId } from './session.ts'
import type { Sessions } from './sessions.ts'
import { isDaemonPerConnection, isLocal, type Told } from './told.ts'

/** The session of a line: a live one, or a new one in its place. */
export function sessionOf(sessions: Sessions, told: Told): Session {
  const { host, program } = told
  const id = idOf(told)
  const known = sessions.find(host, program, id)
  if (known === undefined || !agrees(known, told)) return sessions.start(host, program, id)
  if (told.more || !startsAnew(known, told)) return known
  return sessions.start(host, program, id)
}

// One pid, two connections: pid alone lost 56 and 71.
/** False where address or port show that the line is of another connection than the session. */
export function agrees(session: Session, told: Told): boolean {
  if (session.port !== undefined && told.port !== undefined && session.port !== told.port) {
    return false
  }
  if (session.ip === undefined || told.ip === undefined || session.ip === told.ip) return true
  return !(session.isNumeric && told.isNumeric)
}

function startsAnew(session: Session, { end, program, witness }: Told): boolean {
  if (session.flags & Flag.ended) return !end || isLocal(program)
  // A second first failure: PAM began a new transaction, so sudo or su was called again.
  return (
    isLocal(program) &&
    witness?.startsWith('pam_') === true &&
    session.others?.has(witness) === true
  )
}

/** What tells the sessions of one program apart. */
export function idOf(told: Told): SessionId {
  const { program } = told
  // sudo and su write some lines without a pid, and PAM's lines of theirs from another.
  if (isLocal(program)) return atTerminal(told)
  const number = told.of ?? told.pid
  if (number === null) return told.ip === undefined ? atTerminal(told) : idIn(told.ip)
  // Services whose one long-lived process tells of many clients are told apart by address.
  return isDaemonPerConnection(program) ? number : `${number} ${told.ip ?? ''}`
}

// PAM leaves the terminal empty where su writes "none" and sudo "unknown".
function atTerminal({ user, tty }: Told): string {
  const terminal = tty === undefined || tty === 'none' || tty === 'unknown' ? '' : tty
  return `${user ?? ''}@${terminal.slice(0, 40)}`
}

/** Keeps what a line tells of a session that is no failure: its address, its end. */
export function noteSession(sessions: Sessions, told: Told): void {
  const { host, program } = told
  const isNew = !told.end && told.port !== undefined
  if (!isNew && !sessions.any(host, program)) return
  const id = idOf(told)
  const known = sessions.find(host, program, id)
  if (known === undefined && !isNew) return
  const session =
    known !== undefined && agrees(known, told) ? known : sessions.start(host, program, id)
  learn(session, told)
  if (told.end) session.flags |= Flag.ended
  sessions.touch(session)
}

/** Takes over what a line knows of its session; an address once known stays, a name gives way to it. */
export function learn(session: Session, told: Told): void {
  if (told.ip !== undefined && !session.isNumeric) {
    session.ip = told.ip
    session.isNumeric = told.isNumeric
  }
  if (told.port !== undefined) session.port = told.port
  if (told.user !== undefined) session.user ??= told.user
}
