/**
 * Reads one log from an offset as whole lines. Guarantees: the offset moves only past a newline, so
 * half a line is never given; every read includes the 256 bytes before it and is followed by another
 * look at the first line on the same descriptor, so that what a copytruncate wrote meanwhile is never
 * taken for what was there before, even where the file has grown past the old offset again.
 */
import { type Bytes, type Form, openBytes } from './bytes.ts'
import { beforeBytes, type Head, hashBefore, readHead } from './identity.ts'
import { leadingNuls, longestLine, oversizeLines, splitLines } from './lines.ts'
import type { Line, Piece } from './source.ts'

/** What is found in one read is in memory at once: four times as much is no faster, and 3 MiB more at a peak. */
const readBytes = 64 * 1024

/**
 * end      nothing more at present; `torn` bytes without a newline follow the offset (NULs apart);
 *          `cut` says why where a compressed file ends too early
 * changed  the file no longer holds what was read from it
 */
export type End = { kind: 'end'; torn: number; cut: string | null } | { kind: 'changed' }

/**
 * The next whole lines, and as they stand there; `oversize` has the offsets of those that were cut, and
 * `last` says that nothing stood behind them when they were read. To be used before the next chunk is
 * asked for. Or why there are none.
 */
export type Chunk =
  | { kind: 'lines'; lines: () => Line[]; piece: Piece; oversize: number[]; last: boolean }
  | End

export type Tail = {
  dev: bigint
  ino: bigint
  next: () => Promise<Chunk>
  /** Where the next line begins, and the hash of the bytes before it. */
  offset: () => number
  before: () => string
  /** Bytes on disk not read yet. */
  left: () => Promise<number>
  close: () => Promise<void>
}

/** Where to begin, and the head the file must have. */
export type From = { head: string; offset: number; before: string }

/**
 * Opens a file at a position. Gives null where the file is not the one meant: another head, shorter
 * than the offset, or other bytes before it. Throws what open(2) throws.
 */
export async function openTail(path: string, form: Form, from: From): Promise<Tail | null> {
  const bytes = await openBytes(path, form)
  try {
    const head = await readHead(bytes)
    if (head?.hash === from.head) {
      const last = Buffer.allocUnsafe(Math.min(from.offset, beforeBytes))
      const filled = await bytes.read(last, from.offset - last.length)
      if (filled === last.length && hashBefore(last) === from.before) {
        return tailFrom(bytes, head, from.offset, last)
      }
    }
  } catch (error) {
    await bytes.close()
    throw error
  }
  await bytes.close()
  return null
}

/** A line longer than one read, while its newline is searched. */
type Long = { start: number; kept: Buffer; length: number }

function tailFrom(bytes: Bytes, head: Head, offset: number, last: Buffer): Tail {
  const buffer = Buffer.allocUnsafe(beforeBytes + readBytes)
  let before = hashBefore(last)
  let at = offset
  let long: Long | null = null

  const advance = (used: number, seen: Buffer) => {
    at += used
    last = Buffer.from(
      seen.subarray(Math.max(0, last.length + used - beforeBytes), last.length + used),
    )
  }
  const settle = () => {
    offset = at
    before = hashBefore(last)
    long = null
  }
  const next = async (): Promise<Chunk> => {
    for (;;) {
      const filled = await bytes.read(buffer.subarray(0, last.length + readBytes), at - last.length)
      const seen = buffer.subarray(0, filled)
      if (!seen.subarray(0, last.length).equals(last) || !(await stillBegins(bytes, head))) {
        return { kind: 'changed' }
      }
      const fresh = seen.subarray(last.length)
      const newline = fresh.lastIndexOf(10)
      if (newline < 0 && fresh.length < readBytes) {
        return { kind: 'end', torn: tornBytes(long, fresh), cut: bytes.cut() }
      }
      if (newline < 0) {
        long = lengthen(long, fresh, at)
        advance(fresh.length, seen)
        continue
      }
      const { piece, oversize, used } =
        long === null ? wholeLines(fresh, newline, at) : endOf(long, fresh, at)
      advance(used, seen)
      settle()
      const lines = (): Line[] => splitLines(piece.bytes, piece.base).lines
      const whole = bytes.form === 'plain' && used === fresh.length && used < readBytes
      return { kind: 'lines', lines, piece, oversize, last: whole }
    }
  }
  return {
    dev: bytes.dev,
    ino: bytes.ino,
    next,
    offset: () => offset,
    before: () => before,
    left: () => bytes.left(offset),
    close: bytes.close,
  }
}

type Whole = { piece: Piece; oversize: number[]; used: number }

function wholeLines(fresh: Buffer, newline: number, at: number): Whole {
  const piece = { bytes: fresh.subarray(0, newline + 1), base: at }
  return { piece, oversize: oversizeLines(piece.bytes, at), used: newline + 1 }
}

function endOf(begun: Long, fresh: Buffer, at: number): Whole {
  const newline = fresh.indexOf(10)
  const { kept, start, length } = lengthen(begun, fresh.subarray(0, newline), at)
  const piece = { bytes: Buffer.concat([kept, Buffer.from('\n')]), base: start }
  return { piece, oversize: length > longestLine ? [start] : [], used: newline + 1 }
}

/** Whether the descriptor still begins as it did; a compressed file is proven by its checksum instead. */
async function stillBegins(bytes: Bytes, head: Head): Promise<boolean> {
  if (bytes.form !== 'plain') return true
  const seen = Buffer.allocUnsafe(head.bytes.length)
  const filled = await bytes.read(seen, head.start)
  return filled === seen.length && seen.equals(head.bytes)
}

/** Adds bytes without a newline to a line, keeping at most 64 KiB of it and no NULs in front. */
function lengthen(long: Long | null, fresh: Buffer, at: number): Long {
  const nuls = long === null || long.length === 0 ? leadingNuls(fresh) : 0
  const begun = long === null || long.length === 0 ? newLong(at + nuls) : long
  const more = fresh.subarray(nuls)
  const kept =
    begun.kept.length < longestLine
      ? Buffer.concat([begun.kept, more.subarray(0, longestLine - begun.kept.length)])
      : begun.kept
  return { start: begun.start, kept, length: begun.length + more.length }
}

function newLong(start: number): Long {
  return { start, kept: Buffer.alloc(0), length: 0 }
}

function tornBytes(long: Long | null, fresh: Buffer): number {
  const begun = long?.length ?? 0
  return begun === 0 ? fresh.length - leadingNuls(fresh) : begun + fresh.length
}
