/**
 * A span of time as the sums see it. It falls into the broken first hour (counted from the findings
 * themselves, through their index by host and time), whole hours up to a midnight (UTC), and whole
 * days. Where a host or an end is asked for, days are not fine enough and hours are read throughout.
 */
import type { Database } from './database.ts'
import { dayHours, hourMillis } from './sums.ts'

export type Span = {
  /** ms UTC; undefined for all there ever was. */
  since?: number | undefined
  /** ms UTC, not included, counted in whole hours; undefined for no end. */
  until?: number | undefined
  /** Label of a host; undefined for the whole fleet. */
  host?: string | undefined
}

export type Bind = Record<string, number | string>

/** Rows (host, ip, user, attempts, probes, logins) named `slice`, and what to bind. */
export type Slice = { cte: string; bind: Bind }

/** Whether the sums by day can answer for this span. */
export function isWide({ until, host }: Span): boolean {
  return until === undefined && host === undefined
}

/** Where the whole hours of a span begin, in hours since 1970. */
export function wholeHour(since: number): number {
  return Math.ceil(since / hourMillis)
}

/** Where the whole days of a span begin, in days since 1970. */
export function wholeDay(since: number): number {
  return Math.ceil(wholeHour(since) / dayHours)
}

/** What lies before the first whole day of a span. */
export function edgeSlice(since: number): Slice {
  const toHour = wholeDay(since) * dayHours
  return {
    cte: `slice AS (
      SELECT host, ip, user, attempts, probes, logins FROM hourly
      WHERE hour >= :whole AND hour < :toHour AND ip <> ''
      UNION ALL ${broken(allHosts)})`,
    bind: { whole: wholeHour(since), toHour, ...brokenBind(since) },
  }
}

/** All of a span, hour by hour. */
export function hourSlice(db: Database, { since, until, host }: Span): Slice {
  const toHour = until === undefined ? Number.MAX_SAFE_INTEGER : wholeHour(until)
  const from = since ?? Number.MIN_SAFE_INTEGER
  const bind = { whole: wholeHour(from), toHour, ...brokenBind(from, toHour) }
  if (host === undefined) {
    return {
      cte: `slice AS (
        SELECT host, ip, user, attempts, probes, logins FROM hourly
        WHERE hour >= :whole AND hour < :toHour AND ip <> ''
        UNION ALL ${broken(allHosts)})`,
      bind,
    }
  }
  // The hours of one host are sought one by one: `hourly` begins with the hour, not the host.
  return {
    cte: `chosen AS MATERIALIZED (SELECT value AS id FROM json_each(:hosts)),
      slice AS (
        SELECT h.host, h.ip, h.user, h.attempts, h.probes, h.logins
        FROM chosen CROSS JOIN host_hour ON host_hour.host = chosen.id
          AND host_hour.hour >= :whole AND host_hour.hour < :toHour
        CROSS JOIN hourly h ON h.hour = host_hour.hour AND h.host = host_hour.host
        WHERE h.ip <> ''
        UNION ALL ${broken('chosen')})`,
    bind: { ...bind, hosts: JSON.stringify(hostIds(db, host)) },
  }
}

/** Ids of the hosts that people call by this label. */
export function hostIds(db: Database, label: string): number[] {
  return db
    .prepare('SELECT id FROM host WHERE label = ?')
    .all(label)
    .map((row) => Number(row['id']))
}

const allHosts = 'host AS chosen'

const broken = (hosts: string) => `
  SELECT f.host, f.ip, coalesce(f.user, ''),
    iif(f.kind = 'attempt', f.count, 0),
    iif(f.kind = 'probe', f.count, 0),
    iif(f.kind = 'login', f.count, 0)
  FROM ${hosts} CROSS JOIN finding f ON f.host = chosen.id AND f.at >= :since AND f.at < :brokenEnd
  WHERE f.kind IN ('attempt', 'probe', 'login') AND f.ip IS NOT NULL`

function brokenBind(since: number, toHour = Number.MAX_SAFE_INTEGER) {
  const end = Math.min(wholeHour(since), toHour) * hourMillis
  return { since, brokenEnd: Math.max(since, Math.min(end, Number.MAX_SAFE_INTEGER)) }
}
