/**
 * Logs as they might be: any bytes through the same reading, parsing and folding as `scan` and the
 * daemon. Whatever they hold, nothing throws, what comes out fits the wire, a line anchors one finding
 * at most, and neither the pieces it comes in nor a stop in the middle changes what is found.
 */
import assert from 'node:assert/strict'
import { understandAll } from '../../agent/commands/records.ts'
import { openFold } from '../../agent/fold/fold.ts'
import { openParser } from '../../agent/parse/parse.ts'
import { splitLines } from '../../agent/source/lines.ts'
import { type FoldState, nothingRead } from '../../shared/checkpoint.ts'
import type { Amendment, Finding } from '../../shared/finding.ts'
import { readFromAgent } from '../../shared/wire.ts'
import type { Random } from '../support/random.ts'
import type { Target } from './campaign.ts'
import { mutateText, shorterTexts } from './mutate.ts'
import { logSeeds, logWords } from './seeds.ts'

/** A log in Latin-1: one character is one byte. */
type Log = string

/** The parser and everything behind it up to the wire. */
export function linesTarget(): Target<Log> {
  return {
    name: 'lines',
    seeds: logSeeds(),
    mutate: mutateLog,
    run: (log) => tryLog(Buffer.from(log, 'latin1')),
    smaller: function* smaller(log) {
      const lines = log.split('\n')
      for (let at = 0; at < lines.length; at++) yield lines.toSpliced(at, 1).join('\n')
      yield* shorterTexts(log)
    },
  }
}

const mostLines = 40

/** A log with one line changed, or lines of another put in, taken out, doubled, or out of order. */
export function mutateLog(log: Log, random: Random, other: Log): Log {
  const lines = log.split('\n')
  const at = random.whole(0, lines.length - 1)
  const line = lines[at] ?? ''
  const foreign = random.pick(other.split('\n'))
  switch (random.whole(0, 7)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n')
    case 1:
      return lines.toSpliced(at, 0, line).slice(0, mostLines).join('\n')
    case 2:
      return lines.toSpliced(at, 0, foreign).slice(0, mostLines).join('\n')
    case 3:
      return lines
        .with(at, lines.at(-1) ?? '')
        .with(-1, line)
        .join('\n')
    default:
      return lines.with(at, mutateText(line, random, foreign, logWords)).join('\n')
  }
}

type Entry = Finding | Amendment
const reference = Date.UTC(2026, 10, 22, 18)
const checked = 8

async function tryLog(bytes: Buffer): Promise<number> {
  const { entries, state, lines } = await read([bytes])
  fits(entries, state)
  const anchors = entries.flatMap((entry) => (entry.kind === 'amend' ? [] : [entry.offset]))
  assert.deepEqual(
    anchors,
    [...new Set(anchors)].sort((a, b) => a - b),
    'one finding a line',
  )
  // Dearer promises, on some of them: which, the log itself says, so that a crash can be repeated.
  const draw = bytes.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7)
  if (draw % checked === 0) {
    const cut = (draw >>> 3) % (bytes.length + 1)
    const pieces = await read([bytes.subarray(0, cut), bytes.subarray(cut)])
    assert.deepEqual(pieces.entries, entries, 'the same in pieces')
  }
  if (draw % checked === 1) resumed(bytes, draw >>> 3)
  return Math.max(1, lines)
}

async function read(
  pieces: readonly Buffer[],
): Promise<{ entries: Entry[]; state: FoldState; lines: number }> {
  const fold = openFold(nothingRead, () => true)
  const entries: Entry[] = []
  let lines = 0
  for await (const batch of understandAll(given(pieces), { zone: 'UTC', reference })) {
    for (const { parsed, offset } of batch)
      entries.push(...fold.take(parsed, { file: 'f', offset }))
    lines += batch.length
  }
  return { entries, state: fold.save(), lines }
}

async function* given(pieces: readonly Buffer[]): AsyncGenerator<Buffer, void, void> {
  yield* pieces
}

// As the daemon does it: from the checkpoint of any line, what follows is what it would have been.
function resumed(bytes: Buffer, draw: number): void {
  const { lines } = splitLines(Buffer.concat([bytes, Buffer.from('\n')]), 0)
  const cut = draw % (lines.length + 1)
  const whole = followed(lines, nothingRead, null)
  const first = followed(lines.slice(0, cut), nothingRead, null)
  const saved = JSON.parse(JSON.stringify(first.state)) as FoldState
  const rest = followed(lines.slice(cut), saved, first.clock)
  assert.deepEqual([...first.entries, ...rest.entries], whole.entries, 'the same after a stop')
  assert.deepEqual(rest.state, whole.state)
}

function followed(
  lines: readonly { offset: number; text: string }[],
  from: FoldState,
  last: number | null,
): { entries: Entry[]; state: FoldState; clock: number | null } {
  const parser = openParser({ zone: 'UTC', reference, last })
  const fold = openFold(from, () => true)
  const entries = lines.flatMap(({ offset, text }) => {
    const parsed = parser.line(text)
    const at = parsed.at ?? parser.last() ?? reference
    return fold.take({ ...parsed, at }, { file: 'f', offset })
  })
  return { entries, state: fold.save(), clock: parser.last() }
}

function fits(entries: readonly Entry[], open: FoldState): void {
  const position = { kind: 'file', file: 'f', offset: 1, before: '', name: 'n', finished: [] }
  const checkpoint = { position, clock: reference, since: null, open }
  const frames: unknown[] = [{ type: 'checkpoint', seq: 1, source: 's', checkpoint }]
  if (entries.length > 0) frames.push({ type: 'findings', seq: 2, source: 's', entries })
  for (const frame of frames) {
    const read = readFromAgent(JSON.stringify(frame))
    assert.ok(read.ok, read.ok ? '' : read.why)
  }
}
