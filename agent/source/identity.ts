/**
 * What a log file is known by: the hash of its first line, never its inode (ext4 gives the inode of
 * a deleted file to the next one at once) and never its name (rotation changes it). The bytes just
 * before a position prove that a file is still the one that was read.
 *
 * Lives: a file that begins with the same line as an earlier one is another life of it, `HASH.1`,
 * `HASH.2` …, so that its offsets stand above no old mark. Lives are told apart by their next lines
 * and by the bytes before the position. Impossible: to notice a new life that begins with the same
 * line while it still fits the position, or one whose first line is all there is of it so far.
 */
import { hash } from 'node:crypto'
import type { Bytes } from './bytes.ts'

/** Most bytes of a first line that count. */
const longestHead = 4096

/** Bytes before a position that are hashed to recognise it. */
export const beforeBytes = 256

/**
 * The first line of a log, cut at 4096 bytes; `start` is its offset. The newline belongs to it: else
 * a log that begins "… line 1" would be taken for one that begins "… line 10".
 */
export type Head = { start: number; bytes: Buffer; hash: string }

/**
 * Reads the head of a (decompressed) log: NULs and empty lines in front are skipped, as a hole left
 * by copytruncate is no line. Gives null where the first line is not complete yet.
 */
export async function readHead(bytes: Bytes): Promise<Head | null> {
  const buffer = Buffer.allocUnsafe(2 * longestHead)
  for (let at = 0; ; ) {
    const filled = await bytes.read(buffer, at)
    const seen = buffer.subarray(0, filled)
    const start = seen.findIndex((byte) => byte !== 0 && byte !== 10)
    if (start < 0) {
      if (filled === 0) return null
      at += filled
      continue
    }
    const end = seen.indexOf(10, start)
    if (end < 0 && filled - start < longestHead) {
      if (start === 0 || filled < buffer.length) return null
      at += start
      continue
    }
    const line = seen.subarray(start, Math.min(end < 0 ? filled : end + 1, start + longestHead))
    return { start: at + start, bytes: Buffer.from(line), hash: shortHash(line) }
  }
}

/** Hash of the bytes before a position (at most 256 of them); empty at the very beginning. */
export function hashBefore(bytes: Buffer): string {
  return bytes.length === 0 ? '' : shortHash(bytes)
}

/** 128 bits of SHA-256 in hex: 32 characters. */
function shortHash(bytes: Buffer): string {
  return hash('sha256', bytes, 'hex').slice(0, 32)
}

/** The head of a file's identity and which life of it is meant, counted from 0. */
export function splitIdentity(file: string): { head: string; life: number } {
  const [head = '', life = '0'] = file.split('.')
  return { head, life: Number(life) }
}

/** The identity of one life of a head. */
export function identityOf(head: string, life: number): string {
  return life <= 0 ? head : `${head}.${life}`
}

/** What is known of the files already read. */
export type Known = {
  /** Identity the position is in; null on first contact. */
  file: string | null
  /** Which of the listed files the position fits, where its head occurs more than once. */
  fits: number | null
  finished: readonly string[]
}

/**
 * Gives each listed file (its head, oldest first) its identity. Where several begin with the same
 * line their lives are numbered from the one that is known: the position's, else the newest finished.
 */
export function nameLives(heads: readonly string[], known: Known): string[] {
  const position = known.file === null ? null : splitIdentity(known.file)
  return heads.map((head, index) => {
    const members = heads.flatMap((other, place) => (other === head ? [place] : []))
    const lives = known.finished.map(splitIdentity).filter((one) => one.head === head)
    const rank = members.indexOf(index)
    if (position?.head === head) {
      const guess = Math.min(lives.length, members.length - 1)
      const anchor = known.fits === null ? guess : members.indexOf(known.fits)
      return identityOf(head, position.life + rank - anchor)
    }
    if (lives.length === 0) return identityOf(head, rank)
    const newest = Math.max(...lives.map((one) => one.life))
    return identityOf(head, newest + rank - (Math.min(lives.length, members.length) - 1))
  })
}
