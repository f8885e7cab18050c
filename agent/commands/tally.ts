import type { Amendment, Finding } from '../../shared/finding.ts'

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

export type Tally = {
  add: (entries: readonly (Finding | Amendment)[]) => void
  /** The summary so far, over this many lines. */
  summary: (lines: number) => Summary
}

type Row = {
  attempts: number
  probes: number
  logins: number
  users: Map<string, number>
  first: number
  last: number
}

/** Opens a tally of findings no older than `since` (ms UTC; null for all). */
export function openTally(since: number | null): Tally {
  const byAddress = new Map<string, Row>()
  const byLocalUser = new Map<string, { user: string; program: string; attempts: number }>()
  const add = (finding: Finding): void => {
    if (since !== null && finding.at < since) return
    if (finding.ip !== undefined) addRemote(byAddress, finding.ip, finding)
    else if (finding.kind === 'attempt') addLocal(byLocalUser, finding)
  }
  return {
    add: (entries) => {
      for (const entry of entries) if (entry.kind !== 'amend') add(entry)
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

function addRemote(rows: Map<string, Row>, ip: string, { kind, count, user, at }: Finding): void {
  if (kind !== 'attempt' && kind !== 'probe' && kind !== 'login') return
  const row = rows.get(ip) ?? {
    attempts: 0,
    probes: 0,
    logins: 0,
    users: new Map<string, number>(),
    first: at,
    last: at,
  }
  rows.set(ip, row)
  row.first = Math.min(row.first, at)
  row.last = Math.max(row.last, at)
  if (kind === 'probe') row.probes += count
  else if (kind === 'login') row.logins += count
  else {
    row.attempts += count
    if (user !== undefined) row.users.set(user, (row.users.get(user) ?? 0) + count)
  }
}

function addLocal(
  rows: Map<string, { user: string; program: string; attempts: number }>,
  { user = '', program, count }: Finding,
): void {
  const key = `${user}\n${program}`
  const row = rows.get(key) ?? { user, program, attempts: 0 }
  row.attempts += count
  rows.set(key, row)
}

function attackerOf([ip, row]: [string, Row]): Attacker {
  const { attempts, probes, logins, users, first, last } = row
  const byCount = [...users].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
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
