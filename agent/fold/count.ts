/** What a session is worth, and what of that is still to be reported. */
import { type Amendment, type Finding, mostAtOnce } from '../../shared/finding.ts'
import { Flag, refusals, type Session } from './session.ts'
import { isDaemonPerConnection, type Told } from './told.ts'

/**
 * Where what is found goes. Nothing handed over may be kept: the next line is told by the same
 * objects, and who only adds up (scan) makes none of his own.
 */
export type Sink = {
  /** This line anchors `count` of `kind`, `ordinal` attempts of its session having been told before. */
  found: (
    told: Told,
    kind: Finding['kind'],
    count: number,
    ordinal: number,
    session: Session | undefined,
  ) => void
  /** The attempt told at this place was made by `method`. */
  amended: (file: string, offset: number, method: string) => void
}

/** Adds what the line says to what is known of the session. */
export function note(session: Session, told: Told): void {
  switch (told.kind) {
    case 'refused':
      session.flags |= Flag.named
      refuse(session, told)
      return
    case 'named':
      session.flags |= Flag.named
      return
    case 'accepted':
      session.flags |= Flag.accepted
      return
    case 'probe':
      session.flags |= Flag.scanned
      return
    case 'closed':
      // An end before anybody was named is a probe.
      if (told.preauth && !told.undecided) session.flags |= Flag.scanned
      return
    default:
  }
}

// "Failed keyboard-interactive/pam" repeats what "error: PAM: …" said of the same answer.
function refuse(session: Session, told: Told): void {
  const { witness = 'sshd', count, total } = told
  if (witness === 'sshd' && !byInteraction(told)) {
    session.sshd = total ? Math.max(session.sshd, count) : session.sshd + count
    return
  }
  const who = witness === 'sshd' ? 'interactive' : witness
  session.others ??= new Map()
  const so = session.others.get(who) ?? 0
  session.others.set(who, total ? Math.max(so, count) : so + count)
}

/**
 * What is known minus what is reported, as a finding anchored at this line; or what the line adds to
 * one. True where there was anything.
 */
export function report(session: Session, told: Told, sink: Sink): boolean {
  if (told.kind === 'accepted') {
    sink.found(told, 'login', 1, 0, session)
    return true
  }
  const known = worth(session)
  const fresh = Math.min(known - session.reported, mostAtOnce)
  if (!isPlaced(session)) {
    if (fresh > 0 && session.ip !== undefined) session.flags |= Flag.waits
    return false
  }
  session.flags &= ~Flag.waits
  if (fresh > 0) return reportAttempt(session, told, fresh, sink)
  if (known > 0) return amend(session, told, sink)
  return (session.flags & Flag.scanned) !== 0 && reportProbe(session, told, sink)
}

function reportAttempt(session: Session, told: Told, fresh: number, sink: Sink): true {
  amend(session, told, sink)
  sink.found(told, 'attempt', fresh, session.reported, session)
  session.reported += fresh
  if (told.kind !== 'refused' || told.method === undefined) {
    session.amendFile = told.file
    session.amendOffset = told.offset
  }
  if (session.reported <= refusals(session)) session.user = undefined
  return true
}

function reportProbe(session: Session, told: Told, sink: Sink): boolean {
  if (session.flags & (Flag.probed | Flag.accepted)) return false
  session.flags |= Flag.probed
  sink.found(told, 'probe', 1, 0, session)
  return true
}

function amend(session: Session, { kind, method }: Told, sink: Sink): boolean {
  const file = session.amendFile
  if (kind !== 'refused' || method === undefined || file === undefined) return false
  session.amendFile = undefined
  sink.amended(file, session.amendOffset, method)
  return true
}

/** A sink that gathers; `take` gives what came since it was last asked. */
export function gather(): Sink & { take: () => (Finding | Amendment)[] } {
  let entries = nothing
  const put = (entry: Finding | Amendment) => {
    if (entries === nothing) entries = [entry]
    else entries.push(entry)
  }
  return {
    found: (told, kind, count, ordinal, session) =>
      put(finding(told, kind, count, ordinal, session)),
    amended: (file, offset, method) => put({ kind: 'amend', file, offset, method }),
    take() {
      const taken = entries
      entries = nothing
      return taken
    },
  }
}

const nothing: (Finding | Amendment)[] = []

/** The finding that this line anchors. */
function finding(
  told: Told,
  kind: Finding['kind'],
  count: number,
  ordinal: number,
  session: Session | undefined,
): Finding {
  const { file, offset, host, pid, at, program, method, text } = told
  const found: Finding = { kind, file, offset, at, program, count, ordinal }
  const ip = session?.ip ?? told.ip
  const port = session?.port ?? told.port
  const user = told.user ?? session?.user
  if (host !== '') found.host = host
  if (pid !== null) found.pid = told.of ?? pid
  if (ip !== undefined) found.ip = ip
  if (port !== undefined) found.port = port
  if (user !== undefined) found.user = user
  if (method !== undefined) found.method = method
  if (text !== undefined) found.text = text
  return found
}

/** The attempts of a session: the credentials it had refused, or one where it only named a user. */
export function worth(session: Session): number {
  const told = refusals(session)
  return told === 0 && session.flags & Flag.named ? 1 : told
}

// sshd's other lines will bring the address where one gives only a name (UseDNS), or nothing at all.
// Elsewhere the name stands for the address, and no address at all means somebody at the machine.
function isPlaced(session: Session): boolean {
  return session.isNumeric || !isDaemonPerConnection(session.program)
}

/** True where the line is about an answer to keyboard-interactive. */
export function byInteraction({ method }: Told): boolean {
  // Its first letter sets it apart from every other method, at the price of a look.
  return method?.charCodeAt(0) === LETTER_K && method.startsWith('keyboard-interactive')
}

const LETTER_K = 107
