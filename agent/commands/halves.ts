/**
 * A big log counted by two threads. What the second half means depends on the sessions that are open
 * where it begins, and only the first half can tell those. But a session is forgotten when it is silent
 * for minutes: who begins a little before the middle knows the same ones there. So the second half is
 * counted from such a guess, the guess is compared with what the first half ends with, to the last field,
 * and where they differ the second half is counted once more, by the one who knows.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { type FoldState, nothingRead } from '../../shared/checkpoint.ts'
import { type Count, openCount } from '../fold/fold.ts'
import { longestLine } from '../source/lines.ts'
import { isUnpacked, openPart, type Part } from '../source/once.ts'
import { countPart } from './counting.ts'
import { isExport, type ReadingOptions } from './records.ts'
import { openTally, type Rows, type Tally } from './tally.ts'

/** Where a log of `path` is cut, at beginnings of lines: the guess begins at `before`, the half at `at`. */
export type Cut = { path: string; before: number; at: number }

/** All that is known at one place of a log: the open sessions, and ms UTC of the last line with a time. */
export type Known = { open: FoldState; last: number | null }

/** A second half: what it took for granted, what it came to, and what it adds. */
export type Second = { from: Known; to: Known; lines: number; rows: Rows }

/** What is taken to find the open sessions: more of them than are ever kept, or hours of a calm log. */
const guessed = 8 * 1024 * 1024

/**
 * Where to cut a log; null where that cannot be: it is packed or an export of the journal, or has a line
 * too long. Throws what open(2) throws.
 */
export function cutOf(path: string, guess = guessed): Cut | null {
  const descriptor = openSync(path, 'r')
  try {
    const first = Buffer.alloc(64)
    if (readSync(descriptor, first) === 0 || !isUnpacked(first) || isExport(first)) return null
    const middle = Math.floor(fstatSync(descriptor).size / 2)
    const at = lineFrom(descriptor, middle)
    const before = lineFrom(descriptor, Math.max(0, middle - guess))
    return at === null || before === null || before > at ? null : { path, before, at }
  } finally {
    closeSync(descriptor)
  }
}

function lineFrom(descriptor: number, from: number): number | null {
  if (from === 0) return 0
  const bytes = Buffer.alloc(longestLine)
  const newline = bytes
    .subarray(0, readSync(descriptor, bytes, 0, longestLine, from - 1))
    .indexOf(10)
  return newline < 0 ? null : from + newline
}

/**
 * Counts both halves of a log: `first` is read here and closed, and `second` promises the other, null where
 * nobody could count it. Gives the lines of every step.
 */
export async function* countHalves(
  { path, at }: Cut,
  first: Part,
  options: ReadingOptions,
  count: Count,
  tally: Tally,
  second: Promise<Second | null>,
): AsyncGenerator<number> {
  const last = yield* countPart(first, options, count, { base: 0, last: null })
  const half = await second
  if (half !== null && isDeepStrictEqual(half.from, { open: count.save(), last })) {
    tally.add(half.rows)
    count.resume(half.to.open)
    yield half.lines
  } else yield* countPart(restOf(path, at), options, count, { base: at, last })
}

/** Counts the second half from a guess; findings older than `since` (ms UTC; null for none) are left out. */
export async function countSecond(
  { path, before, at }: Cut,
  options: ReadingOptions,
  since: number | null,
): Promise<Second> {
  const guess = openCount(nothingRead, { found: () => undefined, amended: () => undefined })
  const warm = openPart(path, before, at)
  const { last } = await read(countPart(warm, options, guess, { base: before, last: null }))
  const from = { open: guess.save(), last }
  const tally = openTally(since)
  const count = openCount(from.open, tally)
  const end = await read(countPart(restOf(path, at), options, count, { base: at, last }))
  const to = { open: count.save(), last: end.last }
  return { from, to, lines: end.lines, rows: tally.rows() }
}

function restOf(path: string, at: number): Part {
  return openPart(path, at, Number.POSITIVE_INFINITY)
}

async function read(
  steps: AsyncGenerator<number, number | null>,
): Promise<{ lines: number; last: number | null }> {
  let lines = 0
  for (let step = await steps.next(); ; step = await steps.next()) {
    if (step.done) return { lines, last: step.value }
    lines += step.value
  }
}
