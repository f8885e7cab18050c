/** The hosts a log speaks of, each with its own clock and its own sessions. */
import { mostSessions } from '../../shared/checkpoint.ts'
import { type Halves, openHalves } from './half.ts'
import { openPool, type Pool } from './pool.ts'

/** Relays and several writers put lines this much out of order. */
const lateBy = 60_000

/** One host. */
export type Home = {
  readonly name: string
  /**
   * ms UTC: how far its log has come; NaN where that was given up for other hosts, since a field that
   * is always a number is written in its place, and one that may be none makes an object of each.
   */
  clock: number
  /** Its sessions of one program. */
  pool: (program: string) => Pool
  /** Its sessions that another process may speak of, by address. */
  readonly halves: Halves
  sessions: number
}

export type Homes = {
  of: (host: string) => Home
  /** Moves a host's clock on to its next line (`at` in ms UTC). */
  advance: (line: { host: string; at: number }) => void
  /** A session of this host has come, or gone. */
  came: (home: Home) => void
  left: (home: Home) => void
  /** How far each host has come, the one that moved last at the end. */
  clocks: () => [string, number][]
}

/** Opens the hosts of a checkpoint's clocks. */
export function openHomes(saved: readonly [string, number][]): Homes {
  const homes = new Map<string, Home>()
  const clocks = new Map<string, Home>()
  // Nearly every line is of the same host as the line before.
  let last: Home | undefined
  let moved: Home | undefined

  const of = (host: string): Home => {
    if (last !== undefined && last.name === host) return last
    let home = homes.get(host)
    if (home === undefined) {
      home = openHome(host)
      homes.set(host, home)
    }
    last = home
    return home
  }
  const leave = (home: Home): void => {
    if (home.sessions > 0 || !Number.isNaN(home.clock)) return
    homes.delete(home.name)
    if (last === home) last = undefined
  }
  // A host's clock goes on with its lines. A little back is a line that came late; far back is another
  // log, read after a newer one (`scan auth.log auth.log.1`), and what was open then is not open now.
  // The line is given whole: a time handed on by itself is an object for every line.
  const advance = (line: { host: string; at: number }): void => {
    const home = of(line.host)
    const before = home.clock
    if (!(line.at <= before && before - line.at <= lateBy)) move(home, line)
  }
  const move = (home: Home, { at }: { at: number }): void => {
    home.clock = at
    if (moved === home) return
    moved = home
    clocks.delete(home.name)
    clocks.set(home.name, home)
    for (const oldest of clocks.values()) {
      if (clocks.size <= mostSessions.hosts) break
      clocks.delete(oldest.name)
      oldest.clock = Number.NaN
      leave(oldest)
    }
  }
  for (const [host, at] of saved) move(of(host), { at })
  return {
    of,
    advance,
    came: (home) => {
      if (home.sessions++ === 0) homes.set(home.name, home)
    },
    left: (home) => {
      home.sessions--
      if (home.sessions === 0) leave(home)
    },
    clocks: () => [...clocks].map(([host, home]) => [host, home.clock]),
  }
}

function openHome(name: string): Home {
  const pools = new Map<string, Pool>()
  let program = ''
  let pool: Pool | undefined
  return {
    name,
    clock: Number.NaN,
    pool(wanted) {
      if (pool !== undefined && program === wanted) return pool
      program = wanted
      pool = pools.get(wanted)
      if (pool === undefined) {
        // Anybody on the host may log under a tag of his own; what is empty need not be kept.
        for (const [name, { size }] of pools) if (size() === 0) pools.delete(name)
        pool = openPool()
        pools.set(wanted, pool)
      }
      return pool
    },
    halves: openHalves(),
    sessions: 0,
  }
}
