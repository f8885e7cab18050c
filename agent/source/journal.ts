/**
 * The systemd journal by way of journalctl, read from any position. Three of its traps shape this
 * file (seen with systemd 252): `--after-cursor` together with a match leaves out an entry, so the
 * entry at the cursor is asked for, too, and dropped here; `--follow` alone shows only the last ten
 * entries; and `--follow` shows only the current boot, whatever `--boot` says (systemd#36102), so
 * what the last boot left unread is read first, without it.
 *
 * The export format is read, not JSON: there a message of one MiB that is no UTF-8 would come as a
 * list of a million numbers, and one without an end could not be passed over.
 *
 * Known by their boot and their monotonic time, entries keep their identity when journald copies
 * them into another file. Positions are the cursors of entries that matched.
 */
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import type { JournalPosition } from '../../shared/checkpoint.ts'
import type { Gap } from '../../shared/finding.ts'
import { openExport } from '../parse/export.ts'
import { type Cursor, cursorIn, type JournalRecord, readEntry } from '../parse/journal.ts'
import { type Asked, type Journalctl, startJournalctl } from './journalctl.ts'
import type { Entry, Opening, Reading, Source } from './source.ts'
import { cannotReadJournal } from './trouble.ts'

export type JournalSettings = Pick<Asked, 'command' | 'directory'> & {
  /** ms before journalctl is started again, doubled each time it ends without having given anything. */
  again: { first: number; most: number }
  /** ms without output after which everything is taken as read. */
  quiet: number
}

const usual: JournalSettings = {
  command: ['journalctl'],
  directory: null,
  again: { first: 1_000, most: 60_000 },
  quiet: 200,
}

/** Most entries given at once. */
const mostEntries = 500

/** Opens the journal; it may be unreadable or empty as yet. */
export function openJournal(settings: Partial<JournalSettings> = {}): Source {
  const all = { ...usual, ...settings }
  return { name: 'journal', read: (opening) => readJournal(all, opening) }
}

async function* readJournal(settings: JournalSettings, opening: Opening): Readings {
  const { from, since, signal } = opening
  if (from !== null && from.kind !== 'journal') throw new TypeError('not a position in a journal')
  const journal: Journal = { settings, since, signal, here: from, told: null, mourned: null }
  let wait = settings.again.first
  while (!signal.aborted) {
    const before = journal.here
    const trouble = (yield* readChild(journal, false)) ?? (yield* readChild(journal, true))
    if (signal.aborted) return
    wait = journal.here === before ? Math.min(wait * 2, settings.again.most) : settings.again.first
    yield* tell(journal, trouble ?? cannotReadJournal(''))
    await delay(wait, undefined, { signal }).catch(() => {})
  }
}

type Readings<T = void> = AsyncGenerator<Reading, T, void>

type Journal = {
  settings: JournalSettings
  since: number | null
  signal: AbortSignal
  here: JournalPosition | null
  /** The trouble last told while waiting; null after there was something to read. */
  told: string | null
  /** The cursor last found to be gone. */
  mourned: string | null
}

/**
 * Reads one journalctl: all there is, or what follows. Gives the sentence why it failed, null where
 * it came to its end.
 */
async function* readChild(journal: Journal, follow: boolean): Readings<string | null> {
  const { settings, since, signal, here } = journal
  const child = startJournalctl({ ...settings, since, follow, cursor: here?.cursor ?? null })
  signal.addEventListener('abort', child.stop)
  try {
    const met = yield* readOutput(journal, child, follow)
    if (signal.aborted) return null
    if (child.partial()) return child.trouble()
    const failure = await child.ended()
    if (failure === null && !met && !follow && child.trouble() === '') yield* vacuumed(journal)
    return failure
  } finally {
    signal.removeEventListener('abort', child.stop)
    child.stop()
  }
}

/** Gives what a journalctl prints; tells whether the cursor that was asked for was dealt with. */
async function* readOutput(
  journal: Journal,
  child: Journalctl,
  follow: boolean,
): Readings<boolean> {
  const entries = openExport()
  let expected = journal.here === null ? null : cursorIn(journal.here.cursor)
  while (!journal.signal.aborted) {
    const next = child.next()
    if (follow && (await isQuiet(next, journal.settings.quiet))) {
      yield* tell(journal, child.trouble())
    }
    const piece = await next
    // What came on stderr at the same time has been taken in after one turn.
    await setImmediate()
    if (piece === null || child.partial()) break
    const fresh = entries.push(piece).map(readEntry)
    const [first] = fresh
    if (expected !== null && first !== undefined) {
      if (isSame(expected, first.cursor)) fresh.shift()
      // One that follows shows the current boot alone, which the cursor need not be in.
      else if (!follow) yield* vacuumed(journal)
      expected = null
    }
    yield* give(journal, fresh)
  }
  return expected === null
}

async function isQuiet(next: Promise<unknown>, within: number): Promise<boolean> {
  const timer = new AbortController()
  const silence = delay(within, true, { signal: timer.signal }).catch(() => false)
  const quiet = await Promise.race([next.then(() => false), silence])
  timer.abort()
  return quiet
}

/** One entry, whatever file it stands in; journald keys `i` and `s` by the file. */
function isSame(one: Cursor, other: Cursor | null): boolean {
  return other !== null && one.b === other.b && one.m === other.m && one.x === other.x
}

/** Gives the entries of each boot together, at most 500 at once. */
async function* give(journal: Journal, fresh: JournalRecord[]): Readings {
  let entries: Entry[] = []
  for (const record of fresh) {
    if (record.cursor === null) continue
    const { here } = journal
    const next = numbered(here, record.cursor)
    const unread = record.message === null
    if (entries.length === mostEntries || next.boot !== here?.boot || unread) {
      yield* batch(journal, entries)
      entries = []
    }
    journal.here = next
    journal.told = null
    if (unread)
      yield gap(next, 'oversize', 'a journal entry has no message, or one too long to read')
    else entries.push({ offset: next.offset, record })
  }
  yield* batch(journal, entries)
}

async function* batch(journal: Journal, entries: Entry[]): Readings {
  const position = journal.here
  if (position === null || entries.length === 0) return
  yield { kind: 'entries', boot: position.boot, entries, position }
}

/** The position of an entry: its monotonic time in µs, but always above the entry before it. */
function numbered(here: JournalPosition | null, cursor: Cursor): JournalPosition {
  const { s, i, b, m, t, x } = cursor
  const above = here?.boot === b ? here.offset + 1 : 0
  const offset = Math.min(Math.max(Number.parseInt(m, 16), above), Number.MAX_SAFE_INTEGER)
  return { kind: 'journal', cursor: `s=${s};i=${i};b=${b};m=${m};t=${t};x=${x}`, boot: b, offset }
}

async function* tell(journal: Journal, trouble: string): Readings {
  if (journal.told === trouble || journal.signal.aborted) return
  journal.told = trouble
  yield { kind: 'waiting', trouble }
}

async function* vacuumed(journal: Journal): Readings {
  const { here } = journal
  if (here === null || journal.mourned === here.cursor) return
  journal.mourned = here.cursor
  yield gap(here, 'vacuumed', 'journal entries were removed before they were read')
}

function gap(position: JournalPosition, kind: Gap['kind'], text: string): Reading {
  return {
    kind: 'gap',
    gap: { file: position.boot, offset: position.offset, kind, text },
    position,
  }
}
