/**
 * The files one log has been rotated into: `auth.log`, `auth.log.1`, `auth.log.2.gz`,
 * `auth.log-20261122.zst` … as generations, oldest first. Guarantee: the names and inodes are the
 * same before and after the heads were read, and heads are read newest first: a file that moves
 * meanwhile moves towards the old end and is seen twice rather than never (oldest first lost 528
 * lines in a trial). One beginning under several names is one generation.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Bytes, type Form, openBytes } from './bytes.ts'
import { readHead } from './identity.ts'
import { newestFirst, parseName, type RotatedName } from './rotation.ts'

/** One file of a generation. */
export type Copy = {
  name: string
  path: string
  form: Form
  dev: bigint
  ino: bigint
  /** Bytes on disk. */
  size: number
  /** ms UTC of its last change. */
  modified: number
  /** Whether it is the log itself, under the name that is written to. */
  live: boolean
  /** Place in a numbered rotation, 0 the live file; null for a dated name. */
  number: number | null
}

/** All copies of one log between its creation and its deletion, newest name first. */
export type Generation = { head: string; copies: [Copy, ...Copy[]] }

export type Listing = {
  /** Oldest first. A file without a complete first line is no generation yet. */
  generations: Generation[]
  /** Numbers of the rotation whose file can be read, if there is anything in it. */
  numbers: Set<number>
  /** Why the live file cannot be read: the code of the error (ENOENT, EACCES …). */
  unreadable: string | null
  /** Names packed in a way that cannot be read. */
  unknown: string[]
}

/** Rounds of listing until two agree; rotation takes milliseconds, a round far less than one. */
const mostRounds = 50

const mostCached = 1000

/** Beginnings compared to tell two lives with one first line apart. */
const sampleBytes = 64 * 1024

/** What opening may answer without anything being wrong with the machine. */
const refusals = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ELOOP', 'ENOTDIR'])

/** Heads of compressed files by inode, size and times, so that none is unpacked twice. */
export type HeadCache = Map<string, string | null>

/**
 * Lists the rotation of the log at `path`; a symbolic link is followed and its target's rotation
 * meant. Gives null where the folder would not stand still. Throws what only a sick machine answers
 * (EIO, EMFILE …).
 */
export async function listLog(path: string, cache: HeadCache): Promise<Listing | null> {
  const real = orElse(path, () => realpathSync.native(path))
  const [folder, base] = [dirname(real), basename(real)]
  for (let round = 0; round < mostRounds; round++) {
    const names = namesOf(folder, base)
    const seen: Seen[] = []
    for (const name of names) seen.push(await look(folder, name, cache))
    if (!unmoved(seen, namesOf(folder, base))) continue
    const generations = await group(inOrder(seen.flatMap(headed)))
    if (generations !== null) return listing(seen, generations.reverse())
  }
  return null
}

function namesOf(folder: string, base: string): RotatedName[] {
  return entriesOf(folder, base)
    .flatMap((entry) => parseName(base, entry) ?? [])
    .sort(newestFirst)
}

// A folder that may be entered but not listed still has its live file.
function entriesOf(folder: string, base: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    return codeOf(error) === 'EACCES' ? [base] : []
  }
}

/** One name with what it led to: a copy, nothing to know it by yet, or an error's code. */
type Seen = { name: RotatedName; copy: Copy | null; head: string | null; refused: string | null }

async function look(folder: string, name: RotatedName, cache: HeadCache): Promise<Seen> {
  // Not path.join: its loop over every character makes V8 fetch its second compiler at the start, 3 MiB.
  const path = `${folder}/${name.name}`
  if (name.form === null) return { name, copy: null, head: null, refused: null }
  let bytes: Bytes
  try {
    bytes = await openBytes(path, name.form)
  } catch (error) {
    const code = codeOf(error)
    if (!refusals.has(code)) throw error
    return { name, copy: null, head: null, refused: code }
  }
  try {
    const { form, dev, ino, size, modified } = bytes
    const { live, number } = name
    const copy = { name: name.name, path, form, dev, ino, size, modified, live, number }
    return { name, copy, head: await headOf(bytes, cache), refused: null }
  } finally {
    await bytes.close()
  }
}

