import { basename, dirname } from 'node:path'
import type { Form } from './bytes.ts'

/** A name in a rotation set: the live file, `.N`, or a dated one. */
export type RotatedName = {
  name: string
  /** How it is packed; null where that cannot be read. */
  form: Form | null
  /** The log itself, which is written to. */
  live: boolean
  /** 0 for the live file, N for `.N`, null for a dated name. */
  number: number | null
  /** The digits of a dated name, else empty. */
  date: string
}

// logrotate(8): `.N`, or with dateext `-YYYYMMDD`, `-YYYYMMDDHH`, `-EPOCH` or a dateformat made of
// digits and separators, which must sort by age to be usable there, too. savelog(8) and the syslogd of
// busybox begin with `.0`, just behind the live file.
const [place, packing] = [
  String.raw`(?:\.(\d{1,5})|[-._](\d[\d._T-]{4,30}\d))`,
  String.raw`(?:\.([A-Za-z7]\w{0,4}))?`,
]
const rotated = new RegExp(`^${place}?${packing}$`)
const rotatedEnd = new RegExp(`${place}${packing}$`)

const readable = new Map<string, Form>([
  ['', 'plain'],
  ['gz', 'gzip'],
  ['zst', 'zstd'],
])
const otherPackings = new Set(['xz', 'bz2', 'lz4', 'lzma', 'lz', 'Z', 'zip', '7z', 'br'])

/** Reads `name` as a name of the rotation of `base`; null where it is another file. */
export function parseName(base: string, name: string): RotatedName | null {
  if (!name.startsWith(base)) return null
  const parts = rotated.exec(name.slice(base.length))
  if (parts === null) return null
  const [, number, date, ending = ''] = parts
  const form = readable.get(ending) ?? null
  if (form === null && !otherPackings.has(ending)) return null
  const live = number === undefined && date === undefined
  if (live && ending !== '') return null
  return {
    name,
    form,
    live,
    number: live ? 0 : number === undefined ? null : Number(number),
    date: date?.replaceAll(/\D/g, '') ?? '',
  }
}

/** Sorts the live file first, then numbered ones, then dated ones; a plain file before its packed copy. */
export function newestFirst(a: RotatedName, b: RotatedName): number {
  if (a.number !== null && b.number !== null) {
    return a.number - b.number || a.name.length - b.name.length
  }
  if (a.number !== null) return -1
  if (b.number !== null) return 1
  if (a.date !== b.date) return a.date < b.date ? 1 : -1
  return a.name.length - b.name.length
}

/**
 * Paths as somebody gave them, but the files of one rotation oldest first: a shell makes of `auth.log*` the
 * newest first, and a session that a rotation cut in two would begin after its end.
 */
export function oldestFirst(paths: readonly string[]): string[] {
  const files = paths.map(rotatedFile)
  const left = Map.groupBy(files, ({ log }) => log)
  for (const some of left.values()) some.sort((a, b) => newestFirst(a.name, b.name))
  return files.map(({ log, path }) => left.get(log)?.pop()?.path ?? path)
}

function rotatedFile(path: string): { path: string; log: string; name: RotatedName } {
  const own = basename(path)
  const base = own.replace(rotatedEnd, '')
  const name = parseName(base, own)
  return name === null
    ? { path, log: path, name: { name: own, form: null, live: true, number: 0, date: '' } }
    : { path, log: `${dirname(path)}/${base}`, name }
}
