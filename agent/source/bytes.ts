/**
 * The bytes of one open file by offset, decompressed where it is compressed. A compressed file is
 * streamed in bounded memory and read forwards; asked for something behind it, it starts again.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'

export type Form = 'plain' | 'gzip' | 'zstd'

/** One open file. Everything is of the same descriptor, whatever becomes of the name. */
export type Bytes = {
  form: Form
  dev: bigint
  ino: bigint
  /** Bytes on disk and ms UTC of the last change, at the time of opening. */
  size: number
  modified: number
  /** ms UTC of the last change of anything, and what would differ then. */
  changed: number
  stamp: string
  /** Fills `buffer` from offset `at`; gives the number of bytes, short only at the present end. */
  read: (buffer: Buffer, at: number) => Promise<number>
  /** After a short read of a compressed file: why it ended there, or null where it is whole. */
  cut: () => string | null
  /** Bytes on disk behind offset `at`: exact for a plain file, the unread compressed ones else. */
  left: (at: number) => Promise<number>
  close: () => Promise<void>
}

type Access = Pick<Bytes, 'read' | 'cut' | 'left' | 'close'>

const compressedChunk = 64 * 1024

/**
 * Opens a file for reading. Throws what open(2) throws (ENOENT, EACCES …), EISDIR for what is no file.
 * What lies in memory is read at once: to hand a read of it to another thread and to be woken by that
 * costs twenty times the read itself, one look at a log is half a dozen of them, and the threads and
 * the promises of node:fs are 1.5 MiB that a quiet agent never needs.
 */
export async function openBytes(path: string, form: Form): Promise<Bytes> {
  // Opening a pipe to read it would wait for a writer, for ever.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(file, { bigint: true })
    if (!stat.isFile()) {
      throw Object.assign(new Error(`${path} is not a file`), {
        code: 'EISDIR',
        syscall: 'open',
      })
    }
    return {
      form,
      dev: stat.dev,
      ino: stat.ino,
      size: Number(stat.size),
      modified: Number(stat.mtimeMs),
      changed: Number(stat.ctimeMs),
      stamp: [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':'),
      ...(form === 'plain' ? plain(file) : compressed(file, form)),
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function plain(file: number): Access {
  return {
    read: async (buffer, at) => fill(file, buffer, at),
    cut: () => null,
    left: async (at) => Math.max(0, fstatSync(file).size - at),
    close: async () => closeSync(file),
  }
}

function fill(file: number, buffer: Buffer, at: number): number {
  let filled = 0
  while (filled < buffer.length) {
    const read = readSync(file, buffer, filled, buffer.length - filled, at + filled)
    if (read === 0) break
    filled += read
  }
  return filled
}

function compressed(file: number, form: Form): Access {
  let consumed = 0
  const restart = () => {
    consumed = 0
    return openDecoder(form, async () => {
      const packed = Buffer.allocUnsafe(compressedChunk)
      const bytesRead = readSync(file, packed, 0, packed.length, consumed)
      consumed += bytesRead
      return bytesRead === 0 ? null : packed.subarray(0, bytesRead)
    })
  }
  let decoder = restart()
  let start = 0
  let window: Buffer = Buffer.alloc(0)
  return {
    async read(buffer, at) {
      if (at < start) {
        decoder.close()
        decoder = restart()
        start = 0
        window = Buffer.alloc(0)
      }
      const parts: Buffer[] = [window]
      let end = start + window.length
      while (end < at + buffer.length) {
        const chunk = await decoder.next()
        if (chunk === null) break
        if (end <= at) start += parts.splice(0).reduce((sum, part) => sum + part.length, 0)
        parts.push(chunk)
        end += chunk.length
      }
      window = Buffer.concat(parts)
      const drop = Math.min(Math.max(0, at - start), window.length)
      window = window.subarray(drop)
      start += drop
      return at > start ? 0 : window.copy(buffer)
    },
    cut: () => decoder.cut(),
    left: async () => Math.max(0, fstatSync(file).size - consumed),
    async close() {
      decoder.close()
      closeSync(file)
    },
  }
}

/** Decompressed bytes, piece by piece. */
export type Decoder = {
  /** The next decompressed bytes, null at the end. */
  next: () => Promise<Buffer | null>
  /** Why the input ended too early, or null. */
  cut: () => string | null
  close: () => void
}

/**
 * Decompresses what `pull` gives until it gives null. The stream is told that its input has ended only once everything it
 * made is taken: ended too early, zlib throws away what it still held when the file proves to be
 * cut off, and a .gz that gzip is still writing always is.
 */
export function openDecoder(form: Form, pull: () => Promise<Buffer | null>): Decoder {
  const stream = makeDecoder(form)
  let fed = true
  let input = true
  let ended = false
  let cut: string | null = null
  let wake = () => {}
  const happened = (note: () => void) => {
    note()
    wake()
  }
  stream.on('readable', () => wake())
  stream.on('end', () => happened(() => (ended = true)))
  stream.on('error', (error) => happened(() => (cut = error.message)))
  const feed = async () => {
    const packed = await pull()
    input = packed !== null
    fed = !input
    if (input) stream.write(packed, () => happened(() => (fed = true)))
    else stream.end()
  }
  const next = async () => {
    for (;;) {
      const chunk: Buffer | null = stream.read()
      if (chunk !== null) return chunk
      if (ended || cut !== null) return null
      if (fed && input) await feed()
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return { next, cut: () => cut, close: () => stream.destroy() }
}

function makeDecoder(form: Form): Transform {
  const settings = { chunkSize: compressedChunk }
  return form === 'gzip' ? createGunzip(settings) : createZstdDecompress(settings)
}
