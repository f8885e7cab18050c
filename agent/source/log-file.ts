/**
 * A log file and everything it was rotated into, read once and in order from any position. The log
 * is the spool: nothing is written, and a position given with a reading is all that a restart needs.
 *
 * A file has ended only when a newer one has begun, and then it is read to its end once more, in all
 * its copies; a position that is not on disk is looked for again for some seconds before it is called
 * a gap. Every one of these rules lost or doubled lines where a trial left it out.
 *
 * Impossible here: lines that logrotate's copytruncate itself loses between its copy and its
 * truncation; lines written to a file after its successor has begun; and what identity.ts names.
 */
import type { FilePosition } from '../../shared/checkpoint.ts'
import type { Gap } from '../../shared/finding.ts'
import { type Copy, codeOf, type HeadCache, listLog } from './files.ts'
import { identityOf, splitIdentity } from './identity.ts'
import {
  firstPlace,
  following,
  numbersBetween,
  refreshed,
  type Sight,
  sightOf,
  startOf,
} from './place.ts'
import type { Opening, Reading, Source } from './source.ts'
import { openTail, type Tail } from './tail.ts'
import { cannotRead, packedTrouble } from './trouble.ts'
import { type LogWatch, watchLog } from './watch.ts'

/** Times in ms. */
export type LogFileSettings = {
  /** How long something is looked for before it is a gap. */
  patience: number
  /** How long an incomplete archive may stand still before what it lacks is a gap. */
  stalled: number
  /** The slow look that stands in where inotify says nothing. */
  poll: number
  /** A clock that never goes back. */
  now: () => number
}

const usual: LogFileSettings = {
  patience: 5_000,
  stalled: 600_000,
  poll: 5_000,
  now: () => performance.now(),
}

/** Opens the log at `path`; it may be missing, unreadable or empty as yet. */
export function openLogFile(path: string, settings: Partial<LogFileSettings> = {}): Source {
  return { name: path, read: (opening) => readLog(path, { ...usual, ...settings }, opening) }
}

/** One reader at work. */
type Log = {
  path: string
  settings: LogFileSettings
  signal: AbortSignal
  watch: LogWatch
  cache: HeadCache
  here: FilePosition | null
  /** The descriptor being followed, which outlives its name; it stands at `here`. */
  held: Tail | null
  /** What is to be looked at again before it is believed, and since when. */
  doubt: { why: string; since: number } | null
  /** The trouble last told while waiting; null after there was something to read. */
  told: string | null
  /** Packed names already complained of. */
  complained: Set<string>
  /** Newer files seen in earlier listings: identity to name. */
  ahead: Map<string, string>
  /** Bytes on disk in files newer than the one being read. */
  behind: number
}

type Readings<T = void> = AsyncGenerator<Reading, T, void>

async function* readLog(path: string, settings: LogFileSettings, opening: Opening): Readings {
  const { from, since, signal } = opening
  if (from !== null && from.kind !== 'file') throw new TypeError('a log file has file positions')
  const log: Log = {
    path,
    settings,
    signal,
    watch: await watchLog(path, settings.poll, signal),
    cache: new Map(),
    here: from,
    held: null,
    doubt: null,
    told: null,
    complained: new Set(),
    ahead: new Map(),
    behind: 0,
  }
  try {
    while (!signal.aborted) yield* readOn(log, since)
  } finally {
    await letGo(log)
    log.watch.close()
  }
}

/** One listing and what can be read by it. */
async function* readOn(log: Log, since: number | null): Readings {
  try {
    log.watch.listing()
    const listing = await listLog(log.path, log.cache)
    if (listing === null) return await log.watch.next()
    yield* complain(log, listing.unknown)
    log.here ??= firstPlace(listing, since)
    if (log.here === null) return yield* rest(log, cannotRead(log.path, listing.unreadable))
    const sight = await sightOf(listing, log.here)
    log.here = refreshed(sight, log.here)
    lookAhead(log, sight)
    if (sight.index < 0 && log.held === null) return yield* lost(log, sight, log.here)
    yield* following(sight, log.here) === null ? follow(log, sight) : finish(log, sight)
  } catch (error) {
    if (codeOf(error) === '') throw error
    await letGo(log)
    yield* tell(log, `${log.path} cannot be read: ${(error as Error).message}`)
    await log.watch.pause(log.settings.patience)
  }
}

