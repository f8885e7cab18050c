import type { Position } from '../../shared/checkpoint.ts'
import type { Gap } from '../../shared/finding.ts'
import type { JournalRecord } from '../parse/journal.ts'

/** A whole line of a log file, without its newline. */
export type Line = {
  /** Offset of its first byte in the (decompressed) file. */
  offset: number
  text: string
}

/** Whole lines as they stand in their log, from offset `base` of it to the last one's newline. */
export type Piece = { bytes: Buffer; base: number }

/** An entry of the journal with the offset it is known by inside its boot. */
export type Entry = { offset: number; record: JournalRecord }

/**
 * What a source gives, in the order of the log. `position` is where to go on after what was given;
 * a checkpoint taken there and resumed later gives the same lines as never having stopped.
 *
 * lines    the next whole lines of one file
 * bytes    the same as they stand there, the first at offset `base`, where `asBytes` was asked for; they
 *          are others' as soon as the next reading is asked for
 * entries  the next entries of one boot of the journal
 * ended    a file was read to its end: time for a checkpoint at the beginning of the newer one
 * gap      something could not be read
 * waiting  everything there is has been read; the next reading comes when there is more
 */
export type Reading =
  | { kind: 'lines'; file: string; name: string; lines: Line[]; position: Position; lag: number }
  | ({ kind: 'bytes'; file: string; name: string; position: Position; lag: number } & Piece)
  | { kind: 'entries'; boot: string; entries: Entry[]; position: Position }
  | { kind: 'ended'; file: string; position: Position }
  | { kind: 'gap'; gap: Omit<Gap, 'at'>; position: Position | null }
  | { kind: 'waiting'; trouble: string }

/** How to open a source. */
export type Opening = {
  /** Where the collector says this source stands; null on first contact. */
  from: Position | null
  /** ms UTC: on first contact files that ended before this are passed over; null reads everything. */
  since: number | null
  /** Text is given as `bytes`; a journal has none. */
  asBytes?: true
  signal: AbortSignal
}

/** A log that can be read from any position. Ends only by its signal; what it cannot read it waits for. */
export type Source = {
  name: string
  read: (opening: Opening) => AsyncGenerator<Reading, void, void>
}
