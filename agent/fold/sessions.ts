/**
 * The sessions of a log that later lines may still speak of, and nothing else the fold remembers.
 *
 * Pids come round again and old sshd writes no end line, so a session is let go when its host's own
 * log time has moved on. The clock is the log's, one per host (relayed hosts have clocks of their
 * own), and the bound counts sessions, not time: replaying the same bytes from any checkpoint meets
 * the same sessions. A bound of 32 with 70 sessions open once made 600 extra attempts.
 *
 * Nearly every line looks one up, so they are found by number (the pid) among those of their host
 * and program, and know their host: no key is put together, no clock is searched.
 */
import { type FoldState, mostSessions } from '../../shared/checkpoint.ts'
import { type Half, noteHalf } from './half.ts'
import { openHomes } from './homes.ts'
import { append, type Chain, linked, openChain, remove } from './order.ts'
import {
  Flag,
  fresh,
  hasCredit,
  isInteractive,
  renew,
  restore,
  type Session,
  type SessionId,
  saveOne,
} from './session.ts'
import type { Told } from './told.ts'

/** sshd's LoginGraceTime is 2 minutes unless changed; nothing honest is silent for longer than this. */
const silentFor = 5 * 60_000
/** Lines of one ending come together; a pid seen again later than this is another process. */
const endedFor = 10_000
/** PAM speaks of an attempt from a process of its own, moments before sshd does. */
const halfToldFor = 15_000

type HalfTold = (
  host: string,
  ip: string,
  fits: Fits,
  told: Told,
  by?: Session,
) => Session | undefined

export type Sessions = {
  /** The live session of this host, program and id, if there is one; it is not touched. */
  find: (host: string, program: string, id: SessionId) => Session | undefined
  /** Whether there is any of this host and program. */
  any: (host: string, program: string) => boolean
  /** A new session under this id; the first touch puts it in the place of any before it. */
  start: (host: string, program: string, id: SessionId) => Session
  /** Moves this host's log time on to its next line (ms UTC); to be called before any session is looked for. */
  advance: (line: { host: string; at: number }) => void
  /** Marks the session as having had a line now. */
  touch: (session: Session) => void
  /**
   * Of the live sessions of this host and address about which another process may speak (with an attempt
   * reported for which no refusal was seen yet, or in the middle of keyboard-interactive), the one that
   * fits and was touched last, or first.
   */
  lastHalfTold: HalfTold
  firstHalfTold: HalfTold
  /** Sessions with attempts not reported yet, because a line to come may tell whose they are. */
  waiting: () => readonly Session[]
  isWaiting: () => boolean
  /** The first of them whose lines have stopped coming. */
  overdue: () => Session | undefined
  drop: (session: Session) => void
  /** All of it, as openSessions takes it. */
  save: () => Pick<FoldState, 'sessions' | 'clocks'>
}

/** Whether a session is meant by a line, of which `by` is the session, if there is one. */
export type Fits = (session: Session, told: Told, by: Session | undefined) => boolean

/** Few: as many come as go, but for a quiet hour, in which all go. */
const mostSpares = 64

