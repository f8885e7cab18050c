/**
 * The cheapest exact way to add a span up. Few findings are read hour by hour. Of more, whole days are
 * counted by what is asked for; at either end hours are added up to the next midnight, or taken off from
 * the one before, whichever are fewer.
 */
import type { Database } from '../database.ts'
import { bothHours, type Hours, openHours } from './hours.ts'
import {
  edgeSlice,
  hostIds,
  hourSlice,
  onlyOf,
  type Piece,
  type Slice,
  type Span,
  wholeHour,
} from './span.ts'
import { dayHours, hourMillis, wholeFleet } from './sums.ts'

export type Reading =
  | { kind: 'ever' }
  /** All of it, hour by hour; kept where asking again costs nothing. */
  | { kind: 'hours'; hours: Hours; isKept: boolean }
  /** Days since 1970, the last not included, and what the hours add to them. */
  | { kind: 'days'; days: Days; hours: Hours }

export type Days = { from: number; to: number }

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
  if (since === undefined && until === undefined && host === undefined) return { kind: 'ever' }
  const isKept = countedIn(db, asked) <= few
  const edges = host === undefined && !isKept ? edgesOf(db, asked) : undefined
  if (edges === undefined) {
    return { kind: 'hours', hours: open(hourSlice(db, asked), isKept), isKept }
  }
  const { days, pieces } = edges
  const many = pieces.reduce((sum, { from, to }) => sum + counted(db, from, to), 0)
  return { kind: 'days', days, hours: open(edgeSlice(asked, pieces), isWhole || many <= few) }
}

/** The same reading of these addresses too, of which it holds none yet. */
export function widened(
  db: Database,
  asked: ReadingAsked,
  reading: Reading,
  only: readonly string[],
): Reading {
  const more = readingOf(db, { ...asked, only })
  if (reading.kind === 'ever' || more.kind === 'ever') return reading
  return { ...reading, hours: bothHours(reading.hours, more.hours) }
}

// Later than any hour there is.
const never = 1e12

// Undefined where no whole day would be left.
function edgesOf(
  db: Database,
  { since, until }: Span,
): { days: Days; pieces: Piece[] } | undefined {
  if (since === undefined) return undefined
  const newest = newestHour(db)
  const first = edgeOf(wholeHour(since), newest, { below: '-', above: '' })
  const last =
    until === undefined
      ? { midnight: never * dayHours, pieces: [] }
      : edgeOf(wholeHour(until), newest, { below: '', above: '-' })
  if (first.midnight >= last.midnight || first.midnight > newest) return undefined
  return {
    days: { from: first.midnight / dayHours, to: last.midnight / dayHours },
    pieces: [...first.pieces, ...last.pieces],
  }
}

// The nearer midnight, and the hours between; those that are still to come hold nothing.
function edgeOf(
  hour: number,
  newest: number,
  signs: { below: Piece['sign']; above: Piece['sign'] },
): { midnight: number; pieces: Piece[] } {
  const before = Math.floor(hour / dayHours) * dayHours
  const after = Math.ceil(hour / dayHours) * dayHours
  if (hour - before < Math.min(after, newest + 1) - hour) {
    return { midnight: before, pieces: [{ sign: signs.below, from: before, to: hour }] }
  }
  return { midnight: after, pieces: [{ sign: signs.above, from: hour, to: after }] }
}

/** How many attempts, probes and logins a span holds: at least as many as there are rows to read. */
export function countedIn(db: Database, { since, until, host }: Span): number {
  const from = since === undefined ? -never : Math.floor(since / hourMillis)
  return counted(db, from, until === undefined ? never : wholeHour(until), host)
}

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
