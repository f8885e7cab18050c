import { once as event } from 'node:events'
import { availableParallelism } from 'node:os'
import { nothingRead } from '../../shared/checkpoint.ts'
import { ConfigError } from '../../shared/config.ts'
import { plain, plainJson } from '../../shared/plain.ts'
import type { AgentConfig } from '../config.ts'
import { type Count, openCount } from '../fold/fold.ts'
import { type Once, openPart, type Part } from '../source/once.ts'
import { oldestFirst } from '../source/rotation.ts'
import { countAll, countSource } from './counting.ts'
import { type Cut, countHalves, cutOf } from './halves.ts'
import { endedEarly, openInput } from './input.ts'
import { type Measured, openProgress, type Progress } from './progress.ts'
import type { ReadingOptions } from './records.ts'
import { startSecond } from './second-half.ts'
import { type Attacker, openTally, type Summary, type Tally } from './tally.ts'

/**
 * How to scan. `since` is ms back from now; `err` shows progress where it is a terminal; `program` is this
 * program's own file, where big logs may be read by a second thread.
 */
export type ScanOptions = {
  json: boolean
  since: number | undefined
  out: NodeJS.WritableStream
  err: NodeJS.WriteStream
  program?: URL | undefined
}

/**
 * Counts what is in these logs as one stretch of time, in this order but for rotated files of one log,
 * whose oldest comes first (no file: this host's own log), and prints the summary. Throws ConfigError for
 * a file that cannot be read, and behind the summary for those that ended too early.
 */
export async function scan(
  config: AgentConfig,
  files: readonly string[],
  { json, since: span, out, err, program }: ScanOptions,
): Promise<void> {
  const now = Date.now()
  const options = { zone: config.timeZone, reference: now }
  const since = span === undefined ? null : now - span
  const early: string[] = []
  const threads = availableParallelism() > 1 ? program : undefined
  const logs =
    files.length === 0
      ? await ownLogs(config, options)
      : givenLogs(oldestFirst(files), options, since, threads, early)
  const summary = await summarise(logs, since, openProgress(err))
  if (early.length > 0) summary.isPart = true
  for (const piece of json ? jsonOf(summary) : [render(summary)]) {
    if (!out.write(piece)) await event(out, 'drain')
  }
  if (early.length > 0) throw new ConfigError(early.join('; '))
}

/** A log as scan reads it: counted to its end, with the number of lines of every step. */
export type Log = Measured & { counted: (count: Count, tally: Tally) => AsyncIterable<number> }

/** Reads the logs one after the other and gives what they add up to; `since` is ms UTC or null. */
export async function summarise(
  logs: AsyncIterable<Log> | Iterable<Log>,
  since: number | null,
  progress: Progress,
): Promise<Summary> {
  const tally = openTally(since)
  const count = openCount(nothingRead, tally)
  let lines = 0
  for await (const log of logs) {
    for await (const more of log.counted(count, tally)) {
      lines += more
      progress.show(log, lines)
    }
  }
  count.flush({ file: 'end', offset: 0 })
  progress.done()
  return tally.summary(lines)
}

async function ownLogs(config: AgentConfig, options: ReadingOptions): Promise<Log[]> {
  const { openSources } = await import('../source/sources.ts')
  const sources = await openSources(config.sources, options.reference)
  for (const source of sources) {
    const trouble = await source.trouble()
    if (trouble !== '') throw new ConfigError(trouble)
  }
  return sources.map((source) => ({
    name: source.name,
    total: null,
    taken: () => 0,
    counted: (count, tally) => countSource(source, options, count, tally.miss),
  }))
}

async function* givenLogs(
  files: readonly string[],
  options: ReadingOptions,
  since: number | null,
  program: URL | undefined,
  early: string[],
): AsyncGenerator<Log> {
  for (const file of files) {
    const once = await openInput(file)
    const cut = program === undefined || (once.total ?? 0) < worthTwo ? null : cutOf(file)
    if (cut === null || program === undefined)
      yield { ...once, counted: (count) => countAll(once, options, count) }
    else yield halvedLog(once, cut, options, since, program)
    // Asked for the next one, this one was read.
    const said = endedEarly(once)
    if (said !== null) early.push(said)
  }
}

/** A second thread wants to be started and to warm up: below this size it hardly pays. */
const worthTwo = 256 * 1024 * 1024

function halvedLog(
  { name, total }: Once,
  cut: Cut,
  options: ReadingOptions,
  since: number | null,
  program: URL,
): Log {
  let first: Part | undefined
  return {
    name,
    total,
    taken: () => 2 * (first?.taken() ?? 0),
    async *counted(count, tally) {
      first = openPart(cut.path, 0, cut.at)
      const { second, stop } = startSecond(program, { cut, options, since })
      try {
        yield* countHalves(cut, first, options, count, tally, second)
      } finally {
        stop()
      }
    },
  }
}

const shownAttackers = 20

/** The summary as JSON, in pieces: all in one text, the names tried would be in memory three times. */
function* jsonOf({ attackers, local, isPart, ...totals }: Summary): Generator<string, void, void> {
  let piece = `${plainJson(totals).slice(0, -1)},"attackers":[`
  let comma = ''
  for (const attacker of attackers) {
    piece += `${comma}${attackerJson(attacker)}`
    comma = ','
    if (piece.length < writtenAtOnce) continue
    yield piece
    piece = ''
  }
  yield `${piece}],"local":${plainJson(local)}}\n`
}

const writtenAtOnce = 64 * 1024

/** Not by way of an object of the names: V8 keeps each of those until it clears the whole heap. */
function attackerJson({ ip, attempts, probes, logins, users, first, last }: Attacker): string {
  const figures = plainJson({ ip, attempts, probes, logins }).slice(0, -1)
  const tried = users.map(([user, times]) => `${plainJson(user)}:${times}`)
  return `${figures},"users":{${tried.join()}},"first":"${first}","last":"${last}"}`
}

function render({ lines, attempts, probes, logins, attackers, local, isPart }: Summary): string {
  const head = `${isPart ? 'at least ' : ''}${count(attempts, 'attempt')} by ${count(attackers.attacking, 'address', 'addresses')}, ${count(probes, 'probe')}, ${count(logins, 'login')} in ${count(lines, 'line')}`
  const rows = Array.from(Iterator.from(attackers).take(shownAttackers), (one) => {
    const users = one.users.slice(0, 3).map(([user, n]) => `${nameOf(user, 20)} ${n}`)
    const figures = [one.attempts, one.probes, one.logins].map((n) => String(n).padStart(9))
    return `${plain(one.ip, 45).padEnd(40)}${figures.join('')}   ${users.join(', ')}`
  })
  const title = `${'address'.padEnd(40)} attempts   probes   logins   user names tried most`
  const more = attackers.length - rows.length
  return [
    head,
    ...(rows.length > 0 ? ['', title, ...rows] : []),
    ...(more > 0 ? [`… and ${more} more (--json lists them all)`] : []),
    ...(local.length > 0 ? ['', 'at the machine itself:'] : []),
    ...local.map(
      ({ user, program, attempts: n }) => `  ${nameOf(user)} by ${plain(program)}: ${n}`,
    ),
    '',
  ].join('\n')
}

function nameOf(user: string, most?: number): string {
  return plain(user, most) || '(empty name)'
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`
}