/** Reads the newest file as it grows, until the rotation has to be looked at again. */
async function* follow(log: Log, sight: Sight): Readings {
  const copies = sight.listing.generations[sight.index]?.copies ?? []
  for (const copy of copies) log.held ??= await openCopy(log, copy)
  if (log.held === null) return yield* misfit(log, sight)
  const live = copies.some((one) => one.number === 0 && one.ino === log.held?.ino)
  const trouble = live ? '' : troubleOf(log, sight)
  do {
    log.watch.reading()
    const end = yield* drain(log, log.held)
    if (end.kind === 'changed') return await letGo(log)
    if (end.cut !== null) {
      await letGo(log)
      return yield* stalled(log, sight, end.cut)
    }
    if (log.watch.renamed()) return
    log.doubt = null
    yield* rest(log, trouble)
  } while (live && !log.signal.aborted && !log.watch.renamed())
}

/** A newer file has begun: reads all that any copy of this one still holds, then goes on to it. */
async function* finish(log: Log, sight: Sight): Readings {
  let ended: Ended | null = null
  let cut: string | null = null
  const copies = sight.listing.generations[sight.index]?.copies ?? []
  for (const copy of [null, ...copies]) {
    const tail: Tail | null = copy === null ? log.held : await openCopy(log, copy)
    if (tail === null) continue
    log.held = tail
    const end = yield* drain(log, tail)
    await letGo(log)
    if (log.signal.aborted) return
    if (end.kind === 'changed') continue
    if (end.cut !== null) {
      cut ??= `${copy?.name ?? ''}: ${end.cut}`
      continue
    }
    ended = further(ended, { offset: tail.offset(), torn: end.torn })
  }
  if (ended !== null) return yield* goOn(log, sight, ended.torn)
  yield* cut === null ? misfit(log, sight) : stalled(log, sight, cut)
}

/** Where a copy ended, and how many bytes without a newline stand there. */
type Ended = { offset: number; torn: number }

/** Of two copies the one that goes further, or has more of a last line. */
function further(one: Ended | null, other: Ended): Ended {
  if (one === null || one.offset < other.offset) return other
  return { offset: one.offset, torn: Math.max(one.torn, other.torn) }
}

/** Leaves a file read to its end for the next one. */
async function* goOn(log: Log, sight: Sight, torn: number): Readings {
  const here = placeOf(log)
  const next = following(sight, here)
  if (next === null) return
  const missed = missedBetween(log, sight, here, next)
  if (missed !== '' && !(await believed(log, missed))) return
  if (torn > 0) {
    yield gap(here, 'torn', `the last line of ${here.name} has no end (${torn} bytes)`, here)
  }
  log.here = startOf(sight, next, [...here.finished, here.file])
  if (missed !== '') yield gap(here, 'missing', `${missed} was removed unread`, log.here)
  log.told = null
  yield { kind: 'ended', file: here.file, position: log.here }
}

/** Names of newer files that are gone before their turn came; empty where there are none. */
function missedBetween(log: Log, sight: Sight, here: FilePosition, next: number): string {
  const names = new Set<string>()
  for (const [file, name] of log.ahead) {
    if (file === sight.files[next]) break
    if (file !== here.file && !sight.files.includes(file)) names.add(name)
  }
  const base = log.path.slice(log.path.lastIndexOf('/') + 1)
  if (names.size === 0) for (const n of numbersBetween(sight, next)) names.add(`${base}.${n}`)
  return [...names].slice(0, 8).join(', ')
}

/** The position's file is not on disk: looks for it for a while, then goes on behind it. */
async function* lost(log: Log, sight: Sight, here: FilePosition): Readings {
  const next = following(sight, here)
  if (next === null || sight.listing.unreadable === 'EACCES') {
    return yield* rest(log, troubleOf(log, sight))
  }
  if (!(await believed(log, `lost ${here.file}`))) return
  log.here = startOf(sight, next, here.finished)
  log.told = null
  yield gap(
    here,
    'missing',
    `${here.name} is gone; it was read up to byte ${here.offset}`,
    log.here,
  )
}

/** The file begins as it did but does not hold what was read: after a while it is a new life of it. */
async function* misfit(log: Log, sight: Sight): Readings {
  const here = placeOf(log)
  if (sight.index < 0) return
  if (here.offset === 0) return await log.watch.next()
  if (!(await believed(log, `misfit ${here.file}`))) return
  const { head, life } = splitIdentity(here.file)
  log.here = { ...startOf(sight, sight.index, here.finished), file: identityOf(head, life + 1) }
  log.told = null
  yield gap(here, 'rewritten', `${here.name} no longer holds what was read from it`, log.here)
}

