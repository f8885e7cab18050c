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
import { elapsed } from '../../shared/elapsed.ts'
import { codeOf, listLog } from './files.ts'
import {
  believed,
  complain,
  drain,
  gap,
  type Log,
  type LogFileSettings,
  letGo,
  openCopy,
  placeOf,
  type Readings,
  rest,
  tell,
} from './log-reading.ts'
import { lookAhead, lost, misfit, missedBetween, stalled, troubleOf } from './missing.ts'
import { openPace } from './pace.ts'
import { firstPlace, following, movedTo, refreshed, type Sight, sightOf, startOf } from './place.ts'
import type { Opening, Source } from './source.ts'
import type { Tail } from './tail.ts'
import { cannotRead } from './trouble.ts'
import { watchLog } from './watch.ts'

const usual: LogFileSettings = {
  patience: 5_000,
  stalled: 600_000,
  poll: 5_000,
  rare: 60_000,
  now: elapsed,
}

/** Opens the log at `path`; it may be missing, unreadable or empty as yet. */
export function openLogFile(path: string, settings: Partial<LogFileSettings> = {}): Source {
  return { name: path, read: (opening) => readLog(path, { ...usual, ...settings }, opening) }
}

async function* readLog(path: string, settings: LogFileSettings, opening: Opening): Readings {
  const { from, since, signal, asBytes = false } = opening
  if (from !== null && from.kind !== 'file') throw new TypeError('a log file has file positions')
  const log: Log = {
    path,
    settings,
    signal,
    asBytes,
    watch: watchLog(path, settings.poll, signal),
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
    const { unreadable } = listing
    const within = unreadable === null ? log.settings.rare : log.settings.poll
    if (log.here === null) return yield* rest(log, cannotRead(log.path, unreadable), within)
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
  const live = copies.some((one) => one.live && one.ino === log.held?.ino)
  const trouble = live ? '' : troubleOf(log, sight)
  const pace = openPace(log.settings.now)
  let brought = 0
  do {
    pace(brought)
    log.watch.reading()
    const from = placeOf(log).offset
    const end = yield* drain(log, log.held, live)
    brought = placeOf(log).offset - from
    if (end.kind === 'changed') return await letGo(log)
    if (end.cut !== null) {
      await letGo(log)
      return yield* stalled(log, sight, end.cut)
    }
    if (log.watch.renamed()) return
    log.doubt = null
    yield* rest(log, trouble, live ? log.settings.rare : log.settings.poll)
  } while (live && !log.signal.aborted && !log.watch.renamed())
}

/** A newer file has begun: reads all that any copy of this one still holds, then goes on to it. */
async function* finish(log: Log, sight: Sight): Readings {
  let ended: Ended | null = null
  let cut: string | null = null
  const copies = sight.listing.generations[sight.index]?.copies ?? []
  for (const copy of [null, ...copies]) {
    const opened = copy === null ? null : await openCopy(log, copy)
    if (copy !== null && opened === null) continue
    if (opened !== null) await letGo(log)
    const tail: Tail | null = opened ?? log.held
    if (tail === null) continue
    log.held = tail
    const end = yield* drain(log, tail, false)
    if (log.signal.aborted) return
    if (end.kind === 'end' && end.cut === null) {
      ended = further(ended, { offset: tail.offset(), torn: end.torn })
      continue
    }
    await letGo(log)
    if (end.kind === 'end') cut ??= `${copy?.name ?? ''}: ${end.cut}`
  }
  if (ended !== null) return yield* goOn(log, sight, ended.torn)
  yield* cut === null ? misfit(log, sight) : stalled(log, sight, cut)
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
  await letGo(log)
  // Gone from the disk without another name, it may have been replaced by a copy with lines taken out.
  const moved = sight.index < 0 ? await movedTo(sight, next, here) : null
  log.here = moved ?? startOf(sight, next, [...here.finished, here.file])
  if (missed !== '') yield gap(here, 'missing', `${missed} was removed unread`, log.here)
  log.told = null
  yield { kind: 'ended', file: here.file, position: log.here }
}

/** Where a copy ended, and how many bytes without a newline stand there. */
type Ended = { offset: number; torn: number }

/** Of two copies the one that goes further, or has more of a last line. */
function further(one: Ended | null, other: Ended): Ended {
  if (one === null || one.offset < other.offset) return other
  return { offset: one.offset, torn: Math.max(one.torn, other.torn) }
}
