/**
 * The sums behind the dashboard: by hour for each host and the fleet, by day for each address, network
 * and user name. They move in the transaction that stores the findings, and by exactly those.
 */
import { networkOf } from '../fleet/networks.ts'
import type { Database } from './database.ts'

/** What one finding with an address counts; `first` and `last` are ms UTC. */
export type Counted = {
  host: number
  ip: string
  user: string
  attempts: number
  probes: number
  logins: number
  first: number
  last: number
}

export type SubjectKind = 'ip' | 'net' | 'user' | 'host'

/** In `host_hour`: the whole fleet. */
export const wholeFleet = 0
export const hourMillis = 3_600_000
export const dayHours = 24

/** Adds newly stored findings to every sum; inside the transaction that stored them. */
export function addToSums(db: Database, counted: readonly Counted[]): void {
  const networks = new Map<string, string>()
  const sums = openSums()
  for (const one of counted) {
    const hour = Math.floor(one.last / hourMillis)
    const day = Math.floor(hour / dayHours)
    const network = networks.get(one.ip) ?? networkOf(one.ip)
    networks.set(one.ip, network)
    sums.add(hostHour, [wholeFleet, hour], one)
    sums.add(hostHour, [one.host, hour], one)
    sums.add(hostDay, [one.ip, day, one.host], one)
    const subjects = [
      ['ip', one.ip],
      ['net', network],
      ['host', String(one.host)],
      ...(one.user !== '' && one.attempts > 0 ? [['user', one.user]] : []),
    ] as [SubjectKind, string][]
    for (const [kind, name] of subjects) {
      sums.add(subject, [kind, name], one)
      sums.add(subjectDay, [kind, name, day], one)
    }
    if (one.user !== '' && one.attempts > 0) sums.add(userDay, [one.ip, day, one.user], one)
  }
  sums.store(db)
}

type Key = (string | number)[]
type Sum = Omit<Counted, 'host' | 'ip' | 'user'> & { tried: number | null }
type Table = { sql: string; bind: (sum: Sum) => (number | null)[] }

const threeCounts = `attempts = attempts + excluded.attempts, probes = probes + excluded.probes,
  logins = logins + excluded.logins`
const three = ({ attempts, probes, logins }: Sum) => [attempts, probes, logins]

const hostHour: Table = {
  sql: `INSERT INTO host_hour (host, hour, attempts, probes, logins) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET ${threeCounts}`,
  bind: three,
}
const hostDay: Table = {
  sql: `INSERT INTO address_host_day (ip, day, host, attempts, probes, logins)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ${threeCounts}`,
  bind: three,
}
const userDay: Table = {
  sql: `INSERT INTO address_user_day (ip, day, user, attempts) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts`,
  bind: ({ attempts }) => [attempts],
}
const subject: Table = {
  sql: `INSERT INTO subject (kind, name, attempts, probes, logins, first, last, tried)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET ${threeCounts}, first = min(first, excluded.first),
      last = max(last, excluded.last),
      tried = coalesce(max(tried, excluded.tried), tried, excluded.tried)`,
  bind: (sum) => [...three(sum), sum.first, sum.last, sum.tried],
}
const subjectDay: Table = {
  sql: `INSERT INTO subject_day (kind, name, day, attempts, probes, logins)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ${threeCounts}`,
  bind: three,
}

// One write per row however many findings of a batch meet in it.
function openSums() {
  const tables = new Map<Table, Map<string, { key: Key; sum: Sum }>>()
  return {
    add: (table: Table, key: Key, more: Counted) => {
      const rows = tables.get(table) ?? new Map<string, { key: Key; sum: Sum }>()
      tables.set(table, rows)
      const name = key.join('\n')
      rows.set(name, { key, sum: plus(rows.get(name)?.sum, more) })
    },
    store: (db: Database) => {
      for (const [{ sql, bind }, rows] of tables) {
        const statement = db.prepare(sql)
        for (const { key, sum } of rows.values()) statement.run(...key, ...bind(sum))
      }
    },
  }
}

function plus(known: Sum | undefined, more: Counted): Sum {
  const tried = more.attempts + more.probes > 0 ? more.last : null
  if (known === undefined) return { ...more, tried }
  return {
    attempts: known.attempts + more.attempts,
    probes: known.probes + more.probes,
    logins: known.logins + more.logins,
    first: Math.min(known.first, more.first),
    last: Math.max(known.last, more.last),
    tried: tried === null ? known.tried : Math.max(tried, known.tried ?? tried),
  }
}
