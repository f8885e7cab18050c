/** What a session is worth, and what of that is still to be reported. */
import type { Amendment, Finding } from '../../shared/finding.ts'
import type { Event } from '../parse/event.ts'
import { refusals, type Session } from './sessions.ts'
import { isAddress, isDaemonPerConnection, type Told } from './told.ts'

const nothing: readonly never[] = []

/** Adds what the line says to what is known of the session. */
export function note(session: Session, event: Event): void {
  switch (event.kind) {
    case 'refused': {
      session.flags.add('named')
      const witness = witnessOf(event)
      const count = event.count ?? 1
      const so = session.refused.get(witness) ?? 0
      session.refused.set(witness, event.total ? Math.max(so, count) : so + count)
      return
    }
    case 'named':
      session.flags.add('named')
      return
    case 'accepted':
      session.flags.add('accepted')
      return
    case 'probe':
      session.flags.add('scanned')
      return
    case 'closed':
      // An end before anybody was named is a probe.
      if (event.preauth && !event.undecided) session.flags.add('scanned')
      return
    default:
  }
}

/** What is known minus what is reported, as a finding anchored at this line; or what the line adds to one. */
export function report(session: Session, told: Told): readonly (Finding | Amendment)[] {
  const { event } = told
  if (event.kind === 'accepted') return [finding(told, 'login', 1, 0, session)]
  const known = worth(session)
  const fresh = known - session.reported
  if (!isPlaced(session)) {
    if (fresh > 0 && session.ip !== undefined) session.flags.add('waits')
    return nothing
  }
  session.flags.delete('waits')
  if (fresh > 0) return reportAttempt(session, told, fresh)
  if (known > 0) return amend(session, event)
  return session.flags.has('scanned') ? reportProbe(session, told) : nothing
}

function reportAttempt(
  session: Session,
  told: Told,
  fresh: number,
): readonly (Finding | Amendment)[] {
  const { event, anchor } = told
  const found = finding(told, 'attempt', fresh, session.reported, session)
  const amended = amend(session, event)
  session.reported += fresh
  if (event.kind !== 'refused' || event.method === undefined) {
    session.amend = [anchor.file, anchor.offset]
  }
  if (session.reported <= refusals(session)) delete session.user
  return amended.length === 0 ? [found] : [...amended, found]
}

function reportProbe(session: Session, told: Told): readonly Finding[] {
  if (session.flags.has('probed') || session.flags.has('accepted')) return nothing
  session.flags.add('probed')
  return [finding(told, 'probe', 1, 0, session)]
}

function amend(session: Session, event: Event): readonly Amendment[] {
  const { method } = event
  if (event.kind !== 'refused' || method === undefined || session.amend === undefined)
    return nothing
  const [file, offset] = session.amend
  delete session.amend
  return [{ kind: 'amend', file, offset, method }]
}

/** The finding that this line anchors. */
export function finding(
  told: Told,
  kind: Finding['kind'],
  count: number,
  ordinal: number,
  session?: Session,
): Finding {
  const { event, anchor, host, pid, at, program } = told
  const found: Finding = {
    kind,
    file: anchor.file,
    offset: anchor.offset,
    at,
    program,
    count,
    ordinal,
  }
  const ip = session?.ip ?? event.ip
  const port = session?.port ?? event.port
  const user = event.user ?? session?.user
  if (host !== '') found.host = host
  if (pid !== null) found.pid = event.of ?? pid
  if (ip !== undefined) found.ip = ip
  if (port !== undefined) found.port = port
  if (user !== undefined) found.user = user
  if (event.method !== undefined) found.method = event.method
  if (event.text !== undefined) found.text = event.text
  return found
}

/** The attempts of a session: the credentials it had refused, or one where it only named a user. */
export function worth(session: Session): number {
  return Math.max(refusals(session), session.flags.has('named') ? 1 : 0)
}

// sshd's other lines will bring the address where one gives only a name (UseDNS), or nothing at all.
// Elsewhere the name stands for the address, and no address at all means somebody at the machine.
function isPlaced(session: Session): boolean {
  if (!isDaemonPerConnection(session.program)) return true
  return session.ip !== undefined && isAddress(session.ip)
}

// "Failed keyboard-interactive/pam" repeats what "error: PAM: …" said of the same answer.
function witnessOf(event: Event): string {
  const witness = event.witness ?? 'sshd'
  return witness === 'sshd' && byInteraction(event) ? 'interactive' : witness
}

/** True where the line is about an answer to keyboard-interactive. */
export function byInteraction(event: Event): boolean {
  return event.method?.startsWith('keyboard-interactive') === true
}
