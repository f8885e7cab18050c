/** One reader of a log at work: what it knows, and the steps it takes. */
import type { FilePosition } from '../../shared/checkpoint.ts'
import type { Gap } from '../../shared/finding.ts'
import { type Copy, codeOf, type HeadCache } from './files.ts'
import { splitIdentity } from './identity.ts'
import type { Reading } from './source.ts'
import { type End, openTail, type Tail } from './tail.ts'
import { packedTrouble } from './trouble.ts'
import type { LogWatch } from './watch.ts'

/** Times in ms. */
export type LogFileSettings = {
  /** How long something is looked for before it is a gap. */
  patience: number
  /** How long an incomplete archive may stand still before what it lacks is a gap. */
  stalled: number
  /** The slow look that stands in where inotify says nothing. */
  poll: number
  /** The look where it says everything: events are lost only by a queue of the kernel's that was full. */
  rare: number
  /** A clock that never goes back. */
  now: () => number
}

/** One reader at work. */
export type Log = {
  path: string
  settings: LogFileSettings
  signal: AbortSignal
  /** Lines are given as bytes. */
  asBytes: boolean
  watch: LogWatch
  cache: HeadCache
  here: FilePosition | null
  /** The descriptor being followed, which outlives its name; it stands at `here`. */
  held: Tail | null
  /** What is to be looked at again before it is believed, and since when. */
  doubt: { why: string; since: number } | null
  /** The trouble last told while waiting; null after there was something to read. */
  told: string | null
  /** Packed names already complained of. */
  complained: Set<string>
  /** Newer files seen in earlier listings: identity to name. */
  ahead: Map<string, string>
  /** Bytes on disk in files newer than the one being read. */
  behind: number
}

export type Readings<T = void> = AsyncGenerator<Reading, T, void>

/**
 * Gives the lines up to the present end of a file; also stops there when the signal says so. Of one that
 * goes on being followed the end is not looked for once more: what comes behind it is noticed.
 */
export async function* drain(log: Log, tail: Tail, goesOn: boolean): Readings<End> {
  while (!log.signal.aborted) {
    const chunk = await tail.next()
    if (chunk.kind !== 'lines') return chunk
    const here = placeOf(log)
    for (const offset of chunk.oversize) {
      const text = `a line of ${here.name} was longer than 64 KiB and was cut`
      yield gap({ ...here, offset }, 'oversize', text, here)
    }
    log.here = { ...here, offset: tail.offset(), before: tail.before() }
    log.doubt = null
    log.told = null
    const lag = (chunk.last ? 0 : await tail.left()) + log.behind
    const { file, name } = here
    const around = { file, name, position: log.here, lag }
    yield log.asBytes
      ? { kind: 'bytes', ...chunk.piece, ...around }
      : { kind: 'lines', lines: chunk.lines(), ...around }
    if (chunk.last && goesOn) break
  }
  return { kind: 'end', torn: 0, cut: null }
}

/** Opens a copy at the position; null where it does not fit or has just gone. */
export async function openCopy(log: Log, copy: Copy): Promise<Tail | null> {
  const here = placeOf(log)
  const { head } = splitIdentity(here.file)
  try {
    return await openTail(copy.path, copy.form, { head, offset: here.offset, before: here.before })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Whether something doubtful has now been so for `patience`; until then waits for a change. */
export async function believed(
  log: Log,
  why: string,
  patience = log.settings.patience,
): Promise<boolean> {
  const now = log.settings.now()
  if (log.doubt?.why !== why) log.doubt = { why, since: now }
  const left = log.doubt.since + patience - now
  if (left > 0) await log.watch.next(left)
  else log.doubt = null
  return left <= 0
}

/** Says once that everything there is has been read, and waits for more, `within` ms at the longest. */
export async function* rest(log: Log, trouble: string, within = log.settings.poll): Readings {
  yield* tell(log, trouble)
  await log.watch.next(within)
}

export async function* tell(log: Log, trouble: string): Readings {
  if (log.told === trouble || log.signal.aborted) return
  log.told = trouble
  yield { kind: 'waiting', trouble }
}

export async function* complain(log: Log, names: string[]): Readings {
  const fresh = names.filter((name) => !log.complained.has(name))
  for (const name of fresh) log.complained.add(name)
  if (fresh.length > 0) yield* tell(log, packedTrouble(fresh))
}

export function gap(
  at: FilePosition,
  kind: Gap['kind'],
  text: string,
  position: FilePosition | null,
): Reading {
  return { kind: 'gap', gap: { file: at.file, offset: at.offset, kind, text }, position }
}

export function placeOf(log: Log): FilePosition {
  if (log.here === null) throw new Error('reading without a position')
  return log.here
}

export async function letGo(log: Log): Promise<void> {
  const { held } = log
  log.held = null
  await held?.close()
}
