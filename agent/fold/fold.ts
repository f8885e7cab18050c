/**
 * Events in, findings out: the rule of counting.
 *
 * The attempts of a session are the credentials it had refused; or one, where it named a user and
 * none was refused. An attempt is reported at the first line that decides it; later lines of the
 * session use up that credit. So after each line: what is known minus what is reported is reported.
 *
 * Pure: the same lines give the same findings, from the start or from any saved state. A line gives
 * at most one finding, so findings leave in the order of their lines.
 */

import type { FoldState, LastLine } from '../../shared/checkpoint.ts'
import { type Amendment, type Finding, mostAtOnce } from '../../shared/finding.ts'
import type { Parsed } from '../parse/event.ts'
import { gather, note, report, type Sink, worth } from './count.ts'
import { claimFromPam, heardFromPam, isPamFailure } from './pam.ts'
import { learn, noteSession, sessionOf } from './place.ts'
import { again, lastLineOf } from './repeat.ts'
import { Flag, refusals, type Session } from './session.ts'
import { openSessions, type Sessions } from './sessions.ts'
import { type Anchor, highestPid, openTold, type Told, toldBy } from './told.ts'

export type Fold = {
  /**
   * Takes one parsed line (with `at` in ms UTC settled by the caller) and its place; gives what is to
   * be reported of it, mostly nothing.
   */
  take: (line: Parsed & { at: number }, anchor: Anchor) => readonly (Finding | Amendment)[]
  /**
   * Reports attempts that wait for a numeric address which will not come, at the end of a log that
   * will not grow. Never used by the daemon: such a finding would stand behind its own mark.
   */
  flush: (anchor: Anchor) => readonly (Finding | Amendment)[]
  save: () => FoldState
}

/** Opens a fold whose findings are gathered line by line; the rest as for `openCount`. */
export function openFold(state: FoldState, isOwn: (host: string) => boolean): Fold {
  const found = gather()
  const count = openCount(state, found)
  return {
    take: (line, anchor) => {
      if (line.event === null) count.pass()
      else count.tell(toldBy(line, line.event, anchor, isOwn))
      return found.take()
    },
    flush: (anchor) => {
      count.flush(anchor)
      return found.take()
    },
    save: count.save,
  }
}

/** A fold that hands what it finds to a sink. */
export type Count = {
  /** Takes what a line says. The object may be used again once another line was told or passed. */
  tell: (told: Told) => void
  /** A line of ours that counts nothing: only its host's time goes on. */
  quiet: (told: Told) => void
  /** A line that is none of our business. */
  pass: () => void
  flush: (anchor: Anchor) => void
  save: () => FoldState
  /** Goes on from a state that was counted elsewhere. */
  resume: (state: FoldState) => void
}

/**
 * Opens the counting from the state a checkpoint holds (no sessions at the start). `isOwn`, wherever
 * it is asked for, tells whether a host named in a line is the reading host itself.
 */
export function openCount(state: FoldState, sink: Sink): Count {
  let sessions = openSessions(state)
  let last: LastLine | undefined = state.last
  let lastTold: Told | undefined

  const lastLine = (): LastLine | undefined =>
    lastTold === undefined ? last : lastLineOf(lastTold)
  return {
    tell(told) {
      const said = told.witness === 'repeat' ? again(lastLine(), told) : told
      last = undefined
      lastTold = told.kind === 'refused' ? told : undefined
      const found = said !== undefined && tell(sessions, said, sink)
      if (!found) overdue(sessions, told, sink)
    },
    quiet(told) {
      last = undefined
      lastTold = undefined
      sessions.advance(told)
      overdue(sessions, told, sink)
    },
    pass() {
      last = undefined
      lastTold = undefined
    },
    flush({ file, offset }) {
      for (const session of sessions.waiting()) reportName(sessions, session, file, offset, sink)
    },
    save: () => {
      const line = lastLine()
      return { ...sessions.save(), ...(line === undefined ? {} : { last: line }) }
    },
    resume(from) {
      sessions = openSessions(from)
      last = from.last
      lastTold = undefined
    },
  }
}

/** True for a line that changes nothing but its host's time. */
export function isQuiet(told: Told): boolean {
  const { kind, ip, end, witness } = told
  if (kind === 'session') return ip === undefined && !end
  return kind === 'echo' && witness !== 'repeat' && !isPamFailure(told)
}

/** True where something was found. */
function tell(sessions: Sessions, told: Told, sink: Sink): boolean {
  sessions.advance(told)
  switch (told.kind) {
    case 'refused':
    case 'named':
    case 'probe':
    case 'closed':
    case 'accepted':
      return inSession(sessions, told, sessionOf(sessions, told), sink)
    case 'echo':
      return isPamFailure(told) && heardFromPam(sessions, told, sink)
    case 'session':
      if (told.ip !== undefined || told.end) noteSession(sessions, told)
      return false
    case 'blocked':
    case 'change':
    case 'loss':
      sink.found(told, told.kind, told.count, 0, undefined)
      return true
  }
}

function inSession(sessions: Sessions, told: Told, session: Session, sink: Sink): boolean {
  learn(session, told)
  if (told.kind !== 'probe' && told.kind !== 'closed') session.flags &= ~Flag.pam
  const before = refusals(session)
  note(session, told)
  claimFromPam(sessions, session, told, refusals(session) - before)
  const found = report(session, told, sink)
  // An end of something nobody has spoken of (a login's, from a pid of its own) is not worth keeping.
  if (session.flags === 0) return found
  if (told.end) session.flags |= Flag.ended
  sessions.touch(session)
  return found
}

// sshd gave only a host name for these, and no line with the address came: the name stands for it.
// A line anchors one finding at most, so each takes the next line that anchors none itself.
function overdue(sessions: Sessions, { file, offset }: Told, sink: Sink): void {
  const session = sessions.overdue()
  if (session !== undefined) reportName(sessions, session, file, offset, sink)
}

function reportName(
  sessions: Sessions,
  session: Session,
  file: string,
  offset: number,
  sink: Sink,
): void {
  const { host, program, seen: at, reported } = session
  const told: Told = {
    ...openTold(),
    host,
    program,
    at,
    file,
    offset,
    kind: 'named',
    pid: pidOf(session),
  }
  sink.found(told, 'attempt', Math.min(worth(session) - reported, mostAtOnce), reported, session)
  sessions.drop(session)
}

// Where no line bore a pid, the name stands in its place, and it may be one of digits: a host that called
// itself 6092085098 was a pid no frame may hold, and its agent was turned away for ever.
function pidOf({ id, ip }: Session): number | null {
  if (String(id) === ip) return null
  const number = typeof id === 'number' ? id : Number(/^\d{1,10}(?= )/.exec(id)?.[0] ?? Number.NaN)
  return number <= highestPid ? number : null
}
