import type { Sink } from '../fold/count.ts'

/** What `scan --json` prints: every count by the rule of counting, attackers by attempts, then address. */
export type Summary = {
  lines: number
  attempts: number
  probes: number
  logins: number
  attackers: Attacker[]
  local: { user: string; program: string; attempts: number }[]
}

/** One address; `first` and `last` are ISO 8601, UTC. An address that only logged in has attempts 0. */
export type Attacker = {
  ip: string
  attempts: number
  probes: number
  logins: number
  users: Record<string, number>
  first: string
  last: string
}

/** Adds up what is found, and makes nothing of it that is not asked for. */
export type Tally = Sink & {
  /** All it has added up, as `add` takes it from another thread. */
  rows: () => Rows
  /** Adds what another tally has of lines that come later. */
  add: (rows: Rows) => void
  /** The summary so far, over this many lines. */
  summary: (lines: number) => Summary
}

/** What a tally holds; a structured clone of it is as good. */
export type Rows = { addresses: ReadonlyMap<string, Row>; local: ReadonlyMap<string, Local> }

type Local = { user: string; program: string; attempts: number }

/** How often a name was tried; an object, so that one more is no second search. */
type Tried = { times: number }

type Row = {
  attempts: number
  probes: number
  logins: number
  users: Map<string, Tried>
  /** The name tried last: whoever guesses passwords stays with one. */
  user: string | undefined
  tried: Tried
  first: number
  last: number
}

/** Opens a tally of findings no older than `since` (ms UTC; null for all). */
export function openTally(since: number | null): Tally {
  const byAddress = new Map<string, Row>()
  const byLocalUser = new Map<string, Local>()
  const row = (ip: string, at: number): Row => {
    const known = byAddress.get(ip)
    if (known !== undefined) {
      if (at < known.first) known.first = at
      if (at > known.last) known.last = at
      return known
    }
    const fresh = openRow(at)
    byAddress.set(ip, fresh)
    return fresh
  }
  return {
    found({ at, ip: from, user: named, program }, kind, count, _ordinal, session) {
      if (since !== null && at < since) return
      const ip = session?.ip ?? from
      const user = named ?? session?.user
      if (ip === undefined) {
        if (kind === 'attempt') addLocal(byLocalUser, user ?? '', program, count)
      } else if (kind === 'probe') row(ip, at).probes += count
      else if (kind === 'login') row(ip, at).logins += count
      else if (kind === 'attempt') {
        const one = row(ip, at)
        one.attempts += count
        if (user !== undefined) tried(one, user).times += count
      }
    },
    amended: () => undefined,
    rows: () => ({ addresses: byAddress, local: byLocalUser }),
    add({ addresses, local }) {
      for (const [ip, { attempts, probes, logins, users, first, last }] of addresses) {
        const one = row(ip, first)
        if (last > one.last) one.last = last
        one.attempts += attempts
        one.probes += probes
        one.logins += logins
        for (const [user, { times }] of users) tried(one, user).times += times
      }
      for (const one of local.values()) addLocal(byLocalUser, one.user, one.program, one.attempts)
    },
    summary: (lines) => {
      const attackers = [...byAddress].map(attackerOf).sort(byAttempts)
      return {
        lines,
        attempts: sum(attackers, 'attempts'),
        probes: sum(attackers, 'probes'),
        logins: sum(attackers, 'logins'),
        attackers,
        local: [...byLocalUser.values()].sort((a, b) => b.attempts - a.attempts),
      }
    },
  }
}

function openRow(at: number): Row {
  return {
    attempts: 0,
    probes: 0,
    logins: 0,
    users: new Map(),
    user: undefined,
    tried: { times: 0 },
    first: at,
    last: at,
  }
}

function tried(row: Row, user: string): Tried {
  if (row.user === user) return row.tried
  let tried = row.users.get(user)
  if (tried === undefined) {
    tried = { times: 0 }
    row.users.set(user, tried)
  }
  row.user = user
  row.tried = tried
  return tried
}

function addLocal(rows: Map<string, Local>, user: string, program: string, count: number): void {
  const key = `${user}\n${program}`
  const row = rows.get(key) ?? { user, program, attempts: 0 }
  row.attempts += count
  rows.set(key, row)
}

function attackerOf([ip, row]: [string, Row]): Attacker {
  const { attempts, probes, logins, users, first, last } = row
  const byCount = [...users]
    .map(([user, { times }]): [string, number] => [user, times])
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return {
    ip,
    attempts,
    probes,
    logins,
    users: Object.fromEntries(byCount),
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
  }
}

function byAttempts(one: Attacker, other: Attacker): number {
  return other.attempts - one.attempts || (one.ip < other.ip ? -1 : 1)
}

function sum(attackers: readonly Attacker[], what: 'attempts' | 'probes' | 'logins'): number {
  return attackers.reduce((total, attacker) => total + attacker[what], 0)
}
