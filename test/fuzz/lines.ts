/**
 * Logs as they might be: any bytes through the same reading, parsing and folding as `scan` and the
 * daemon. Whatever they hold, nothing throws, what comes out fits the wire, a line anchors one finding
 * at most, neither the pieces it comes in nor a stop in the middle changes what is found, and `scan`,
 * which reads bytes where it can, counts what the daemon counts.
 */
import assert from 'node:assert/strict'
import { countAll } from '../../agent/commands/counting.ts'
import { understandAll } from '../../agent/commands/records.ts'
import { summarise } from '../../agent/commands/scan.ts'
import { type Count, openFold } from '../../agent/fold/fold.ts'
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

const mostLines = 60

/** A log with up to every second line changed: lines of another put in, taken out, doubled, out of order. */
export function mutateLog(log: Log, random: Random, other: Log): Log {
  const lines = log.split('\n')
  const foreign = other.split('\n')
  for (let left = random.whole(1, Math.ceil(lines.length / 2)); left > 0; left--) {
    changeLine(lines, random, random.pick(foreign))
  }
  return lines.slice(0, mostLines).join('\n')
}

function changeLine(lines: string[], random: Random, foreign: string): void {
  const at = random.whole(0, lines.length - 1)
  const line = lines[at] ?? ''
  switch (random.whole(0, 9)) {
    case 0:
      if (lines.length > 1) lines.splice(at, 1)
      return
    case 1:
      lines.splice(at, 0, line)
      return
    case 2:
      lines.splice(at, 0, foreign)
      return
    case 3:
      lines[at] = lines.at(-1) ?? ''
      lines[lines.length - 1] = line
      return
    default:
      lines[at] = mutateText(line, random, foreign, logWords)
  }
}

type Entry = Finding | Amendment
const reference = Date.UTC(2026, 10, 22, 18)
const checked = 8

async function tryLog(bytes: Buffer): Promise<number> {
  const { entries, last, state, lines } = await read([bytes])
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
  if (draw % checked < 4) await countedAlike(bytes, [...entries, ...last], (draw >>> 3) % 97)
  return Math.max(1, lines)
}

async function read(
  pieces: readonly Buffer[],
): Promise<{ entries: Entry[]; last: readonly Entry[]; state: FoldState; lines: number }> {
  const fold = openFold(nothingRead, () => false)
  const entries: Entry[] = []
  let lines = 0
  for await (const batch of understandAll(given(pieces), { zone: 'UTC', reference })) {
    for (const { parsed, offset } of batch)
      entries.push(...fold.take(parsed, { file: 'f', offset }))
    lines += batch.length
  }
  const state = fold.save()
  return { entries, last: fold.flush({ file: 'end', offset: 0 }), state, lines }
}

/** What `scan` makes of the same bytes by its own, faster way adds up to the same. */
async function countedAlike(
  bytes: Buffer,
  entries: readonly Entry[],
  first: number,
): Promise<void> {
  let at = 0
  // The first piece as long as a slow pipe might give it, then the rest.
  const fill = async (into: Buffer): Promise<number> => {
    const piece = bytes.subarray(at, at === 0 ? 1 + first : undefined)
    at += piece.copy(into)
    return Math.min(piece.length, into.length)
  }
  const log = {
    ...{ name: 'f', total: null, taken: () => 0 },
    counted: (count: Count) => countAll({ name: 'f', fill }, { zone: 'UTC', reference }, count),
  }
  const none = { show: () => undefined, done: () => undefined }
  const { attackers, local } = await summarise([log], null, none)
  const sums = new Map<
    string,
    { attempts: number; probes: number; logins: number; users: object }
  >()
  const own = new Map<string, number>()
  for (const entry of entries) addUp(entry, sums, own)
  const byAddress = Array.from(attackers, ({ ip, attempts, probes, logins, users }) => {
    return [ip, { attempts, probes, logins, users: Object.fromEntries(users) }] as const
  })
  assert.deepEqual(new Map(byAddress), sums, 'scan counts the same')
  const byUser = local.map((one) => [`${one.user}\n${one.program}`, one.attempts] as const)
  assert.deepEqual(new Map(byUser), own, 'scan counts the same at the machine itself')
}

function addUp(
  entry: Entry,
  sums: Map<string, { attempts: number; probes: number; logins: number; users: object }>,
  own: Map<string, number>,
): void {
  if (entry.kind !== 'attempt' && entry.kind !== 'probe' && entry.kind !== 'login') return
  const { ip, user, program, count, kind } = entry
  if (ip === undefined) {
    const key = `${user ?? ''}\n${program}`
    if (kind === 'attempt') own.set(key, (own.get(key) ?? 0) + count)
    return
  }
  const sum = sums.get(ip) ?? { attempts: 0, probes: 0, logins: 0, users: {} }
  sums.set(ip, sum)
  sum[`${kind}s`] += count
  if (kind !== 'attempt' || user === undefined) return
  const before = Object.hasOwn(sum.users, user) ? Number(Reflect.get(sum.users, user)) : 0
  // Not by assignment: a name may be __proto__.
  const field = { value: before + count, enumerable: true, configurable: true, writable: true }
  Object.defineProperty(sum.users, user, field)
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
  const fold = openFold(from, () => false)
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
