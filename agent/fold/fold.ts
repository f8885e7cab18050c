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

import { normaliseAddress } from '../../shared/address.ts'
import type { FoldState, LastLine } from '../../shared/checkpoint.ts'
import { type Amendment, type Finding, longestUser } from '../../shared/finding.ts'
import type { Event, Parsed } from '../parse/event.ts'
import {
  hasCredit,
  isInteractive,
  openSessions,
  refusals,
  type Session,
  type Sessions,
} from './sessions.ts'

/** Where the line stands in its log. */
export type Anchor = { file: string; offset: number }

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
  const sessions = openSessions(state.sessions)
  let last = state.last

  const take = (
    line: Parsed & { at: number },
    anchor: Anchor,
  ): readonly (Finding | Amendment)[] => {
    const { event, program } = line
    if (event === null) {
      last = undefined
      return nothing
    }
    const host = line.host === null || isOwn(line.host) ? '' : line.host
    const told: Told = {
      host,
      program: family(program ?? '-'),
      pid: line.pid,
      at: line.at,
      event,
      anchor,
    }
    const before = last
    last = event.kind === 'refused' ? remember(told) : undefined
    const found = event.witness === 'repeat' ? again(sessions, before, told) : tell(sessions, told)
    return found.length > 0 ? found : overdue(sessions, told)
  }
  return {
    take,
    flush: (anchor) => sessions.waiting().map((session) => reportName(sessions, session, anchor)),
    save: () => ({
      sessions: sessions.save(),
      ...(last === undefined ? {} : { last }),
    }),
  }
}

/** An event with everything around it that counting needs. */
type Told = {
  host: string
  program: string
  pid: number | null
  at: number
  event: Event
  anchor: Anchor
}

function tell(sessions: Sessions, told: Told): readonly (Finding | Amendment)[] {
  const { event } = told
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

// --- one session -----------------------------------------------------------------------------

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
  sessions.touch(session, told.at)
  return out
}

