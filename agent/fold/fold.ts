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
import type { Amendment, Finding } from '../../shared/finding.ts'
import type { Parsed } from '../parse/event.ts'
import { finding, note, report, worth } from './count.ts'
import { claimFromPam, heardFromPam, isPamFailure } from './pam.ts'
import { learn, noteSession, sessionOf } from './place.ts'
import { again, lastLineOf } from './repeat.ts'
import { openSessions, refusals, type Session, type Sessions } from './sessions.ts'
import { type Anchor, type Told, toldBy } from './told.ts'

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
  flush: (anchor: Anchor) => Finding[]
  save: () => FoldState
}

const nothing: readonly (Finding | Amendment)[] = []

/**
 * Opens a fold from the state a checkpoint holds (no sessions at the start). `isOwn` tells whether a
 * host named in a line is the reading host itself.
 */
export function openFold(state: FoldState, isOwn: (host: string) => boolean): Fold {
  const sessions = openSessions(state)
  let last: LastLine | undefined = state.last
  let lastTold: Told | undefined

  const lastLine = (): LastLine | undefined =>
    lastTold === undefined ? last : lastLineOf(lastTold)
  const take = (
    line: Parsed & { at: number },
    anchor: Anchor,
  ): readonly (Finding | Amendment)[] => {
    if (line.event === null) {
      last = undefined
      lastTold = undefined
      return nothing
    }
    const told = toldBy(line, line.event, anchor, isOwn)
    const { event } = told
    const said = event.witness === 'repeat' ? again(lastLine(), told) : told
    last = undefined
    lastTold = event.kind === 'refused' ? told : undefined
    const found = said === undefined ? nothing : tell(sessions, said)
    return found.length > 0 ? found : overdue(sessions, told)
  }
  return {
    take,
    flush: (anchor) => sessions.waiting().map((session) => reportName(sessions, session, anchor)),
    save: () => {
      const line = lastLine()
      return { ...sessions.save(), ...(line === undefined ? {} : { last: line }) }
    },
  }
}

function tell(sessions: Sessions, told: Told): readonly (Finding | Amendment)[] {
  const { event } = told
  sessions.advance(told.host, told.at)
  switch (event.kind) {
    case 'refused':
    case 'named':
    case 'probe':
    case 'closed':
    case 'accepted':
      return inSession(sessions, told, sessionOf(sessions, told))
    case 'echo':
      return isPamFailure(told) ? heardFromPam(sessions, told) : nothing
    case 'session':
      if (event.ip !== undefined || event.end) noteSession(sessions, told)
      return nothing
    case 'blocked':
    case 'change':
    case 'loss':
      return [finding(told, event.kind, event.count ?? 1, 0)]
  }
}

function inSession(
  sessions: Sessions,
  told: Told,
  session: Session,
): readonly (Finding | Amendment)[] {
  const { event } = told
  learn(session, event)
  if (event.kind !== 'probe' && event.kind !== 'closed') session.flags.delete('pam')
  const before = refusals(session)
  note(session, event)
  claimFromPam(sessions, session, event, refusals(session) - before)
  const out = report(session, told)
  // An end of something nobody has spoken of (a login's, from a pid of its own) is not worth keeping.
  if (session.flags.size === 0) return out
  if (event.end) session.flags.add('ended')
  sessions.touch(session)
  return out
}

// sshd gave only a host name for these, and no line with the address came: the name stands for it.
// A line anchors one finding at most, so each takes the next line that anchors none itself.
function overdue(sessions: Sessions, told: Told): readonly Finding[] {
  const session = sessions.overdue()
  return session === undefined ? [] : [reportName(sessions, session, told.anchor)]
}

function reportName(sessions: Sessions, session: Session, anchor: Anchor): Finding {
  const known = worth(session)
  const pid = Number.parseInt(session.id, 10)
  const told: Told = {
    host: session.host,
    program: session.program,
    pid: Number.isNaN(pid) ? null : pid,
    at: session.seen,
    event: { kind: 'named' },
    anchor,
  }
  const found = finding(told, 'attempt', known - session.reported, session.reported, session)
  sessions.drop(session)
  return found
}
