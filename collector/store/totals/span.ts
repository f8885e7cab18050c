/**
 * A span of time as the sums see it. It falls into the broken first hour (counted from the findings
 * themselves, through their runs by host and time), whole hours at either end, and whole days (UTC)
 * between. Where a host is asked for, days are not fine enough and hours are read throughout.
 */
import type { Database } from '../database.ts'
import { inHostRun } from '../runs.ts'
import { hourMillis } from './sums.ts'

export type Span = {
  /** ms UTC; undefined for all there ever was. */
  since?: number | undefined
  /** ms UTC, not included, counted in whole hours; undefined for no end. */
  until?: number | undefined
  /** Label of a host; undefined for the whole fleet. */
  host?: string | undefined
}

export type Bind = Record<string, number | string>

export const columns = ['ip', 'host', 'user', 'attempts', 'probes', 'logins'] as const

/**
 * Queries that together give rows of `columns`, each ending in a condition, the condition on addresses
 * that comes behind it, and what to bind. Read one by one they are quickest.
 */
export type Slice = readonly { sql: string; who: string; bind: Bind }[]

/** What a slice holds of these addresses. */
export function onlyOf(slice: Slice, ips: readonly string[]): Slice {
  return slice.map(({ sql, bind }) => ({
    sql,
    who: 'ip IN (SELECT value FROM json_each(:ips))',
    bind: { ...bind, ips: JSON.stringify(ips) },
  }))
}

/** One query of a slice, whole. */
export function queryOf({ sql, who }: Slice[number]): string {
  return `${sql} AND ${who}`
}

/** A slice as one table, `slice`, and what to bind. */
export function tableOf(slice: Slice): { cte: string; bind: Bind } {
  const all = slice.map(queryOf).join(' UNION ALL ')
  return {
    cte: `slice (${columns.join(', ')}) AS (${all})`,
    bind: Object.assign({}, ...slice.map(({ bind }) => bind)),
  }
}

/** Where the whole hours of a span begin, in hours since 1970. */
export function wholeHour(since: number): number {
  return Math.ceil(since / hourMillis)
}

/** Hours (since 1970, the last not included) that are added to whole days, or taken off them. */
export type Piece = { sign: '' | '-'; from: number; to: number }

/**
 * What makes whole days a span: hours before or behind them, and the broken hour. That is never taken
 * off: before a span there may be no findings left.
 */
export function edgeSlice({ since = 0, until }: Span, pieces: readonly Piece[]): Slice {
  const toHour = until === undefined ? undefined : wholeHour(until)
  return [...pieces.map(fleetHours), broken(allHosts, since, toHour)]
}

/** All of a span, hour by hour. */
export function hourSlice(db: Database, { since, until, host }: Span): Slice {
  const toHour = until === undefined ? Number.MAX_SAFE_INTEGER : wholeHour(until)
  const from = since ?? Number.MIN_SAFE_INTEGER
  if (host === undefined) {
    const piece = { sign: '', from: wholeHour(from), to: toHour } as const
    return [fleetHours(piece, 0), broken(allHosts, from, toHour)]
  }
  const hosts = JSON.stringify(hostIds(db, host))
  const beginning = broken(theseHosts, from, toHour)
  return [
    // The hours of one host are sought one by one: `hourly` begins with the hour, not the host.
    {
      sql: `SELECT ${columns.map((name) => `h.${name}`).join(', ')}
        FROM ${theseHosts} CROSS JOIN host_hour ON host_hour.host = chosen.id
          AND host_hour.hour >= :whole AND host_hour.hour < :toHour
        CROSS JOIN hourly h ON h.hour = host_hour.hour AND h.host = host_hour.host
        WHERE true`,
      who: "h.ip <> ''",
      bind: { whole: wholeHour(from), toHour, hosts },
    },
    { ...beginning, bind: { ...beginning.bind, hosts } },
  ]
}

/** Ids of the hosts that people call by this label. */
export function hostIds(db: Database, label: string): number[] {
  return db
    .prepare('SELECT id FROM host WHERE label = ?')
    .all(label)
    .map((row) => Number(row['id']))
}

const allHosts = 'host AS chosen'
const theseHosts = '(SELECT value AS id FROM json_each(:hosts)) AS chosen'

function fleetHours({ sign, from, to }: Piece, place: number): Slice[number] {
  const [who, counts] = [columns.slice(0, 3), columns.slice(3)]
  return {
    sql: `SELECT ${who.join(', ')}, ${counts.map((name) => sign + name).join(', ')} FROM hourly
      WHERE hour >= :from${place} AND hour < :to${place}`,
    who: "ip <> ''",
    bind: { [`from${place}`]: from, [`to${place}`]: to },
  }
}

function broken(
  hosts: string,
  since: number,
  toHour: number = Number.MAX_SAFE_INTEGER,
): Slice[number] {
  const end = Math.min(wholeHour(since), toHour) * hourMillis
  return {
    sql: `SELECT f.ip, f.host, coalesce(f.user, ''),
        iif(f.kind = 'attempt', f.count, 0),
        iif(f.kind = 'probe', f.count, 0),
        iif(f.kind = 'login', f.count, 0)
      FROM ${hosts} CROSS JOIN host_run r ON r.host = chosen.id
        AND r.second >= :since / 1000 - 1 AND r.second <= :brokenEnd / 1000
      CROSS JOIN finding f ON ${inHostRun('f')} AND f.at >= :since AND f.at < :brokenEnd
      WHERE f.kind IN ('attempt', 'probe', 'login')`,
    who: 'f.ip IS NOT NULL',
    bind: { since, brokenEnd: Math.max(since, Math.min(end, Number.MAX_SAFE_INTEGER)) },
  }
}
