/**
 * A whole log read once, whatever its form: text lines, `journalctl -o json` or `-o export`, told
 * apart by how it begins.
 */
import type { Parsed } from '../parse/event.ts'
import { openExport } from '../parse/export.ts'
import { readEntry } from '../parse/journal.ts'
import { openParser, type Parser } from '../parse/parse.ts'
import { splitLines } from '../source/lines.ts'

/** One line or journal entry understood; `offset` grows with every one. */
export type Understood = { offset: number; parsed: Parsed & { at: number }; isTimed: boolean }

/** How to read text without a year or a zone. `reference` is ms UTC, near the log's end. */
export type ReadingOptions = { zone: string; reference: number }

/**
 * Understands everything in a log, given as its decompressed bytes in any pieces; gives one batch for
 * each piece.
 */
export async function* understandAll(
  pieces: AsyncIterable<Buffer>,
  options: ReadingOptions,
): AsyncGenerator<Understood[]> {
  const parser = openParser({ ...options, last: null })
  let reader: Reader | undefined
  let begin: Buffer = Buffer.alloc(0)
  for await (const piece of pieces) {
    if (reader !== undefined) {
      yield reader.push(piece)
      continue
    }
    begin = Buffer.concat([begin, piece])
    if (begin.length < enoughToTell) continue
    reader = readerFor(begin, parser, options.reference)
    yield reader.push(begin)
  }
  if (reader === undefined) {
    reader = readerFor(begin, parser, options.reference)
    yield reader.push(begin)
  }
  yield reader.end()
}

/** Bytes by which a journal export is told from lines. */
const enoughToTell = 64

type Reader = { push: (piece: Buffer) => Understood[]; end: () => Understood[] }

function readerFor(first: Buffer, parser: Parser, reference: number): Reader {
  const timed = timekeeper(parser, reference)
  return isExport(first) ? exportReader(parser, timed) : lineReader(parser, timed)
}

/** Whether a log that begins so is an export of the journal. */
export function isExport(begin: Buffer): boolean {
  return /^__?[A-Z_]+=/.test(begin.toString('latin1', 0, enoughToTell))
}

// A line without a time has that of the one before it.
type Timed = (offset: number, parsed: Parsed) => Understood

function timekeeper(parser: Parser, reference: number): Timed {
  let last = reference
  return (offset, parsed) => {
    last = parsed.at ?? parser.last() ?? last
    return { offset, parsed: { ...parsed, at: last }, isTimed: parsed.at !== null }
  }
}

function lineReader(parser: Parser, timed: Timed): Reader {
  let rest: Buffer = Buffer.alloc(0)
  let base = 0
  const take = (bytes: Buffer): Understood[] => {
    const { lines, used } = splitLines(bytes, base)
    rest = bytes.subarray(used)
    base += used
    return lines.map(({ offset, text }) => timed(offset, parser.line(text)))
  }
  return {
    push: (piece) => take(rest.length === 0 ? piece : Buffer.concat([rest, piece])),
    // The last line of a log that will not grow is whole without its newline.
    end: () => (rest.length === 0 ? [] : take(Buffer.concat([rest, Buffer.from('\n')]))),
  }
}

function exportReader(parser: Parser, timed: Timed): Reader {
  const splitter = openExport()
  let count = 0
  const take = (piece: Buffer): Understood[] =>
    splitter.push(piece).map((entry) => timed(count++, parser.record(readEntry(entry))))
  return { push: take, end: () => take(Buffer.from('\n\n')) }
}
