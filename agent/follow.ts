/**
 * One source over one connection: from where the collector says it stands, line by line into
 * findings, with a checkpoint behind them about once a second, and the less often the more sessions it
 * has to tell of: of a host under attack it is 200 kB. Nothing is kept when the connection
 * ends; the next one starts from its own welcome.
 */
import { type Checkpoint, nothingRead, type Position } from '../shared/checkpoint.ts'
import { longestSentence } from '../shared/finding.ts'
import type { SourceState } from '../shared/wire.ts'
import { gather } from './fold/count.ts'
import { openCount } from './fold/fold.ts'
import { toldBy } from './fold/told.ts'
import type { Link } from './link/link.ts'
import { readPiece } from './parse/bytes/chunk.ts'
import { openReader } from './parse/bytes/reader.ts'
import type { Parsed } from './parse/event.ts'
import { openParser } from './parse/parse.ts'
import { openSender, type Sender } from './sender.ts'
import type { Reading, Source } from './source/source.ts'

/** Everything around following that is not the log itself. Times in ms UTC. */
export type Following = {
  source: Source
  link: Pick<Link, 'submit' | 'signal'>
  /** What the collector has stored of this source, if anything. */
  checkpoint: Checkpoint | undefined
  /** On first contact, report nothing older than this; null reports everything. */
  since: number | null
  timeZone: string
  isOwn: (host: string) => boolean
  now: () => number
  /** Told whenever the source's state changes. */
  stands: (state: SourceState) => void
}

/**
 * A file that no longer holds what was read from it is read from its beginning, and most of that is what
 * was read: a power cut took its end. Up to the offset that was read, findings from before the last line
 * understood stay here: counted again, a week's log would be a wrong count, where the gap says only that
 * there may be more. `since` is what holds behind that.
 */
type Again = { file: string; upto: number; since: number | null }

const checkpointEvery = 1000
const sessionsEach = 500

/** Follows until the connection ends. Rejects when it does, or when the source itself fails. */
export async function follow(following: Following): Promise<void> {
  const { source, link, checkpoint, now } = following
  let since = checkpoint === undefined ? following.since : checkpoint.since
  const sender = openSender(source.name, link, since)
  const reading = source.read({
    from: checkpoint?.position ?? null,
    since,
    asBytes: true,
    signal: link.signal,
  })
  const understand = openUnderstanding(following, sender)
  let position: Position | null = checkpoint?.position ?? null
  let saved = 0
  let every = checkpointEvery
  const save = async (at: number): Promise<void> => {
    if (position === null) return
    const state = understand.state()
    saved = at
    every = checkpointEvery * Math.max(1, state.open.sessions.length / sessionsEach)
    await sender.checkpoint({ position, since, ...state })
  }
  // A clock set back by half a day once held up the next checkpoint, and with it the end, for as long.
  const untilDue = (): number => {
    const passed = now() - saved
    return passed < 0 ? 0 : Math.max(0, every - passed)
  }

  let again = null as Again | null
  const startAt = (at: number | null): void => {
    since = at
    sender.startAt(at)
  }
  const readAgain = (from: Position | null): void => {
    const { clock } = understand.state()
    if (position?.kind !== 'file' || from?.kind !== 'file' || from.offset > 0) return
    // By a clock that was ahead nobody can tell what was read from what was not.
    if (clock === null || clock > now()) return
    again = { file: from.file, upto: position.offset, since: again?.since ?? since }
    startAt(Math.max(since ?? clock, clock))
  }
  const isPast = ({ file, upto }: Again): boolean =>
    position?.kind !== 'file' || position.file !== file || position.offset >= upto

  let later: NodeJS.Timeout | undefined
  link.signal.addEventListener('abort', () => clearTimeout(later))
  for await (const read of reading) {
    clearTimeout(later)
    following.stands(stateOf(source.name, read))
    switch (read.kind) {
      case 'lines':
      case 'bytes':
      case 'entries':
        await understand.take(read)
        position = read.position
        if (again !== null && isPast(again)) {
          startAt(again.since)
          again = null
        }
        // What is left of this look leaves with it: each frame costs a wake-up and an acknowledgement.
        if (read.kind === 'entries' || read.lag === 0) await sender.flush()
        if (untilDue() === 0) await save(now())
        break
      case 'ended':
        position = read.position
        await save(now())
        break
      case 'gap':
        await sender.gap({ ...read.gap, at: understand.clock() })
        if (read.gap.kind === 'rewritten') readAgain(read.position)
        if (read.position !== null) {
          position = read.position
          await save(now())
        }
        break
      case 'waiting':
        await sender.flush()
        // The last lines of a burst wait for their checkpoint until its second is over.
        if (!sender.isAhead()) break
        later = setTimeout(() => save(now()).catch(ignoreLost), untilDue())
    }
  }
}

// The loop itself ends with the connection and says why.
function ignoreLost(): void {}

// --- understanding -----------------------------------------------------------------------------

type Understandable = Extract<Reading, { kind: 'lines' | 'bytes' | 'entries' }>

type Understanding = {
  take: (read: Understandable) => Promise<void>
  clock: () => number
  state: () => Pick<Checkpoint, 'clock' | 'open'>
}

function openUnderstanding(following: Following, sender: Sender): Understanding {
  const { checkpoint, timeZone, isOwn, now } = following
  const parser = openParser({ zone: timeZone, reference: now(), last: checkpoint?.clock ?? null })
  const found = gather()
  const count = openCount(checkpoint?.open ?? nothingRead, found)
  const reader = openReader(parser, count, isOwn, now())
  const clock = (): number => parser.last() ?? now()
  const tell = (parsed: Parsed, file: string, offset: number): void => {
    if (parsed.event === null) count.pass()
    else {
      const at = parsed.at ?? clock()
      count.tell(toldBy({ ...parsed, at }, parsed.event, { file, offset }, isOwn))
    }
  }
  const understand = (read: Understandable): void => {
    switch (read.kind) {
      case 'bytes':
        readPiece(reader, read, read.file)
        reader.settle()
        return
      case 'lines':
        for (const { text, offset } of read.lines) tell(parser.line(text), read.file, offset)
        return
      case 'entries':
        for (const { record, offset } of read.entries) {
          tell(parser.record(record), read.boot, offset)
        }
    }
  }
  return {
    take: async (read) => {
      understand(read)
      await sender.add(found.take())
    },
    clock,
    state: () => ({ clock: parser.last(), open: count.save() }),
  }
}

function stateOf(source: string, read: Reading): SourceState {
  switch (read.kind) {
    case 'lines':
    case 'bytes':
      return { source, reading: read.name, lag: read.lag, trouble: '' }
    case 'entries':
      return { source, reading: 'journal', lag: null, trouble: '' }
    case 'ended':
    case 'gap':
      return { source, reading: '', lag: null, trouble: '' }
    case 'waiting':
      return { source, reading: '', lag: 0, trouble: read.trouble.slice(0, longestSentence) }
  }
}