/** An archive ends too early: it is still being written, and only one that stands still is given up. */
async function* stalled(log: Log, sight: Sight, cut: string): Readings {
  const here = placeOf(log)
  const [copy] = sight.listing.generations[sight.index]?.copies ?? []
  const why = `${here.name} is not complete (${cut})`
  const { patience } = log.settings
  yield* tell(log, `${why}; waiting for the rest of it`)
  if (!(await believed(log, `${why} ${copy?.size} ${here.offset}`, log.settings.stalled))) {
    // It may grow many times a second, and each look unpacks it from its beginning.
    return await log.watch.pause(patience / 4)
  }
  const next = following(sight, here)
  if (next === null) return
  log.here = startOf(sight, next, [...here.finished, here.file])
  log.told = null
  yield gap(here, 'missing', `${why}; what it lacks could not be read`, log.here)
  yield { kind: 'ended', file: here.file, position: log.here }
}

/** Gives the lines up to the present end of a file; also stops there when the signal says so. */
async function* drain(log: Log, tail: Tail): Readings<End> {
  while (!log.signal.aborted) {
    const chunk = await tail.next()
    if (chunk.kind !== 'lines') return chunk
    const here = placeOf(log)
    for (const offset of chunk.oversize) {
      const text = `a line of ${here.name} was longer than 64 KiB and was cut`
      yield gap({ ...here, offset }, 'oversize', text, here)
    }
    log.here = { ...here, offset: tail.offset(), before: tail.before() }
    log.doubt = null
    log.told = null
    const lag = (await tail.left()) + log.behind
    const { file, name } = here
    yield { kind: 'lines', file, name, lines: chunk.lines, position: log.here, lag }
  }
  return { kind: 'end', torn: 0, cut: null }
}

type End = { kind: 'end'; torn: number; cut: string | null } | { kind: 'changed' }

/** Opens a copy at the position; null where it does not fit or has just gone. */
async function openCopy(log: Log, copy: Copy): Promise<Tail | null> {
  const here = placeOf(log)
  const { head } = splitIdentity(here.file)
  try {
    return await openTail(copy.path, copy.form, { head, offset: here.offset, before: here.before })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Whether something doubtful has now been so for `patience`; until then waits for a change. */
async function believed(log: Log, why: string, patience = log.settings.patience): Promise<boolean> {
  const now = log.settings.now()
  if (log.doubt?.why !== why) log.doubt = { why, since: now }
  const left = log.doubt.since + patience - now
  if (left > 0) await log.watch.next(left)
  else log.doubt = null
  return left <= 0
}

/** Remembers what is still to come, so that it is missed where it goes before its turn. */
function lookAhead(log: Log, sight: Sight): void {
  const here = placeOf(log)
  if (log.ahead.has(here.file)) {
    for (const file of log.ahead.keys()) {
      log.ahead.delete(file)
      if (file === here.file) break
    }
  }
  const newer = sight.index < 0 ? [] : sight.listing.generations.slice(sight.index + 1)
  log.behind = 0
  for (const [place, one] of newer.entries()) {
    const file = sight.files[sight.index + 1 + place] ?? ''
    log.ahead.set(file, one.copies[0].name)
    log.behind += Math.max(...one.copies.map((copy) => copy.size))
  }
}

/** Says once that everything there is has been read, and waits for more. */
async function* rest(log: Log, trouble: string): Readings {
  yield* tell(log, trouble)
  await log.watch.next()
}

async function* tell(log: Log, trouble: string): Readings {
  if (log.told === trouble || log.signal.aborted) return
  log.told = trouble
  yield { kind: 'waiting', trouble }
}

async function* complain(log: Log, names: string[]): Readings {
  const fresh = names.filter((name) => !log.complained.has(name))
  for (const name of fresh) log.complained.add(name)
  if (fresh.length > 0) yield* tell(log, packedTrouble(fresh))
}

/** A missing live file is no trouble while its older part is followed: syslog makes it when it writes. */
function troubleOf(log: Log, sight: Sight): string {
  const { unreadable } = sight.listing
  if (unreadable !== 'ENOENT' || sight.index < 0) return cannotRead(log.path, unreadable)
  return ''
}

function gap(
  at: FilePosition,
  kind: Gap['kind'],
  text: string,
  position: FilePosition | null,
): Reading {
  return { kind: 'gap', gap: { file: at.file, offset: at.offset, kind, text }, position }
}

function placeOf(log: Log): FilePosition {
  if (log.here === null) throw new Error('reading without a position')
  return log.here
}

async function letGo(log: Log): Promise<void> {
  const { held } = log
  log.held = null
  await held?.close()
}
