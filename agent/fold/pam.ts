/**
 * What PAM says of sshd and dropbear. For keyboard-interactive sshd runs PAM in a process of its own,
 * so the same refusal is told under two pids: first by PAM, then by sshd.
 */
import { byInteraction, report, type Sink, worth } from './count.ts'
import { agrees, idOf, learn } from './place.ts'
import { Flag, hasCredit, isInteractive, type Session, type Sessions } from './sessions.ts'
import type { Told } from './told.ts'

/** True for the line of a PAM module that a credential did not fit. */
export function isPamFailure({ ip, witness, more }: Told): boolean {
  return ip !== undefined && !more && witness?.startsWith('pam_') === true
}

/**
 * Takes PAM's line: it names a user and so is an attempt, unless sshd told of it already, in this pid
 * or in the connection's own. True where something was found.
 */
export function heardFromPam(sessions: Sessions, told: Told, sink: Sink): boolean {
  const { host, program, ip } = told
  const id = idOf(told)
  const known = sessions.find(host, program, id)
  const fits = known !== undefined && !(known.flags & Flag.ended) && agrees(known, told)
  if (!fits && ip !== undefined) {
    const waiting = sessions.halfTold(host, ip).find((other) => awaitsPam(other, told))
    if (waiting !== undefined) {
      waiting.flags |= Flag.joined
      sessions.touch(waiting)
      return false
    }
  }
  const session = fits ? known : sessions.start(host, program, id)
  if (!fits) session.flags |= Flag.pam
  learn(session, told)
  session.flags |= Flag.named
  const found = !holds(sessions, session, told) && report(session, told, sink)
  sessions.touch(session)
  return found
}

// PAM does not say which unknown user it is; where sshd is in the middle of asking, its next line does.
function holds(sessions: Sessions, session: Session, { user, ip }: Told): boolean {
  if (user !== undefined || ip === undefined || !(session.flags & Flag.pam)) return false
  const asking = sessions
    .halfTold(session.host, ip)
    .some((other) => isInteractive(other) && other.program === session.program)
  if (asking) session.flags |= Flag.waits
  return asking
}

function awaitsPam(session: Session, { program, user }: Told): boolean {
  if (session.program !== program) return false
  if (session.flags & (Flag.pam | Flag.joined) || !hasCredit(session)) return false
  return user === undefined || session.user === undefined || session.user === user
}

/**
 * Called when a line has added refusals to a session: where PAM's own process reported one of them
 * already, it is that one.
 */
export function claimFromPam(
  sessions: Sessions,
  session: Session,
  told: Told,
  refused: number,
): void {
  if (told.kind !== 'refused' || refused <= 0) return
  if (!byInteraction(told) && !isOrphaned(session, told)) return
  session.flags &= ~Flag.joined
  // PAM's part waits for an address (UseDNS gives a name to both) or for a user: this line has it.
  const unplaced = sessions
    .waiting()
    .findLast((other) => isHelperOf(session, other, told) && other.ip === told.ip)
  if (unplaced !== undefined) {
    sessions.drop(unplaced)
    return
  }
  if (worth(session) <= session.reported || session.ip === undefined) return
  const helper = sessions
    .halfTold(session.host, session.ip)
    .findLast((other) => hasCredit(other) && isHelperOf(session, other, told))
  if (helper === undefined) return
  session.reported += helper.reported
  if (helper.amendFile !== undefined) {
    session.amendFile = helper.amendFile
    session.amendOffset = helper.amendOffset
  }
  sessions.drop(helper)
}

// A password's own PAM line always stood under its own pid before. Where nothing does, an answer to
// keyboard-interactive by the same user and address took it for its own, and left its own behind.
function isOrphaned(session: Session, { method, user }: Told): boolean {
  return method === 'password' && user !== undefined && session.reported === 0
}

// A connection by password, of the same address at the same time, has told its PAM line too: the user
// tells them apart, and of two for one user the later is the nearer.
function isHelperOf(session: Session, other: Session, { user }: Told): boolean {
  if (!(other.flags & Flag.pam) || other === session) return false
  if (other.host !== session.host || other.program !== session.program) return false
  return other.user === undefined || user === undefined || other.user === user
}
