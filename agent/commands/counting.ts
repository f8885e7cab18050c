/**
 * A whole log counted at one go, whatever its form: text lines, `journalctl -o json` or `-o export`, told
 * apart by how it begins. Memory stays the same however long the log or a line of it is.
 */
import type { Count } from '../fold/fold.ts'
import { toldBy } from '../fold/told.ts'
import { readLines, readPiece } from '../parse/bytes/chunk.ts'
import { openReader, type Reader } from '../parse/bytes/reader.ts'
import type { Parsed } from '../parse/event.ts'
import { openExport } from '../parse/export.ts'
import { readEntry } from '../parse/journal.ts'
import { openParser } from '../parse/parse.ts'
import { leadingNuls, longestLine } from '../source/lines.ts'
import type { Once, Part } from '../source/once.ts'
import type { Source } from '../source/source.ts'
import { isExport, type ReadingOptions } from './records.ts'

/** Larger reads are slower and double the memory (measured from 64 KiB to 1 MiB). */
const readBytes = 256 * 1024

/** Reads a log to its end; gives, after every piece of it, how many lines or entries that held. */
export async function* countAll(
  { name, fill, cut = notCut }: Pick<Once, 'name' | 'fill'> & Partial<Pick<Once, 'cut'>>,
  options: ReadingOptions,
  count: Count,
): AsyncGenerator<number> {
  const bytes = Buffer.allocUnsafeSlow(longestLine + readBytes)
  let length = 0
  // What tells the forms apart is in the first bytes, however few a pipe gives at a time.
  for (let more = -1; length < enoughToTell && more !== 0; length += more) {
    more = await fill(bytes.subarray(length, length + readBytes))
  }
  if (isExport(bytes.subarray(0, length)))
    yield* countExport(bytes, length, fill, options, count, name)
  else yield* countLines(bytes, length, fill, openLines(options, count, null), name, 0, cut)
}

const enoughToTell = 64
const notCut = () => null
// One file may hold the logs of many hosts, each with pids and a clock of its own: taken for one host,
// two whose clocks were apart told every attempt twice.
const isNoneOwn = () => false

/** Who reads the lines of a log, part after part; `last` is ms UTC of the last one that bore a time. */
export type Lines = { reader: Reader; last: () => number | null }

/** Opens them behind a line that bore this time (ms UTC; null where there is none). */
export function openLines(options: ReadingOptions, count: Count, last: number | null): Lines {
  const parser = openParser({ ...options, last })
  return { reader: openReader(parser, count, isNoneOwn, options.reference), last: parser.last }
}

/** Reads a part of a log that begins at `base` of it and ends with a line, and closes it. */
export async function* countPart(
  { name, fill, close }: Part,
  lines: Lines,
  base: number,
): AsyncGenerator<number, void> {
  try {
    const bytes = Buffer.allocUnsafeSlow(longestLine + readBytes)
    const first = await fill(bytes.subarray(0, readBytes))
    yield* countLines(bytes, first, fill, lines, name, base)
  } finally {
    close()
  }
}

async function* countLines(
  bytes: Buffer,
  first: number,
  fill: Once['fill'],
  { reader }: Lines,
  file: string,
  start: number,
  cut: Once['cut'] = notCut,
): AsyncGenerator<number, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let length = first
  let base = start
  const drop = (used: number) => {
    bytes.copyWithin(0, used, length)
    length -= used
    base += used
  }
  for (let more = first; more !== 0; length += more) {
    drop(readLines(reader, bytes, view, length, file, base))
    yield reader.taken()
    // A hole of NULs from a power loss may be longer than any line.
    if (length > longestLine) drop(leadingNuls(bytes.subarray(0, length)))
    if (length > longestLine) {
      const { passed, filled, behind } = await pastNewline(bytes, fill)
      reader.line(bytes, view, 0, longestLine, file, base)
      base += length - longestLine + passed
      length = longestLine + filled
      drop(longestLine + behind)
    }
    more = await fill(bytes.subarray(length, length + readBytes))
  }
  drop(readLines(reader, bytes, view, length, file, base))
  // The last line of a log that will not grow is whole without its newline; where what was packed is cut
  // off, it is not, and a cut address is a wrong address.
  if (length > 0 && cut() === null) {
    const nuls = leadingNuls(bytes.subarray(0, length))
    reader.line(bytes, view, nuls, Math.min(length, nuls + longestLine), file, base + nuls)
  }
  yield reader.taken()
  reader.settle()
}

/**
 * Reads on behind the kept beginning of a line until its end has come. Gives how many bytes were read and
 * passed over, how many then lie behind that beginning, and how many of those are still of the line.
 */
async function pastNewline(
  bytes: Buffer,
  fill: Once['fill'],
): Promise<{ passed: number; filled: number; behind: number }> {
  for (let passed = 0; ; ) {
    const filled = await fill(bytes.subarray(longestLine))
    const newline = bytes.subarray(longestLine, longestLine + filled).indexOf(10)
    if (newline >= 0) return { passed, filled, behind: newline + 1 }
    if (filled === 0) return { passed, filled, behind: 0 }
    passed += filled
  }
}

async function* countExport(
  bytes: Buffer,
  first: number,
  fill: Once['fill'],
  options: ReadingOptions,
  count: Count,
  file: string,
): AsyncGenerator<number> {
  const parser = openParser({ ...options, last: null })
  const splitter = openExport()
  const tell = teller(count, file, options.reference, parser.last)
  let offset = 0
  const take = (piece: Buffer): number => {
    const entries = splitter.push(piece)
    for (const entry of entries) tell(parser.record(readEntry(entry)), offset++)
    return entries.length
  }
  for (let length = first; length !== 0; length = await fill(bytes)) {
    // The splitter keeps what is unfinished, and the buffer is filled again.
    yield take(Buffer.from(bytes.subarray(0, length)))
  }
  yield take(Buffer.from('\n\n'))
}

/**
 * The same for a source of this host, up to where everything there is has been read; `miss` is called where
 * something could not be.
 */
export async function* countSource(
  source: Source,
  options: ReadingOptions,
  count: Count,
  miss: () => void,
): AsyncGenerator<number> {
  const parser = openParser({ ...options, last: null })
  const reader = openReader(parser, count, isNoneOwn, options.reference)
  const tell = teller(count, source.name, options.reference, parser.last)
  const done = new AbortController()
  const readings = source.read({ from: null, since: null, asBytes: true, signal: done.signal })
  for await (const reading of readings) {
    if (reading.kind === 'waiting') break
    if (reading.kind === 'bytes') {
      yield readPiece(reader, reading, source.name)
    } else if (reading.kind === 'entries') {
      for (const { offset, record } of reading.entries) tell(parser.record(record), offset)
      yield reading.entries.length
    } else if (reading.kind === 'gap') miss()
  }
  done.abort()
}

// A line without a time has that of the one before it.
function teller(
  count: Count,
  file: string,
  reference: number,
  clock: () => number | null,
): (parsed: Parsed, offset: number) => void {
  let last = reference
  return (parsed, offset) => {
    last = parsed.at ?? clock() ?? last
    if (parsed.event === null) count.pass()
    else count.tell(toldBy({ ...parsed, at: last }, parsed.event, { file, offset }, isNoneOwn))
  }
}
