/**
 * The sessions of a log that later lines may still speak of, and nothing else the fold remembers.
 *
 * Pids come round again and old sshd writes no end line, so a session is let go when its host's own
 * log time has moved on. The clock is the log's, one per host (relayed hosts have clocks of their
 * own), and the bound counts sessions, not time: replaying the same bytes from any checkpoint meets
 * the same sessions. A bound of 32 with 70 sessions open once made 600 extra attempts.
 */
import { type FoldState, mostSessions, type OpenSession } from '../../shared/checkpoint.ts'

/** sshd's LoginGraceTime is 2 minutes unless changed; nothing honest is silent for longer than this. */
const silentFor = 5 * 60_000
/** Lines of one ending come together; a pid seen again later than this is another process. */
const endedFor = 10_000
/** Relays and several writers put lines this much out of order. */
const lateBy = 60_000
/** PAM speaks of an attempt from a process of its own, moments before sshd does. */
const halfToldFor = 15_000

export type Flag = OpenSession['flags'][number]

/** A session in memory; `refused` counts the credentials refused by who said so. */
export type Session = {
  readonly host: string
  readonly program: string
  id: string
  /** All three together: what it is found by. */
  key: string
  seen: number
  reported: number
  readonly refused: Map<string, number>
  readonly flags: Set<Flag>
  ip?: string
  port?: number
  user?: string
  amend?: [file: string, offset: number]
}

export type Sessions = {
  /** The live session of this key, if there is one; it is not touched. */
  find: (host: string, program: string, id: string) => Session | undefined
  /** A new session under this key; the first touch puts it in the place of any before it. */
  start: (host: string, program: string, id: string) => Session
  /** Moves this host's log time on to its next line (ms UTC); to be called before any session is looked for. */
  advance: (host: string, at: number) => void
  /** Marks the session as having had a line now. */
  touch: (session: Session) => void
  /**
   * Live sessions of this host and address about which another process may speak: with an attempt
   * reported for which no refusal was seen yet, or in the middle of keyboard-interactive; the one
   * touched last comes last.
   */
  halfTold: (host: string, ip: string) => Session[]
  /** Sessions with attempts not reported yet, because a line to come may tell whose they are. */
  waiting: () => Session[]
  /** The first of them whose lines have stopped coming. */
  overdue: () => Session | undefined
  drop: (session: Session) => void
  /** All of it, as openSessions takes it. */
  save: () => Pick<FoldState, 'sessions' | 'clocks'>
}

/** Opens what a checkpoint saved. */
export function openSessions(saved: Pick<FoldState, 'sessions' | 'clocks'>): Sessions {
  const open = new Map<string, Session>()
  const ended = new Map<string, Session>()
  const half = new Map<string, Set<Session>>()
  const halfAt = new Map<Session, string>()
  const waiters = new Set<Session>()
  const clocks = new Map(saved.clocks)

  const age = (session: Session): number =>
    Math.abs((clocks.get(session.host) ?? session.seen) - session.seen)
  const stale = (session: Session): boolean =>
    age(session) > (session.flags.has('ended') ? endedFor : silentFor)

  const isGone = (session: Session): boolean => stale(session) && !waiters.has(session)

  const forget = (session: Session): void => {
    const { key } = session
    open.delete(key)
    ended.delete(key)
    waiters.delete(session)
    noteHalf(session, false)
  }
  const noteHalf = (session: Session, has: boolean): void => {
    const before = halfAt.get(session)
    const now = has && session.ip !== undefined ? placeOf(session.host, session.ip) : undefined
    if (before === now) return
    const there = before === undefined ? undefined : half.get(before)
    if (before !== undefined && there?.delete(session) && there.size === 0) half.delete(before)
    if (now === undefined) halfAt.delete(session)
    else {
      halfAt.set(session, now)
      half.set(now, (half.get(now) ?? new Set()).add(session))
    }
  }
  // Another connection has this pid now. What still waits to be reported of the old one waits on.
  const replace = (old: Session): void => {
    const isNameless = waiters.has(old)
    forget(old)
    if (!isNameless) return
    old.id = `${old.id} ${old.seen}`
    old.key = keyOf(old.host, old.program, old.id)
    place(old)
  }
  const place = (session: Session): void => {
    const { key } = session
    const before = open.get(key) ?? ended.get(key)
    if (before !== undefined && before !== session) replace(before)
    open.delete(key)
    ended.delete(key)
    const isEnded = session.flags.has('ended')
    ;(isEnded ? ended : open).set(key, session)
    waiters.delete(session)
    if (session.flags.has('waits')) waiters.add(session)
    noteHalf(session, !isEnded && isHalfTold(session))
  }
  const touch = (session: Session): void => {
    session.seen = clocks.get(session.host) ?? 0
    place(session)
    sweep(open, mostSessions.open, isGone, forget)
    sweep(ended, mostSessions.ended, isGone, forget)
  }

  for (const one of saved.sessions) place(restore(one))
  return {
    find: (host, program, id) => {
      const key = keyOf(host, program, id)
      const session = open.get(key) ?? ended.get(key)
      return session === undefined || stale(session) ? undefined : session
    },
    start: (host, program, id) => ({
      host,
      program,
      id,
      key: keyOf(host, program, id),
      seen: 0,
      reported: 0,
      refused: new Map(),
      flags: new Set(),
    }),
    advance: (host, at) => tick(clocks, host, at),
    touch,
    halfTold: (host, ip) =>
      [...(half.get(placeOf(host, ip)) ?? [])]
        .filter((session) => age(session) <= halfToldFor)
        .sort(byTime),
    waiting: () => [...waiters].sort(byTime),
    overdue: () => waiters.values().filter(stale).toArray().sort(byTime)[0],
    drop: forget,
    save: () => ({
      sessions: [...ended.values(), ...open.values()].map(saveOne),
      clocks: [...clocks],
    }),
  }
}

