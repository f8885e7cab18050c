/** The totals that are kept for ever: they move by exactly the new findings, in their transaction. */
import type { Finding } from '../../shared/finding.ts'
import type { Database } from './database.ts'
import type { Stored } from './intake.ts'
import { addToSums, type Counted } from './sums.ts'

const hourMs = 3_600_000

type Sum = { attempts: number; probes: number; logins: number; first: number; last: number }

/** Adds newly stored findings to every total. */
export function addToTotals(db: Database, stored: readonly Stored[]): void {
  const hours = new Map<string, { key: [number, number, string, string]; sum: Sum }>()
  const attackers = new Map<string, { key: [string, number]; sum: Sum }>()
  const users = new Map<string, { key: [string, string]; sum: Sum }>()
  const counted: Counted[] = []
  for (const { host, finding } of stored) {
    const sum = sumOf(finding)
    if (sum === undefined) continue
    const ip = finding.ip ?? ''
    const user = finding.user ?? ''
    add(hours, [Math.floor(finding.at / hourMs), host, ip, user], sum)
    if (ip === '') continue
    counted.push({ host, ip, user, ...sum })
    add(attackers, [ip, host], sum)
    if (sum.attempts > 0) add(users, [ip, user], sum)
  }
  for (const { key, sum } of hours.values()) {
    db.prepare(
      `INSERT INTO hourly (hour, host, ip, user, attempts, probes, logins) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts,
         probes = probes + excluded.probes, logins = logins + excluded.logins`,
    ).run(...key, sum.attempts, sum.probes, sum.logins)
  }
  for (const { key, sum } of attackers.values()) {
    db.prepare(
      `INSERT INTO attacker (ip, host, attempts, probes, logins, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts,
         probes = probes + excluded.probes, logins = logins + excluded.logins,
         first = min(first, excluded.first), last = max(last, excluded.last)`,
    ).run(...key, sum.attempts, sum.probes, sum.logins, sum.first, sum.last)
  }
  for (const { key, sum } of users.values()) {
    db.prepare(
      `INSERT INTO attacker_user (ip, user, attempts) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts`,
    ).run(...key, sum.attempts)
  }
  addToSums(db, counted)
}

function sumOf({ kind, count, at }: Finding): Sum | undefined {
  const none = { attempts: 0, probes: 0, logins: 0, first: at, last: at }
  switch (kind) {
    case 'attempt':
      return { ...none, attempts: count }
    case 'probe':
      return { ...none, probes: count }
    case 'login':
      return { ...none, logins: count }
    case 'blocked':
    case 'change':
    case 'loss':
      return undefined
  }
}

function add<K extends (string | number)[]>(
  sums: Map<string, { key: K; sum: Sum }>,
  key: K,
  more: Sum,
): void {
  const name = key.join('\n')
  const known = sums.get(name)?.sum
  const sum =
    known === undefined
      ? more
      : {
          attempts: known.attempts + more.attempts,
          probes: known.probes + more.probes,
          logins: known.logins + more.logins,
          first: Math.min(known.first, more.first),
          last: Math.max(known.last, more.last),
        }
  sums.set(name, { key, sum })
}
