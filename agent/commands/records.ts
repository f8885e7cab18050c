/**
 * A whole log read once, whatever its form: text lines, `journalctl -o json` or `-o export`, told
 * apart by how it begins.
 */
import type { Parsed } from '../parse/event.ts'
import { openExport } from '../parse/export.ts'
import { readEntry } from '../parse/journal.ts'
import { openParser, type Parser } from '../parse/parse.ts'
import { linesOf } from '../source/once.ts'

/** One line or journal entry understood; `offset` grows with every one. */
export type Understood = { offset: number; parsed: Parsed & { at: number }; isTimed: boolean }

/** How to read text without a year or a zone. `reference` is ms UTC, near the log's end. */
export type ReadingOptions = { zone: string; reference: number }

/**
 * Understands everything in a log, given as its decompressed bytes in any pieces; gives batches as the
 * pieces come. Memory stays the same however long a line of it is.
 */
export async function* understandAll(
  pieces: AsyncIterable<Buffer>,
  options: ReadingOptions,
): AsyncGenerator<Understood[]> {
  const parser = openParser({ ...options, last: null })
  const timed = timekeeper(parser, options.reference)
  const rest = pieces[Symbol.asyncIterator]()
  let begin: Buffer = Buffer.alloc(0)
  while (begin.length < enoughToTell) {
    const { done, value } = await rest.next()
    if (done) break
    begin = Buffer.concat([begin, value])
  }
  const all = startingWith(begin, rest)
  if (isExport(begin)) yield* entriesOf(all, parser, timed)
  else {
    for await (const lines of linesOf(all)) {
      yield lines.map(({ offset, text }) => timed(offset, parser.line(text)))
    }
  }
}

async function* startingWith(
  begin: Buffer,
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, void> {
  yield begin
  for (let piece = await rest.next(); !piece.done; piece = await rest.next()) yield piece.value
}

/** Bytes by which a journal export is told from lines. */
const enoughToTell = 64

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

async function* entriesOf(
  pieces: AsyncIterable<Buffer>,
  parser: Parser,
  timed: Timed,
): AsyncGenerator<Understood[]> {
  const splitter = openExport()
  let count = 0
  const take = (piece: Buffer): Understood[] =>
    splitter.push(piece).map((entry) => timed(count++, parser.record(readEntry(entry))))
  for await (const piece of pieces) yield take(piece)
  yield take(Buffer.from('\n\n'))
}