// A host's clock goes on with its lines. A little back is a line that came late; far back is another
// log, read after a newer one (`scan auth.log auth.log.1`), and what was open then is not open now.
function tick(clocks: Map<string, number>, host: string, at: number): void {
  const before = clocks.get(host)
  const now = before === undefined || before - at > lateBy ? at : Math.max(before, at)
  // Most lines are of the same host and second as the line before.
  if (now === before) return
  clocks.delete(host)
  clocks.set(host, now)
  for (const oldest of clocks.keys()) {
    if (clocks.size <= mostSessions.hosts) break
    clocks.delete(oldest)
  }
}

/**
 * Credentials refused in this session. sshd's own lines add up; all other witnesses (PAM modules,
 * "error: PAM: …", sudo's closing sum) tell of the same credentials again, so the largest counts.
 */
export function refusals(session: Session): number {
  let told = 0
  for (const [witness, count] of session.refused) {
    if (witness !== 'sshd') told = Math.max(told, count)
  }
  return (session.refused.get('sshd') ?? 0) + told
}

/** True where more attempts are reported than refusals were seen: the next refusal is one of them. */
export function hasCredit(session: Session): boolean {
  return session.reported > refusals(session)
}

/** True while answers to keyboard-interactive are being refused. */
export function isInteractive(session: Session): boolean {
  return session.refused.has('sshd-pam')
}

function isHalfTold(session: Session): boolean {
  return hasCredit(session) || isInteractive(session)
}

function placeOf(host: string, ip: string): string {
  return `${host}\n${ip}`
}

// Not the order they were touched in: a checkpoint does not keep that across hosts.
function byTime(one: Session, other: Session): number {
  return one.seen - other.seen || (one.key < other.key ? -1 : 1)
}

function keyOf(host: string, program: string, id: string): string {
  return `${host}\n${program}\n${id}`
}

// What no line can find any more is removed once it lies at the front; whatever is there is saved, so
// that the bound pushes out the same after a restart.
function sweep(
  sessions: Map<string, Session>,
  bound: number,
  isGone: (session: Session) => boolean,
  forget: (session: Session) => void,
): void {
  for (const session of sessions.values()) {
    if (sessions.size <= bound && !isGone(session)) return
    forget(session)
  }
}

function restore(saved: OpenSession): Session {
  const { refused, flags, ...rest } = saved
  const key = keyOf(rest.host, rest.program, rest.id)
  return { ...rest, key, refused: new Map(refused), flags: new Set(flags) }
}

function saveOne(session: Session): OpenSession {
  const { key: _key, refused, flags, ...rest } = session
  return { ...rest, refused: [...refused], flags: [...flags] }
}
