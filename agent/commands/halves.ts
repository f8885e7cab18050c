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
import { countPart, openLines } from './counting.ts'
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
  const lines = openLines(options, count, null)
  yield* countPart(first, lines, 0)
  const half = await second
  if (half !== null && isDeepStrictEqual(half.from, { open: count.save(), last: lines.last() })) {
    tally.add(half.rows)
    count.resume(half.to.open)
    yield half.lines
  } else yield* countPart(restOf(path, at), lines, at)
}

/** Counts the second half from a guess; findings older than `since` (ms UTC; null for none) are left out. */
export async function countSecond(
  { path, before, at }: Cut,
  options: ReadingOptions,
  since: number | null,
): Promise<Second> {
  const tally = openTally(since)
  const count = openCount(nothingRead, tally)
  const lines = openLines(options, count, null)
  const known = (): Known => ({ open: count.save(), last: lines.last() })
  // The guess and the half by the same reader: for another one V8 compiles everything once more.
  await linesIn(countPart(openPart(path, before, at), lines, before))
  const from = known()
  tally.forget()
  const counted = await linesIn(countPart(restOf(path, at), lines, at))
  return { from, to: known(), lines: counted, rows: tally.rows() }
}

function restOf(path: string, at: number): Part {
  return openPart(path, at, Number.POSITIVE_INFINITY)
}

async function linesIn(steps: AsyncIterable<number>): Promise<number> {
  let lines = 0
  for await (const more of steps) lines += more
  return lines
}