async function headOf(bytes: Bytes, cache: HeadCache): Promise<string | null> {
  const known = cache.get(bytes.stamp)
  if (known !== undefined && bytes.form !== 'plain') return known
  const head = (await readHead(bytes))?.hash ?? null
  // Only a file that was left alone for a while: two changes within one tick of the file system's
  // clock have one time stamp.
  if (bytes.form !== 'plain' && Date.now() - bytes.changed > 2000) {
    if (cache.size > mostCached) cache.clear()
    cache.set(bytes.stamp, head)
  }
  return head
}

function unmoved(seen: Seen[], again: RotatedName[]): boolean {
  if (seen.length !== again.length) return false
  for (const [index, one] of seen.entries()) {
    if (again[index]?.name !== one.name.name || one.refused === 'ENOENT') return false
    const { copy } = one
    if (copy === null) continue
    const now = orElse(null, () => statSync(copy.path, { bigint: true }))
    if (now?.ino !== copy.ino || now.dev !== copy.dev) return false
  }
  return true
}

function listing(seen: Seen[], generations: Generation[]): Listing {
  const live = seen.find((one) => one.name.live)
  const copies = seen.flatMap((one) => one.copy ?? [])
  return {
    generations,
    numbers: new Set(copies.flatMap((copy) => copy.number ?? [])),
    unreadable: live === undefined ? 'ENOENT' : live.refused,
    unknown: seen.flatMap((one) => (one.name.form === null ? [one.name.name] : [])),
  }
}

type Headed = { copy: Copy; head: string }

function headed({ copy, head }: Seen): Headed[] {
  return copy !== null && head !== null ? [{ copy, head }] : []
}

/** Where numbered and dated names meet the configuration was changed once: the later kind is newer. */
function inOrder(copies: Headed[]): Headed[] {
  const dated = copies.filter(({ copy }) => copy.number === null)
  const numbered = copies.filter(({ copy }) => copy.number !== null && !copy.live)
  const latest = (some: Headed[]) => Math.max(...some.map(({ copy }) => copy.modified))
  if (dated.length === 0 || latest(dated) <= latest(numbered)) return copies
  return [...copies.filter(({ copy }) => copy.live), ...dated, ...numbered]
}

/**
 * Puts copies (newest first) of one generation together; each stands at its newest name. Gives null
 * where a file no longer begins as it did when it was listed.
 */
async function group(copies: Headed[]): Promise<Generation[] | null> {
  const groups: (Generation & { sample: Buffer })[] = []
  for (const { copy, head } of copies) {
    const alone = copies.filter((one) => one.head === head).length === 1
    const sample = alone ? Buffer.alloc(0) : await sampleOf(copy, head)
    if (sample === null) return null
    const home = groups.find((one) => one.head === head && isSameLife(one.sample, sample))
    home?.copies.push(copy)
    if (home === undefined) groups.push({ head, copies: [copy], sample })
    else if (home.sample.length < sample.length) home.sample = sample
  }
  return groups.map(({ head, copies }) => ({ head, copies }))
}

/** Whether one begins with all the other begins with, as far as both go. */
function isSameLife(one: Buffer, other: Buffer): boolean {
  const both = Math.min(one.length, other.length)
  return one.subarray(0, both).equals(other.subarray(0, both))
}

/** The beginning of a copy; null where its first line is not (or no longer) the one meant. */
async function sampleOf(copy: Copy, head: string): Promise<Buffer | null> {
  const bytes = await openBytes(copy.path, copy.form).catch(() => null)
  if (bytes === null) return null
  try {
    const buffer = Buffer.allocUnsafe(sampleBytes)
    const sample = buffer.subarray(0, await bytes.read(buffer, 0))
    return (await readHead(bytes))?.hash === head ? sample : null
  } finally {
    await bytes.close()
  }
}

/** What the system answers, or something else where it answers with an error. */
export function orElse<T>(otherwise: T, ask: () => T): T {
  try {
    return ask()
  } catch {
    return otherwise
  }
}

/** The code of an error of the system, as ENOENT; empty where it is no such error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : ''
}
