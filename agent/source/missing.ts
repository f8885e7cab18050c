/** What is not there, or not as it was read: looked at again for a while, then a gap. */
import type { FilePosition } from '../../shared/checkpoint.ts'
import { identityOf, splitIdentity } from './identity.ts'
import { believed, gap, type Log, placeOf, type Readings, rest, tell } from './log-reading.ts'
import { following, movedTo, numbersBetween, type Sight, startOf } from './place.ts'
import { cannotRead } from './trouble.ts'

/** The position's file is not on disk: looks for it for a while, then goes on behind it. */
export async function* lost(log: Log, sight: Sight, here: FilePosition): Readings {
  const next = following(sight, here)
  if (next === null || sight.listing.unreadable === 'EACCES') {
    return yield* rest(log, troubleOf(log, sight))
  }
  if (!(await believed(log, `lost ${here.file}`))) return
  const moved = await movedTo(sight, next, here)
  if (moved !== null) return yield* goOnAt(log, moved)
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
export async function* misfit(log: Log, sight: Sight): Readings {
  const here = placeOf(log)
  if (sight.index < 0) return
  if (here.offset === 0) return await log.watch.next()
  if (!(await believed(log, `misfit ${here.file}`))) return
  const { head, life } = splitIdentity(here.file)
  const file = identityOf(head, life + 1)
  const moved = await movedTo(sight, sight.index, here)
  if (moved !== null) return yield* goOnAt(log, { ...moved, file })
  log.here = { ...startOf(sight, sight.index, here.finished), file }
  log.told = null
  yield gap(here, 'rewritten', `${here.name} no longer holds what was read from it`, log.here)
}

/** Goes on in another file where what was read ends in it. */
async function* goOnAt(log: Log, position: FilePosition): Readings {
  const { file } = placeOf(log)
  log.here = position
  log.told = null
  yield { kind: 'ended', file, position }
}

/** An archive ends too early: it is still being written, and only one that stands still is given up. */
export async function* stalled(log: Log, sight: Sight, cut: string): Readings {
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

/** Names of newer files that are gone before their turn came; empty where there are none. */
export function missedBetween(log: Log, sight: Sight, here: FilePosition, next: number): string {
  const names = new Set<string>()
  for (const [file, name] of log.ahead) {
    if (file === sight.files[next]) break
    if (file !== here.file && !sight.files.includes(file)) names.add(name)
  }
  const base = log.path.slice(log.path.lastIndexOf('/') + 1)
  if (names.size === 0) for (const n of numbersBetween(sight, next)) names.add(`${base}.${n}`)
  return [...names].slice(0, 8).join(', ')
}

/** Remembers what is still to come, so that it is missed where it goes before its turn. */
export function lookAhead(log: Log, sight: Sight): void {
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

/** A missing live file is no trouble while its older part is followed: syslog makes it when it writes. */
export function troubleOf(log: Log, sight: Sight): string {
  const { unreadable } = sight.listing
  if (unreadable !== 'ENOENT' || sight.index < 0) return cannotRead(log.path, unreadable)
  return ''
}
