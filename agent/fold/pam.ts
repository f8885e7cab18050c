/**
 * What PAM says of sshd and dropbear. For keyboard-interactive sshd runs PAM in a process of its own,
 * so the same refusal is told under two pids: first by PAM, then by sshd.
 */
import type { Amendment, Finding } from '../../shared/finding.ts'
import type { Event } from '../parse/event.ts'
import { byInteraction, report, worth } from './count.ts'
import { agrees, idOf, learn } from './place.ts'
import { hasCredit, isInteractive, type Session, type Sessions } from './sessions.ts'
import type { Told } from './told.ts'

/** True for the line of a PAM module that a credential did not fit. */
export function isPamFailure({ event }: Told): boolean {
  return event.ip !== undefined && event.witness?.startsWith('pam_') === true && !event.more
}

/**
 * Takes PAM's line: it names a user and so is an attempt, unless sshd told of it already, in this pid
 * or in the connection's own.
 */
export function heardFromPam(sessions: Sessions, told: Told): readonly (Finding | Amendment)[] {
  const { event, host } = told
  const known = sessions.find(host, told.program, idOf(told))
  const fits = known !== undefined && !known.flags.has('ended') && agrees(known, event)
  if (!fits && event.ip !== undefined) {
    const waiting = sessions.halfTold(host, event.ip).find((other) => awaitsPam(other, told))
    if (waiting !== undefined) {
      waiting.flags.add('joined')
      sessions.touch(waiting)
      return []
    }
  }
  const session = fits ? known : sessions.start(host, told.program, idOf(told))
  if (!fits) session.flags.add('pam')
  learn(session, event)
  session.flags.add('named')
  const out = holds(sessions, session, event) ? [] : report(session, told)
  sessions.touch(session)
  return out
}

// PAM does not say which unknown user it is; where sshd is in the middle of asking, its next line does.
function holds(sessions: Sessions, session: Session, event: Event): boolean {
  if (event.user !== undefined || event.ip === undefined || !session.flags.has('pam')) return false
  const asking = sessions
    .halfTold(session.host, event.ip)
    .some((other) => isInteractive(other) && other.program === session.program)
  if (asking) session.flags.add('waits')
  return asking
}

function awaitsPam(session: Session, told: Told): boolean {
  if (session.program !== told.program) return false
  if (session.flags.has('pam') || session.flags.has('joined') || !hasCredit(session)) return false
  return told.event.user === undefined || session.user === undefined
    ? true
    : session.user === told.event.user
}

/**
 * Called when a line has added refusals to a session: where PAM's own process reported one of them
 * already, it is that one.
 */
export function claimFromPam(
  sessions: Sessions,
  session: Session,
  event: Event,
  refused: number,
): void {
  if (event.kind !== 'refused' || refused <= 0) return
  if (!byInteraction(event) && !isOrphaned(session, event)) return
  session.flags.delete('joined')
  // PAM's part waits for an address (UseDNS gives a name to both) or for a user: this line has it.
  const unplaced = sessions
    .waiting()
    .findLast((other) => isHelperOf(session, other, event) && other.ip === event.ip)
  if (unplaced !== undefined) {
    sessions.drop(unplaced)
    return
  }
  if (worth(session) <= session.reported || session.ip === undefined) return
  const helper = sessions
    .halfTold(session.host, session.ip)
    .findLast((other) => hasCredit(other) && isHelperOf(session, other, event))
  if (helper === undefined) return
  session.reported += helper.reported
  if (helper.amend !== undefined) session.amend = helper.amend
  sessions.drop(helper)
}

// A password's own PAM line always stood under its own pid before. Where nothing does, an answer to
// keyboard-interactive by the same user and address took it for its own, and left its own behind.
function isOrphaned(session: Session, event: Event): boolean {
  return event.method === 'password' && event.user !== undefined && session.reported === 0
}

// A connection by password, of the same address at the same time, has told its PAM line too: the user
// tells them apart, and of two for one user the later is the nearer.
function isHelperOf(session: Session, other: Session, { user }: Event): boolean {
  if (!other.flags.has('pam') || other === session) return false
  if (other.host !== session.host || other.program !== session.program) return false
  return other.user === undefined || user === undefined || other.user === user
}
