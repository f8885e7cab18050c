import type { FilePosition } from '../../shared/checkpoint.ts'
import { type Form, openBytes } from './bytes.ts'
import type { Generation, Listing } from './files.ts'
import { beforeBytes, hashBefore, nameLives, splitIdentity } from './identity.ts'
import { openTail } from './tail.ts'

/** Most finished files a position names; a rotation keeps far fewer. */
const mostFinished = 1024

/** A listing with the identity of each generation (oldest first), and which one the position is in. */
export type Sight = {
  listing: Listing
  files: string[]
  /** Index of the position's generation; -1 where it is not on disk. */
  index: number
}

/** Finds a position in a listing. */
export async function sightOf(listing: Listing, here: FilePosition): Promise<Sight> {
  const heads = listing.generations.map((one) => one.head)
  const { head } = splitIdentity(here.file)
  const several = heads.filter((one) => one === head).length > 1
  const fits = several && here.offset > 0 ? await fitting(listing.generations, here) : null
  const files = nameLives(heads, { file: here.file, fits, finished: here.finished })
  return { listing, files, index: files.indexOf(here.file) }
}

/** The newest of the generations with the position's first line that holds the bytes before it. */
async function fitting(generations: Generation[], here: FilePosition): Promise<number | null> {
  for (let index = generations.length - 1; index >= 0; index--) {
    for (const copy of generations[index]?.copies ?? []) {
      if (generations[index]?.head !== splitIdentity(here.file).head) continue
      if (await fits(copy.path, copy.form, here)) return index
    }
  }
  return null
}

async function fits(path: string, form: Form, here: FilePosition): Promise<boolean> {
  const { head } = splitIdentity(here.file)
  const tail = await openTail(path, form, { ...here, head }).catch(() => null)
  await tail?.close()
  return tail !== null
}

/** First contact: the oldest generation changed at or after `since` (ms UTC), at least the newest. */
export function firstPlace(listing: Listing, since: number | null): FilePosition | null {
  const last = listing.generations.length - 1
  if (last < 0) return null
  const heads = listing.generations.map((one) => one.head)
  const files = nameLives(heads, { file: null, fits: null, finished: [] })
  const recent = listing.generations.findIndex((one) =>
    one.copies.some((copy) => since === null || copy.modified >= since),
  )
  return startOf({ listing, files, index: -1 }, recent < 0 ? last : recent, [])
}

/** The beginning of a generation, everything older taken as finished like what was finished before. */
export function startOf(sight: Sight, index: number, finished: readonly string[]): FilePosition {
  return {
    kind: 'file',
    file: sight.files[index] ?? '',
    offset: 0,
    before: hashBefore(Buffer.alloc(0)),
    name: nameOf(sight, index),
    finished: finishedAt(sight, index, finished),
  }
}

const piece = 64 * 1024

/**
 * The beginning of what follows the position in a generation that holds its last 256 bytes elsewhere: a
 * log that somebody took lines out of, its first ones, too. Null where it does not hold them.
 */
export async function movedTo(
  sight: Sight,
  index: number,
  here: FilePosition,
): Promise<FilePosition | null> {
  const [copy] = sight.listing.generations[index]?.copies ?? []
  if (copy === undefined || here.offset < beforeBytes) return null
  const bytes = await openBytes(copy.path, copy.form).catch(() => null)
  if (bytes === null) return null
  const buffer = Buffer.allocUnsafe(beforeBytes + piece)
  let offset = 0
  try {
    for (let at = 0; ; at += piece) {
      const seen = buffer.subarray(0, await bytes.read(buffer, at))
      for (let end = seen.indexOf(10, beforeBytes - 1); end >= 0; end = seen.indexOf(10, end + 1)) {
        const before = hashBefore(seen.subarray(end + 1 - beforeBytes, end + 1))
        if (before === here.before) offset = at + end + 1
      }
      if (seen.length < buffer.length) break
    }
  } finally {
    await bytes.close()
  }
  return offset === 0
    ? null
    : { ...startOf(sight, index, here.finished), offset, before: here.before }
}

/** The position with its name and its finished files as they stand on disk now. */
export function refreshed(sight: Sight, here: FilePosition): FilePosition {
  return {
    ...here,
    name: sight.index < 0 ? here.name : nameOf(sight, sight.index),
    finished: finishedAt(sight, sight.index, here.finished),
  }
}

function finishedAt(sight: Sight, index: number, known: readonly string[]): string[] {
  const files = sight.files.filter((file, at) => at < index || known.includes(file))
  return [...new Set(files)].slice(-mostFinished)
}

/**
 * Index of the generation to read after the position's; null where there is none (yet). Where the
 * position is not on disk, that is the one behind the newest finished.
 */
export function following(sight: Sight, here: FilePosition): number | null {
  const from = sight.index < 0 ? lastFinished(sight, here) : sight.index
  const next = sight.files.findIndex((file, at) => at > from && !here.finished.includes(file))
  return next < 0 ? null : next
}

function lastFinished(sight: Sight, here: FilePosition): number {
  return sight.files.findLastIndex((file) => here.finished.includes(file))
}

/** Numbers missing in the rotation between the position's generation and the next one. */
export function numbersBetween(sight: Sight, next: number): number[] {
  const newer = Math.max(...numbersOf(sight.listing.generations[next]))
  const older = Math.min(...numbersOf(sight.listing.generations[sight.index]))
  const missing: number[] = []
  if (!Number.isFinite(newer) || !Number.isFinite(older)) return missing
  for (let number = older - 1; number > newer; number--) {
    if (!sight.listing.numbers.has(number)) missing.push(number)
  }
  return missing
}

function numbersOf(generation: Generation | undefined): number[] {
  return (generation?.copies ?? []).flatMap((copy) => copy.number ?? [])
}

function nameOf(sight: Sight, index: number): string {
  return sight.listing.generations[index]?.copies[0].name ?? ''
}
