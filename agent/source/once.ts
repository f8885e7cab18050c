import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { type Decoder, type Form, openDecoder } from './bytes.ts'
import { leadingNuls, longestLine, splitLines } from './lines.ts'
import type { Line } from './source.ts'

/** Something to be read once from beginning to end. */
export type Once = {
  name: string
  /** Bytes on disk; null where nobody can know (a pipe). */
  total: number | null
  /** Bytes taken of `total` so far. */
  taken: () => number
  /** Its decompressed bytes, in pieces. Only one of `bytes`, `lines` and `fill` can be read, and once. */
  bytes: () => AsyncGenerator<Buffer, void, void>
  /** Its lines, the last one even without a newline; of one longer than 64 KiB the beginning. */
  lines: () => AsyncGenerator<Line[], void, void>
  /** Puts its next decompressed bytes into a buffer; gives how many, 0 at the end however often. */
  fill: (buffer: Buffer) => Promise<number>
  /** Once read: why it ended too early, where it is compressed and incomplete; else null. */
  cut: () => string | null
}

/** First bytes of packed files: RFC 1952, RFC 8878, and what cannot be unpacked here. */
const magics: [form: Form, magic: string][] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
]
const foreign: [name: string, magic: string][] = [
  ['xz', 'fd377a585a00'],
  ['bzip2', '425a68'],
  ['lz4', '04224d18'],
]
const longestMagic = 6

/**
 * Reads a file, or `input` (standard input) where the path is `-`; its content tells whether it is
 * packed. Throws what stat(2) throws; reading throws what read(2) throws, and a sentence for what is packed
 * in a way that cannot be read.
 */
export async function openOnce(path: string, input?: Readable): Promise<Once> {
  const piped = path === '-'
  const found = piped ? null : await stat(path)
  const state: State = { taken: 0, decoder: null }
  const name = piped ? 'standard input' : path
  const bytes = () => unpack(name, piped ? (input ?? process.stdin) : createReadStream(path), state)
  return {
    name,
    total: found?.isFile() ? found.size : null,
    taken: () => state.taken,
    bytes,
    lines: () => linesOf(bytes()),
    fill: found?.isFile() ? fillFrom(path, state, bytes) : fillWith(bytes),
    cut: () => state.decoder?.cut() ?? null,
  }
}

type State = { taken: number; decoder: Decoder | null }

async function* unpack(name: string, input: Readable, state: State): AsyncGenerator<Buffer> {
  const pieces: AsyncIterator<Buffer> = input[Symbol.asyncIterator]()
  const pull = async () => {
    const { done, value } = await pieces.next()
    if (done) return null
    state.taken += value.length
    return value
  }
  let first: Buffer = Buffer.alloc(0)
  for (let more = await pull(); more !== null; more = await pull()) {
    first = Buffer.concat([first, more])
    if (first.length >= longestMagic) break
  }
  const form = formOf(name, first)
  if (form === 'plain') {
    yield first
    for (let piece = await pull(); piece !== null; piece = await pull()) yield piece
    return
  }
  let begun = false
  state.decoder = openDecoder(form, async () => {
    if (begun) return pull()
    begun = true
    return first
  })
  try {
    for (let piece = await state.decoder.next(); piece !== null; ) {
      yield piece
      piece = await state.decoder.next()
    }
  } finally {
    state.decoder.close()
  }
}

/**
 * A plain file is read straight into the buffer, at once: for what lies in the page cache a stream costs
 * four times as much.
 */
function fillFrom(path: string, state: State, bytes: () => AsyncGenerator<Buffer>): Once['fill'] {
  let descriptor: number | undefined
  let packed: Once['fill'] | undefined
  let isRead = false
  return async (buffer) => {
    if (isRead) return 0
    if (packed !== undefined) return packed(buffer)
    if (descriptor === undefined) {
      descriptor = openSync(path, 'r')
      const first = Buffer.alloc(longestMagic)
      if (
        formOf(path, first.subarray(0, readSync(descriptor, first, 0, longestMagic, 0))) !== 'plain'
      ) {
        closeSync(descriptor)
        packed = fillWith(bytes)
        return packed(buffer)
      }
    }
    const filled = readSync(descriptor, buffer, 0, buffer.length, null)
    state.taken += filled
    isRead = filled === 0
    if (isRead) closeSync(descriptor)
    return filled
  }
}

/** A part of a plain file, to be closed by who reads it, however that ends. */
export type Part = Pick<Once, 'name' | 'fill' | 'taken'> & { close: () => void }

/** Reads the bytes of a plain file from one place to another. Throws what open(2) throws. */
export function openPart(path: string, from: number, to: number): Part {
  const descriptor = openSync(path, 'r')
  let at = from
  return {
    name: path,
    taken: () => at - from,
    fill: async (buffer) => {
      const filled = readSync(descriptor, buffer, 0, Math.min(buffer.length, to - at), at)
      at += filled
      return filled
    },
    close: () => closeSync(descriptor),
  }
}

function fillWith(bytes: () => AsyncGenerator<Buffer>): Once['fill'] {
  let pieces: AsyncGenerator<Buffer> | undefined
  let piece: Buffer = Buffer.alloc(0)
  return async (buffer) => {
    pieces ??= bytes()
    while (piece.length === 0) {
      const { done, value } = await pieces.next()
      if (done) return 0
      piece = value
    }
    const filled = piece.copy(buffer)
    piece = piece.subarray(filled)
    return filled
  }
}

/** Whether bytes that begin so are packed in no way. */
export function isUnpacked(first: Buffer): boolean {
  const begins = first.toString('hex', 0, longestMagic)
  return ![...magics, ...foreign].some(([, magic]) => begins.startsWith(magic))
}

function formOf(name: string, first: Buffer): Form {
  const begins = first.toString('hex', 0, longestMagic)
  const other = foreign.find(([, magic]) => begins.startsWith(magic))
  if (other)
    throw new Error(`${name} is packed with ${other[0]}; unpack it first and read it as "-"`)
  return magics.find(([, magic]) => begins.startsWith(magic))?.[0] ?? 'plain'
}

/** The lines in a log that comes in pieces, as `Once.lines` gives them. */
export async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Line[], void, void> {
  let rest: Buffer = Buffer.alloc(0)
  let base = 0
  let dropped = 0
  for await (const piece of pieces) {
    let fresh = piece
    if (rest.length > longestLine) {
      const end = piece.indexOf(10)
      if (end < 0) {
        dropped += piece.length
        continue
      }
      yield lastLine(rest, base)
      base += rest.length + dropped + end + 1
      dropped = 0
      rest = rest.subarray(rest.length)
      fresh = piece.subarray(end + 1)
    }
    const bytes = rest.length === 0 ? fresh : Buffer.concat([rest, fresh])
    const { lines, used } = splitLines(bytes, base)
    if (lines.length > 0) yield lines
    const nuls = leadingNuls(bytes.subarray(used))
    rest = bytes.subarray(used + nuls)
    base += used + nuls
  }
  if (rest.length > 0) yield lastLine(rest, base)
}

function lastLine(rest: Buffer, base: number): Line[] {
  return splitLines(Buffer.concat([rest, Buffer.from('\n')]), base).lines
}