// What the line adds to what is known of the session.
function note(session: Session, event: Event): void {
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

// "Failed keyboard-interactive/pam" repeats what "error: PAM: …" said of the same answer.
function witnessOf(event: Event): string {
  const witness = event.witness ?? 'sshd'
  return witness === 'sshd' && byInteraction(event) ? 'interactive' : witness
}

function byInteraction(event: Event): boolean {
  return event.method?.startsWith('keyboard-interactive') === true
}

function report(session: Session, told: Told): readonly (Finding | Amendment)[] {
  const { event } = told
  if (event.kind === 'accepted') return [finding(told, 'login', 1, 0, session)]
  const known = Math.max(refusals(session), session.flags.has('named') ? 1 : 0)
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

function reportAttempt(session: Session, told: Told, fresh: number): (Finding | Amendment)[] {
  const { event, anchor } = told
  const found = finding(told, 'attempt', fresh, session.reported, session)
  const amended = amend(session, event)
  session.reported += fresh
  if (event.kind !== 'refused' || event.method === undefined) {
    session.amend = [anchor.file, anchor.offset]
  }
  if (session.reported <= refusals(session)) delete session.user
  return [...amended, found]
}

function reportProbe(session: Session, told: Told): readonly Finding[] {
  if (session.flags.has('probed') || session.flags.has('accepted')) return []
  session.flags.add('probed')
  return [finding(told, 'probe', 1, 0, session)]
}

function amend(session: Session, event: Event): Amendment[] {
  const { method } = event
  if (event.kind !== 'refused' || method === undefined || session.amend === undefined) return []
  const [file, offset] = session.amend
  delete session.amend
  return [{ kind: 'amend', file, offset, method: clip(method, 64) }]
}

// --- what PAM says of sshd and dropbear ------------------------------------------------------

function isPamFailure({ event }: Told): boolean {
  return event.ip !== undefined && event.witness?.startsWith('pam_') === true && !event.more
}

// PAM's line names a user and so is an attempt, unless sshd told of it already: in this pid, or, for
// keyboard-interactive, in the connection's own process while PAM ran in another.
function heardFromPam(sessions: Sessions, told: Told): readonly (Finding | Amendment)[] {
  const { event, host } = told
  const known = sessions.find(host, told.program, idOf(told))
  const fits = known !== undefined && !known.flags.has('ended') && agrees(known, event)
  if (!fits && event.ip !== undefined) {
    const waiting = sessions.halfTold(host, event.ip).find((other) => awaitsPam(other, told))
    if (waiting !== undefined) {
      waiting.flags.add('joined')
      sessions.touch(waiting, told.at)
      return nothing
    }
  }
  const session = fits ? known : sessions.start(host, told.program, idOf(told))
  if (!fits) session.flags.add('pam')
  learn(session, event)
  session.flags.add('named')
  const out = holds(sessions, session, event) ? nothing : report(session, told)
  sessions.touch(session, told.at)
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

// The refusal sshd now writes was already reported from PAM's own process: it is that one.
function claimFromPam(sessions: Sessions, session: Session, event: Event, refused: number): void {
  if (event.kind !== 'refused' || !byInteraction(event) || refused <= 0) return
  session.flags.delete('joined')
  // PAM's part waits for an address (UseDNS gives a name to both) or for a user: this line has it.
  const unplaced = sessions
    .waiting()
    .findLast((other) => isHelperOf(session, other, event) && other.ip === event.ip)
  if (unplaced !== undefined) {
    sessions.drop(unplaced)
    return
  }
  const known = Math.max(refusals(session), 1)
  if (known <= session.reported || session.ip === undefined) return
  const helper = sessions
    .halfTold(session.host, session.ip)
    .findLast((other) => hasCredit(other) && isHelperOf(session, other, event))
  if (helper === undefined) return
  session.reported += helper.reported
  if (helper.amend !== undefined) session.amend = helper.amend
  sessions.drop(helper)
}

// A connection by password, of the same address at the same time, has told its PAM line too: the user
// tells them apart, and of two for one user the later is the nearer.
function isHelperOf(session: Session, other: Session, { user }: Event): boolean {
  if (!other.flags.has('pam') || other === session) return false
  if (other.host !== session.host || other.program !== session.program) return false
  return other.user === undefined || user === undefined || other.user === user
}

// --- which session a line belongs to ---------------------------------------------------------

function sessionOf(sessions: Sessions, told: Told): Session {
  const { event, host, program } = told
  const id = idOf(told)
  const known = sessions.find(host, program, id)
  if (known === undefined || !agrees(known, event)) return sessions.start(host, program, id)
  if (event.more || !startsAnew(known, told)) return known
  return sessions.start(host, program, id)
}

// One pid, two connections: the address or the port tells (pid alone lost 56 and 71).
function agrees(session: Session, event: Event): boolean {
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

function idOf({ event, pid, program }: Told): string {
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
  return `${clip(user ?? '', longestUser)}@${clip(terminal, 40)}`
}

function noteSession(sessions: Sessions, told: Told): void {
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
  sessions.touch(session, told.at)
}

function learn(session: Session, event: Event): void {
  if (event.ip !== undefined && (session.ip === undefined || !isAddress(session.ip))) {
    session.ip = event.ip
  }
  if (event.port !== undefined) session.port = event.port
  if (event.user !== undefined) session.user ??= clip(event.user, longestUser)
}

// sshd's other lines will bring the address where one gives only a name (UseDNS), or nothing at all.
// Elsewhere the name stands for the address, and no address at all means somebody at the machine.
function isPlaced(session: Session): boolean {
  if (!isDaemonPerConnection(session.program)) return true
  return session.ip !== undefined && isAddress(session.ip)
}

function isAddress(ip: string): boolean {
  return normaliseAddress(ip) !== undefined
}

function isLocal(program: string): boolean {
  return program === 'sudo' || program === 'su'
}

function isDaemonPerConnection(program: string): boolean {
  return program === 'sshd' || program === 'dropbear'
}

function family(program: string): string {
  return /^sshd(?:-session|-auth|\(pam_unix\))?$/.test(program) ? 'sshd' : program
}

// --- "last message repeated N times" ---------------------------------------------------------

function remember({ host, program, pid, event }: Told): LastLine {
  const { ip, port, user, method, witness, tty } = event
  return {
    host,
    program,
    ...(pid === null ? {} : { pid }),
    ...(ip === undefined ? {} : { ip }),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user: clip(user, longestUser) }),
    ...(method === undefined ? {} : { method: clip(method, 64) }),
    ...(witness === undefined ? {} : { witness: clip(witness, 32) }),
    ...(tty === undefined ? {} : { tty: clip(tty, 64) }),
  }
}

function again(
  sessions: Sessions,
  last: LastLine | undefined,
  told: Told,
): readonly (Finding | Amendment)[] {
  if (last === undefined || last.host !== told.host) return nothing
  const { host, program, pid, ...rest } = last
  const event: Event = { kind: 'refused', ...rest, count: told.event.count ?? 1 }
  return tell(sessions, { ...told, program, pid: pid ?? null, event })
}

// --- findings --------------------------------------------------------------------------------

function finding(
  told: Told,
  kind: Finding['kind'],
  count: number,
  ordinal: number,
  session?: Session,
): Finding {
  const { event, anchor, host, pid, at, program } = told
  const ip = session?.ip ?? event.ip
  const port = session?.port ?? event.port
  const user = event.user ?? session?.user
  return {
    kind,
    file: anchor.file,
    offset: anchor.offset,
    at,
    ...(host === '' ? {} : { host: clip(host, 255) }),
    program: clip(program, 64),
    ...withPid(event.of ?? pid),
    ...(ip === undefined ? {} : { ip: clip(ip, 255) }),
    ...(port === undefined || port > 65535 ? {} : { port }),
    ...(user === undefined ? {} : { user: clip(user, longestUser) }),
    ...(event.method === undefined ? {} : { method: clip(event.method, 64) }),
    count: Math.min(count, 1_000_000_000),
    ordinal,
    ...(event.text === undefined ? {} : { text: clip(event.text, 512) }),
  }
}

function withPid(pid: number | null): { pid?: number } {
  return pid === null || pid > 0xffffffff ? {} : { pid }
}

// sshd gave only a host name for these, and no line with the address came: the name stands for it.
// A line anchors one finding at most, so each takes the next line that anchors none itself.
function overdue(sessions: Sessions, told: Told): readonly Finding[] {
  const session = sessions.overdue()
  return session === undefined ? [] : [reportName(sessions, session, told.anchor)]
}

function reportName(sessions: Sessions, session: Session, anchor: Anchor): Finding {
  const known = Math.max(refusals(session), 1)
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

function clip(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).toWellFormed()
}