/** Opens what a checkpoint saved. */
export function openSessions(saved: Pick<FoldState, 'sessions' | 'clocks'>): Sessions {
  const homes = openHomes(saved.clocks)
  const open = openChain<Session>()
  const ended = openChain<Session>()
  const waiters = new Set<Session>()
  // Who was let go stands for another: one made for every attempt lives just long enough to grow old,
  // and the heap of a scan grew by all of them before V8 looked for them there.
  let spare: Session | undefined
  let spares = 0

  const isGone = (session: Session): boolean =>
    isStale(session) && !(waiters.size > 0 && waiters.has(session))

  const forget = (session: Session): void => {
    const { home, pool, chain } = session
    if (chain !== undefined) remove(chain, session)
    session.chain = undefined
    pool.remove(session)
    waiters.delete(session)
    noteHalf(session, false)
    homes.left(home)
  }
  const letGo = (session: Session): void => {
    if (session.chain === undefined) return
    forget(session)
    if (spares === mostSpares) return
    session.next = spare
    spare = session
    spares++
  }
  const start = (host: string, program: string, id: SessionId): Session => {
    const home = homes.of(host)
    const session = spare
    if (session === undefined) return fresh(home, program, id)
    spare = session.next
    spares--
    renew(session, home, program, id)
    return session
  }
  // Another connection has this pid now. What still waits to be reported of the old one waits on.
  const replace = (old: Session): void => {
    if (!waiters.has(old)) {
      letGo(old)
      return
    }
    forget(old)
    old.id = `${old.id} ${old.seen}`
    place(old)
  }
  const place = (session: Session): void => {
    const { pool, id } = session
    if (session.chain === undefined) {
      const before = pool.get(id)
      if (before !== undefined) replace(before)
      pool.add(session)
      homes.came(session.home)
    }
    const chain = session.flags & Flag.ended ? ended : open
    if (session.chain !== chain || chain.last !== session) {
      if (session.chain !== undefined) remove(session.chain, session)
      session.chain = chain
      append(chain, session)
    }
    if (session.flags & Flag.waits) {
      waiters.delete(session)
      waiters.add(session)
    } else if (waiters.size > 0) waiters.delete(session)
    noteHalf(session, !(session.flags & Flag.ended) && isHalfTold(session))
  }
  const sweep = (chain: Chain<Session>, bound: number): void => {
    for (let oldest = chain.first; oldest !== undefined; oldest = chain.first) {
      // What no line can find any more is removed once it lies at the front; whatever is there is
      // saved, so that the bound pushes out the same after a restart.
      if (chain.size <= bound && !isGone(oldest)) return
      letGo(oldest)
    }
  }
  const touch = (session: Session): void => {
    const { clock } = session.home
    session.seen = Number.isNaN(clock) ? 0 : clock
    place(session)
    sweep(open, mostSessions.open)
    sweep(ended, mostSessions.ended)
  }

  for (const one of saved.sessions) place(restore(one, homes.of(one.host)))
  return {
    find: (host, program, id) => {
      const session = homes.of(host).pool(program).get(id)
      return session === undefined || isStale(session) ? undefined : session
    },
    any: (host, program) => homes.of(host).pool(program).size() > 0,
    start,
    advance: homes.advance,
    touch,
    lastHalfTold: (host, ip, fits, told, by) =>
      halfTold(homes.of(host).halves.find(ip), 1, fits, told, by),
    firstHalfTold: (host, ip, fits, told, by) =>
      halfTold(homes.of(host).halves.find(ip), -1, fits, told, by),
    waiting: () => [...waiters].sort(byTime),
    isWaiting: () => waiters.size > 0,
    overdue: () =>
      waiters.size === 0 ? undefined : waiters.values().filter(isStale).toArray().sort(byTime)[0],
    drop: letGo,
    save: () => ({
      sessions: [...linked(ended), ...linked(open)].map(saveOne),
      clocks: homes.clocks(),
    }),
  }
}

// Asked at every line of PAM: no list is made, nor a function that holds what the line says.
function halfTold(
  half: Half | undefined,
  order: 1 | -1,
  fits: Fits,
  told: Told,
  by: Session | undefined,
): Session | undefined {
  let best: Session | undefined
  for (let one = half?.first; one !== undefined; one = one.nextHalf) {
    if (age(one) > halfToldFor || !fits(one, told, by)) continue
    if (best === undefined || order * byTime(one, best) > 0) best = one
  }
  return best
}

/** ms since its last line; no number where its host's clock was given up. */
function age({ home, seen }: Session): number {
  return Math.abs(home.clock - seen)
}

function isStale(session: Session): boolean {
  return age(session) > (session.flags & Flag.ended ? endedFor : silentFor)
}

function isHalfTold(session: Session): boolean {
  return hasCredit(session) || isInteractive(session)
}

// Not the order they were touched in: a checkpoint does not keep that across hosts.
function byTime(one: Session, other: Session): number {
  return one.seen - other.seen || (keyOf(one) < keyOf(other) ? -1 : 1)
}

function keyOf({ host, program, id }: Session): string {
  return `${host}\n${program}\n${id}`
}
