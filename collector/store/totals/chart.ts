/** Counts along time, out of the sums by hour. */
import type { Counts } from '../counts.ts'
import type { Database } from '../database.ts'
import { hostIds } from './span.ts'
import { dayHours, hourMillis, wholeFleet } from './sums.ts'

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
  if (asked.byHost && asked.step % dayHours === 0) {
    return db
      .prepare(
        `SELECT host.label AS host, day * 24 AS hour, attempts, probes, logins FROM host
         CROSS JOIN subject_day ON kind = 'host' AND subject_day.name = CAST(host.id AS TEXT)
           AND day >= ? AND day < ?
         WHERE ? IS NULL OR host.label = ? ORDER BY host.label`,
      )
      .all(from / dayHours, to / dayHours, asked.host ?? null, asked.host ?? null) as HourRow[]
  }
  if (asked.byHost) return hostHours(db, asked, from, to)
  const hosts = asked.host === undefined ? [wholeFleet] : hostIds(db, asked.host)
  return db
    .prepare(
      `SELECT '' AS host, ${columns} host_hour
       WHERE host IN (SELECT value FROM json_each(?)) AND hour >= ? AND hour < ?`,
    )
    .all(JSON.stringify(hosts), from, to) as HourRow[]
}

// One row per host, its hours in one text: a row for each hour of each host costs four times as much.
function hostHours(db: Database, { host }: ChartAsked, from: number, to: number): HourRow[] {
  const rows = db
    .prepare(
      `SELECT host.label AS host,
         group_concat(concat_ws(' ', hour, attempts, probes, logins), ' ') AS hours
       FROM host CROSS JOIN host_hour ON host_hour.host = host.id AND hour >= ? AND hour < ?
       WHERE ? IS NULL OR host.label = ? GROUP BY host.id ORDER BY host.label`,
    )
    .all(from, to, host ?? null, host ?? null)
  return rows.flatMap((row) => {
    const numbers = String(row['hours']).split(' ').map(Number)
    const hours: HourRow[] = []
    for (let at = 0; at < numbers.length; at += 4) {
      const [hour = 0, attempts = 0, probes = 0, logins = 0] = numbers.slice(at, at + 4)
      hours.push({ host: String(row['host']), hour, attempts, probes, logins })
    }
    return hours
  })
}
