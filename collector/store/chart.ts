/** Counts along time, out of the sums by hour. */
import type { Database } from './database.ts'
import { hostIds } from './span.ts'
import { hourMillis, wholeFleet } from './sums.ts'
import type { Counts } from './top.ts'

export type ChartAsked = {
  /** ms UTC; `until` is not included. */
  since: number
  until: number
  /** Hours a step holds. */
  step: number
  host?: string | undefined
  /** One series per host instead of one for all. */
  byHost: boolean
  /** Only this address; counted in whole days, so `step` must be made of those. */
  ip?: string | undefined
}

/** `from` is ms UTC of the first step, `step` its length in ms; each list has one number per step. */
export type Chart = {
  from: number
  step: number
  series: { host: string | null; attempts: number[]; probes: number[]; logins: number[] }[]
}

/** Gives the series; steps begin at multiples of their length, so the first may begin before `since`. */
export function chart(db: Database, asked: ChartAsked): Chart {
  const first = Math.floor(asked.since / hourMillis / asked.step)
  const end = Math.max(first + 1, Math.ceil(asked.until / hourMillis / asked.step))
  const series = new Map<string | null, Counts[]>()
  const steps = () =>
    Array.from({ length: end - first }, () => ({ attempts: 0, probes: 0, logins: 0 }))
  if (!asked.byHost) series.set(asked.host ?? null, steps())
  for (const { host, hour, ...counts } of rowsOf(db, asked, first * asked.step, end * asked.step)) {
    const name = asked.byHost ? host : (asked.host ?? null)
    const list = series.get(name) ?? steps()
    series.set(name, list)
    const one = list[Math.floor(hour / asked.step) - first]
    if (one === undefined) continue
    one.attempts += counts.attempts
    one.probes += counts.probes
    one.logins += counts.logins
  }
  return {
    from: first * asked.step * hourMillis,
    step: asked.step * hourMillis,
    series: [...series].map(([host, list]) => ({
      host,
      attempts: list.map(({ attempts }) => attempts),
      probes: list.map(({ probes }) => probes),
      logins: list.map(({ logins }) => logins),
    })),
  }
}

type HourRow = Counts & { host: string; hour: number }

function rowsOf(db: Database, asked: ChartAsked, from: number, to: number): HourRow[] {
  const columns = 'hour, attempts, probes, logins FROM'
  if (asked.ip !== undefined) {
    return db
      .prepare(
        `SELECT host.label AS host, day * 24 AS hour, attempts, probes, logins
         FROM address_host_day JOIN host ON host.id = address_host_day.host
         WHERE ip = ? AND day >= ? AND day < ? AND (? IS NULL OR host.label = ?)
         ORDER BY host.label`,
      )
      .all(asked.ip, from / 24, to / 24, asked.host ?? null, asked.host ?? null) as HourRow[]
  }
  if (asked.byHost) {
    return db
      .prepare(
        `SELECT host.label AS host, ${columns} host
         CROSS JOIN host_hour ON host_hour.host = host.id AND hour >= ? AND hour < ?
         WHERE ? IS NULL OR host.label = ? ORDER BY host.label`,
      )
      .all(from, to, asked.host ?? null, asked.host ?? null) as HourRow[]
  }
  const hosts = asked.host === undefined ? [wholeFleet] : hostIds(db, asked.host)
  return db
    .prepare(
      `SELECT '' AS host, ${columns} host_hour
       WHERE host IN (SELECT value FROM json_each(?)) AND hour >= ? AND hour < ?`,
    )
    .all(JSON.stringify(hosts), from, to) as HourRow[]
}
