import type { Piece } from '../../source/source.ts'
import type { Reader } from './reader.ts'

/**
 * Reads the whole lines among the first `length` bytes, which begin at `base` of `file`; gives where the
 * unfinished one begins. NULs in front of a line are no part of it; of one longer than 64 KiB the
 * beginning is read.
 */
export function readLines(
  reader: Reader,
  bytes: Buffer,
  view: DataView,
  length: number,
  file: string,
  base: number,
): number {
  let used = 0
  // V8 compiles the loop while it runs for the first time, and knows nothing yet of what stands behind
  // it: a second figure given back had it begin anew at every piece.
  for (let next = 0; next !== -1; ) {
    used = next
    next = reader.next(bytes, view, used, length, file, base)
  }
  return used
}

/** The same for a piece that a source gave, which is whole lines; gives how many. */
export function readPiece(reader: Reader, { bytes, base }: Piece, file: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  readLines(reader, bytes, view, bytes.length, file, base)
  return reader.taken()
}
