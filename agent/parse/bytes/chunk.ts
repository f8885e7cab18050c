import { longestLine } from '../../source/lines.ts'
import type { Piece } from '../../source/source.ts'
import type { Reader } from './reader.ts'

/** How many lines were read, and where the unfinished one begins. */
export type Taken = { lines: number; used: number }

/**
 * Reads the whole lines among the first `length` bytes, which begin at `base` of `file`. NULs in front
 * of a line are no part of it; of one longer than 64 KiB the beginning is read.
 */
export function readLines(
  reader: Reader,
  bytes: Buffer,
  view: DataView,
  length: number,
  file: string,
  base: number,
): Taken {
  let lines = 0
  let used = 0
  // What lies behind `length` is of an earlier reading.
  for (let end = bytes.indexOf(10); end >= 0 && end < length; end = bytes.indexOf(10, used)) {
    let from = used
    while (bytes[from] === 0) from++
    reader.line(bytes, view, from, Math.min(end, from + longestLine), file, base + from)
    used = end + 1
    lines++
  }
  return { lines, used }
}

/** The same for a piece that a source gave, which is whole lines; gives how many. */
export function readPiece(reader: Reader, { bytes, base }: Piece, file: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return readLines(reader, bytes, view, bytes.length, file, base).lines
}
