import type { Sink } from '../fold/count.ts'
import { eachTried, openTries, type Tried, type Tries } from './tries.ts'

/** What `scan --json` prints: every count by the rule of counting, attackers by attempts, then address. */
export type Summary = {
  lines: number
  attempts: number
  probes: number
  logins: number
  attackers: Attackers
  local: Local[]
  /** Something was lost before it could be read, so every count is "at least". */
  isPart: boolean
}

/**
 * All addresses, each made when it is asked for: written out at once, with the names they tried, they
 * took more than counting fifteen million lines. `attacking` of them did more than log in.
 */
export type Attackers = Iterable<Attacker> & { length: number; attacking: number }

/**
 * One address; `first` and `last` are ISO 8601, UTC. An address that only logged in has attempts 0.
 * Each name it tried with how often, the most frequent first.
 */
export type Attacker = {
  ip: string
  attempts: number
  probes: number
  logins: number
  users: [user: string, times: number][]
  first: string
  last: string
}

/** Adds up what is found, and makes nothing of it that is not asked for. */
export type Tally = Sink & {
  /** All it has added up, as `add` takes it from another thread; for when nothing more is found. */
  rows: () => Rows
  /** Adds what another tally has of lines that come later. */
  add: (rows: Rows) => void
  /** There was something that could not be read. */
  miss: () => void
  /** Forgets all of it. */
  forget: () => void
  /** The summary so far, over this many lines. */
  summary: (lines: number) => Summary
}

/** What a tally holds; a structured clone of it is as good. */
export type Rows = {
  ips: readonly string[]
  users: readonly string[]
  figures: Float64Array<ArrayBuffer>
  tried: Tried
  local: ReadonlyMap<string, Local>
  isPart: boolean
}

type Local = { user: string; program: string; attempts: number }

/** The figures of an address stand side by side: how often it did what, and ms UTC of its first and last. */
const [attempts, probes, logins, first, last, width] = [0, 1, 2, 3, 4, 5] as const

/** Opens a tally of findings no older than `since` (ms UTC; null for all). */
export function openTally(since: number | null): Tally {
  const ips = openNumbers()
  const users = openNumbers()
  const tries = openTries()
  const byLocalUser = new Map<string, Local>()
  let figures = new Float64Array(64 * width)
  let isPart = false

  /** Where the figures of an address begin; it was seen at this time. */
  const rowOf = (ip: string, at: number): number => {
    const isNew = ips.known.length
    const row = ips.of(ip) * width
    if (row === figures.length) figures = grown(figures)
    if (row === isNew * width) figures[row + first] = figures[row + last] = at
    else if (at < (figures[row + first] ?? 0)) figures[row + first] = at
    else if (at > (figures[row + last] ?? 0)) figures[row + last] = at
    return row
  }
  const more = (at: number, count: number) => {
    figures[at] = (figures[at] ?? 0) + count
  }
  return {
    found({ at, ip: from, user: named, program }, kind, count, _ordinal, session) {
      if (since !== null && at < since) return
      const ip = session?.ip ?? from
      const user = named ?? session?.user
      if (kind === 'loss') isPart = true
      else if (ip === undefined) {
        if (kind === 'attempt') addLocal(byLocalUser, user ?? '', program, count)
      } else if (kind === 'probe') more(rowOf(ip, at) + probes, count)
      else if (kind === 'login') more(rowOf(ip, at) + logins, count)
      else if (kind === 'attempt') {
        const row = rowOf(ip, at)
        more(row + attempts, count)
        if (user !== undefined) tries.add(row / width, users.of(user), count)
      }
    },
    amended: () => undefined,
    rows: () => ({
      ...{ ips: ips.known, users: users.known },
      ...{ figures, tried: tries.all(), local: byLocalUser, isPart },
    }),
    add({ ips: theirs, users: names, figures: told, tried, local, isPart: theirsIsPart }) {
      isPart ||= theirsIsPart
      const rows = theirs.map((ip, number) => {
        const [from, row] = [number * width, rowOf(ip, told[number * width + first] ?? 0)]
        rowOf(ip, told[from + last] ?? 0)
        for (const what of [attempts, probes, logins]) more(row + what, told[from + what] ?? 0)
        return row / width
      })
      const numbers = names.map(users.of)
      eachTried(tried, (address, name, times) => {
        tries.add(rows[address] ?? 0, numbers[name] ?? 0, times)
      })
      for (const one of local.values()) addLocal(byLocalUser, one.user, one.program, one.attempts)
    },
    miss() {
      isPart = true
    },
    forget() {
      isPart = false
      ips.clear()
      users.clear()
      tries.clear()
      byLocalUser.clear()
      figures.fill(0)
    },
    summary: (lines) => ({
      lines,
      attempts: sum(figures, attempts),
      probes: sum(figures, probes),
      logins: sum(figures, logins),
      attackers: attackersOf(ips.known, users.known, figures, tries),
      local: [...byLocalUser.values()].sort((a, b) => b.attempts - a.attempts),
      isPart,
    }),
  }
}

function grown(figures: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const more = new Float64Array(2 * figures.length)
  more.set(figures)
  return more
}

type Numbers = { of: (text: string) => number; known: readonly string[]; clear: () => void }

/** Gives every text a number, counted from 0, by which `known` has it. */
function openNumbers(): Numbers {
  const numbers = new Map<string, number>()
  const known: string[] = []
  // Most attempts are for the name of the one before.
  const last = { text: '', number: -1 }
  const of = (text: string): number => {
    if (last.number !== -1 && last.text === text) return last.number
    let number = numbers.get(text)
    if (number === undefined) {
      number = known.push(text) - 1
      numbers.set(text, number)
    }
    last.text = text
    last.number = number
    return number
  }
  const clear = () => {
    numbers.clear()
    known.length = 0
    last.number = -1
  }
  return { of, known, clear }
}

function addLocal(rows: Map<string, Local>, user: string, program: string, count: number): void {
  const key = `${user}\n${program}`
  const row = rows.get(key) ?? { user, program, attempts: 0 }
  row.attempts += count
  rows.set(key, row)
}

function attackersOf(
  ips: readonly string[],
  users: readonly string[],
  figures: Float64Array,
  tries: Tries,
): Attackers {
  const of = (row: number, what: number) => figures[row * width + what] ?? 0
  const isAttacking = (row: number) => of(row, attempts) > 0 || of(row, probes) > 0
  const order = [...ips.keys()].sort(
    (one, other) =>
      of(other, attempts) - of(one, attempts) || ((ips[one] ?? '') < (ips[other] ?? '') ? -1 : 1),
  )
  const nameOf = (entry: number) => users[tries.name(entry)] ?? ''
  const byCount = (one: number, other: number) =>
    tries.times(other) - tries.times(one) || (nameOf(one) < nameOf(other) ? -1 : 1)
  const tried = (row: number): Attacker['users'] =>
    tries
      .of(row)
      .sort(byCount)
      .map((entry) => [nameOf(entry), tries.times(entry)])
  return {
    length: ips.length,
    attacking: order.filter(isAttacking).length,
    *[Symbol.iterator]() {
      for (const row of order) {
        yield {
          ip: ips[row] ?? '',
          attempts: of(row, attempts),
          probes: of(row, probes),
          logins: of(row, logins),
          users: tried(row),
          first: new Date(of(row, first)).toISOString(),
          last: new Date(of(row, last)).toISOString(),
        }
      }
    },
  }
}

function sum(figures: Float64Array, what: number): number {
  let total = 0
  for (let at = what; at < figures.length; at += width) total += figures[at] ?? 0
  return total
}
