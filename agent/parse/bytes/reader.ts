/**
 * The lines of a log, from their bytes to the counting. A line of a daemon that is none of our business
 * is known by its tag and costs no object, no string; one of the dozen shapes of an attack is told out of
 * its bytes; everything else goes the long way through the tables, which says what is what.
 */
import type { Count } from '../../fold/fold.ts'
import { openTold, type Told, toldBy } from '../../fold/told.ts'
import { longestLine } from '../../source/lines.ts'
import type { Parser } from '../parse.ts'
import { newlineFrom } from './literal.ts'
import { openNames } from './names.ts'
import { openPrefixes } from './prefix.ts'

export type Reader = {
  /**
   * Takes the line that begins at `from`, if it ends before `length`; gives where the next one begins,
   * or -1. `base` is the place of bytes[0] in `file`.
   */
  next: (
    bytes: Buffer,
    view: DataView,
    from: number,
    length: number,
    file: string,
    base: number,
  ) => number
  /**
   * Takes the line that bytes[from..end) are, without its newline. `offset` is its place in `file`.
   * `view` is of the same bytes, from their first on.
   */
  line: (
    bytes: Buffer,
    view: DataView,
    from: number,
    end: number,
    file: string,
    offset: number,
  ) => void
  /** How many lines it has taken since that was last asked. */
  taken: () => number
  /** Lets the parser know how far the log's time has come; to be called before it is asked. */
  settle: () => void
}

/** Opens a reader that tells `count`; lines without any time before them are of `reference` (ms UTC). */
export function openReader(
  parser: Parser,
  count: Count,
  isOwn: (host: string) => boolean,
  reference: number,
): Reader {
  const prefixes = openPrefixes(parser.time, isOwn)
  const names = openNames()
  const { read } = prefixes
  // Two, since the fold looks back at the line before.
  let told = openTold()
  let before = openTold()

  // Telling the parser the time of every line would be a third of what reading its prefix takes.
  const clock = { at: Number.NaN, isAhead: false }
  const settle = () => {
    if (clock.isAhead) parser.time.pass(clock.at)
    clock.isAhead = false
  }
  let last = reference
  const longWay = (bytes: Buffer, from: number, end: number, file: string, offset: number) => {
    settle()
    const text = bytes.toString('utf8', from, end)
    const parsed = parser.line(text)
    const prefix = parser.prefix()
    if (prefix !== null && bytes[from] !== 0) prefixes.learn(text, prefix, parsed.at)
    else prefixes.forget()
    last = parsed.at ?? parser.last() ?? last
    if (parsed.event === null) count.pass()
    else count.tell(toldBy({ ...parsed, at: last }, parsed.event, { file, offset }, isOwn))
  }
  let lines = 0
  /** Takes the line bytes[from..stop), of which the message begins at `start`. */
  const message = (
    bytes: Buffer,
    view: DataView,
    from: number,
    start: number,
    stop: number,
    file: string,
    base: number,
  ) => {
    lines++
    const offset = base + from
    const end = bytes[stop - 1] === RETURN && stop > from ? stop - 1 : stop
    clear(told)
    const isKnown = start !== -1 && start < end
    const verdict = isKnown ? read.tag.speaker(bytes, view, start, end, told, names) : 'unknown'
    // The one place from which it is asked: V8 throws away what it compiled before a call was first made.
    if (verdict === 'unknown') {
      longWay(bytes, from, stop, file, offset)
      return
    }
    clock.at = read.at
    clock.isAhead = true
    if (verdict === 'passed') {
      count.pass()
      return
    }
    told.at = read.at
    told.host = read.host
    told.file = file
    told.offset = offset
    if (verdict === 'quiet') {
      count.quiet(told)
      return
    }
    told.program = read.tag.program
    told.pid = read.pid
    count.tell(told)
    const next = before
    before = told
    told = next
  }
  return {
    // What stands before a message holds no newline, so that one is looked for behind it.
    next(bytes, view, from, length, file, base) {
      let at = from
      while (bytes[at] === 0 && at < length) at++
      const start = prefixes.past(bytes, view, at, length, base)
      const newline = newlineFrom(bytes, view, start === -1 ? at : start, length)
      if (newline === -1) return -1
      message(bytes, view, at, start, Math.min(newline, at + longestLine), file, base)
      return newline + 1
    },
    line(bytes, view, from, stop, file, offset) {
      const base = offset - from
      message(bytes, view, from, prefixes.past(bytes, view, from, stop, base), stop, file, base)
    },
    taken() {
      const taken = lines
      lines = 0
      return taken
    },
    settle,
  }
}

const RETURN = 13

function clear(told: Told): void {
  told.kind = 'session'
  told.ip = undefined
  told.isNumeric = false
  told.port = undefined
  told.user = undefined
  told.method = undefined
  told.witness = undefined
  told.count = 1
  told.of = undefined
  told.tty = undefined
  told.text = undefined
  told.total = false
  told.more = false
  told.end = false
  told.preauth = false
  told.undecided = false
}
