/**
 * What PAM says of sshd and dropbear. For keyboard-interactive sshd runs PAM in a process of its own,
 * so the same refusal is told under two pids: first by PAM, then by sshd.
 */
import { byInteraction, report, type Sink, worth } from './count.ts'
import { agrees, idOf, learn } from './place.ts'
import { Flag, hasCredit, isInteractive, type Session } from './session.ts'
import type { Fits, Sessions } from './sessions.ts'
import type { Told } from './told.ts'

/** True for the line of a PAM module that a credential did not fit. */
export function isPamFailure({ ip, witness, more }: Told): boolean {
  if (ip === undefined || more) return false
  return witness === 'pam_unix' || witness?.startsWith('pam_') === true
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
    const waiting = sessions.firstHalfTold(host, ip, awaitsPam, told)
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
function holds(sessions: Sessions, session: Session, told: Told): boolean {
  const { user, ip } = told
  if (user !== undefined || ip === undefined || !(session.flags & Flag.pam)) return false
  const asking = sessions.firstHalfTold(session.host, ip, isAsking, told, session) !== undefined
  if (asking) session.flags |= Flag.waits
  return asking
}

const isAsking: Fits = (other, _told, by) => isInteractive(other) && other.program === by?.program

const awaitsPam: Fits = (session, { program, user }) => {
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
  const unplaced = sessions.isWaiting() ? unplacedOf(sessions, session, told) : undefined
  if (unplaced !== undefined) {
    sessions.drop(unplaced)
    return
  }
  if (worth(session) <= session.reported || session.ip === undefined) return
  const helper = sessions.lastHalfTold(session.host, session.ip, isHelperOf, told, session)
  if (helper === undefined) return
  session.reported += helper.reported
  if (helper.amendFile !== undefined) {
    session.amendFile = helper.amendFile
    session.amendOffset = helper.amendOffset
  }
  sessions.drop(helper)
}

function unplacedOf(sessions: Sessions, session: Session, told: Told): Session | undefined {
  return sessions
    .waiting()
    .findLast((other) => isPartOf(other, told, session) && other.ip === told.ip)
}

const isHelperOf: Fits = (other, told, by) => hasCredit(other) && isPartOf(other, told, by)

// A password's own PAM line always stood under its own pid before. Where nothing does, an answer to
// keyboard-interactive by the same user and address took it for its own, and left its own behind.
function isOrphaned(session: Session, { method, user }: Told): boolean {
  return method === 'password' && user !== undefined && session.reported === 0
}

// A connection by password, of the same address at the same time, has told its PAM line too: the user
// tells them apart, and of two for one user the later is the nearer.
const isPartOf: Fits = (other, { user }, by) => {
  if (!(other.flags & Flag.pam) || other === by) return false
  if (other.host !== by?.host || other.program !== by.program) return false
  return other.user === undefined || user === undefined || other.user === user
}
