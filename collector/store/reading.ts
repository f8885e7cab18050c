/**
 * The cheapest exact way to add a span up. Few findings are read hour by hour. Of more, whole days are
 * counted by what is asked for, and the hours between the first midnight and the span's beginning are
 * added, or taken off, whichever are fewer.
 */
import type { Database } from './database.ts'
import { type Hours, openHours } from './hours.ts'
import {
  edgeSlice,
  excessSlice,
  hostIds,
  hourSlice,
  isWide,
  onlyOf,
  type Slice,
  type Span,
  wholeDay,
  wholeHour,
} from './span.ts'
import { dayHours, hourMillis, wholeFleet } from './sums.ts'

export type Reading =
  | { kind: 'ever' }
  /** All of it, hour by hour; kept where asking again costs nothing. */
  | { kind: 'hours'; hours: Hours; isKept: boolean }
  /** The days from this one on (since 1970), and what the hours add to them. */
  | { kind: 'days'; day: number; hours: Hours }

export type ReadingAsked = Span & {
  /** Nobody but these addresses will be asked for. */
  only?: readonly string[] | undefined
  /** Everybody will be asked for, in pieces. */
  isWhole?: boolean
  /** Up to so many findings are read hour by hour. */
  few?: number | undefined
}

// To read a row into memory costs as much as to count it there twice.
const fewOfAll = 40_000
// What a fleet of 200 hosts counts in two busy days: 20 ms to look through.
const fewOfSome = 100_000

/** Says how to add up a span. */
export function readingOf(db: Database, asked: ReadingAsked): Reading {
  const { only, isWhole = false, few = only === undefined ? fewOfAll : fewOfSome } = asked
  const { since, until, host } = asked
  const open = (slice: Slice, isKept: boolean) =>
    openHours(db, only === undefined ? slice : onlyOf(slice, only), isKept)
  if (isWide(asked) && since === undefined) return { kind: 'ever' }
  const from = since === undefined ? -never : Math.floor(since / hourMillis)
  const isKept = counted(db, from, until === undefined ? never : wholeHour(until), host) <= few
  const edge = isWide(asked) && !isKept ? edgeOf(db, since ?? 0) : undefined
  if (edge === undefined) {
    return { kind: 'hours', hours: open(hourSlice(db, asked), isKept), isKept }
  }
  const { day, slice, hours } = edge
  return { kind: 'days', day, hours: open(slice, isWhole || counted(db, ...hours) <= few) }
}

const never = Number.MAX_SAFE_INTEGER

type Edge = { day: number; slice: Slice; hours: [from: number, to: number] }

// Undefined where the first midnight is still to come, and the hours up to now are all there is.
function edgeOf(db: Database, since: number): Edge | undefined {
  const begin = wholeHour(since)
  const midnight = wholeDay(since)
  const before = midnight - 1
  const end = Math.min(midnight * dayHours, newestHour(db) + 1)
  if (begin - before * dayHours < end - begin) {
    const hours: Edge['hours'] = [before * dayHours, begin]
    return { day: before, slice: excessSlice(since, before), hours }
  }
  if (end < midnight * dayHours) return undefined
  return { day: midnight, slice: edgeSlice(since, midnight), hours: [begin, end] }
}

// At least as many as there are rows to read: each counts something.
function counted(db: Database, from: number, to: number, host?: string): number {
  const hosts = host === undefined ? [wholeFleet] : hostIds(db, host)
  const row = db
    .prepare(
      `SELECT sum(attempts + probes + logins) AS many FROM host_hour
       WHERE host IN (SELECT value FROM json_each(?)) AND hour >= ? AND hour < ?`,
    )
    .get(JSON.stringify(hosts), from, to)
  return Number(row?.['many'] ?? 0)
}

function newestHour(db: Database): number {
  const row = db.prepare(`SELECT max(hour) AS hour FROM host_hour WHERE host = ${wholeFleet}`).get()
  return Number(row?.['hour'] ?? 0)
}
