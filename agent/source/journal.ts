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
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import type { JournalPosition } from '../../shared/checkpoint.ts'
import { openExport } from '../parse/export.ts'
import { type Cursor, cursorIn, type JournalRecord, readEntry } from '../parse/journal.ts'
import type { Entry, Opening, Reading, Source } from './source.ts'
import { cannotReadJournal, isPartial } from './trouble.ts'

export type JournalSettings = {
  /** Program and leading arguments. */
  command: readonly [string, ...string[]]
  /** Folder of journal files to read instead of the host's own. */
  directory: string | null
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

/** What can matter to us: the facilities auth (4) and authpriv (10), the daemons by their own names, and journald saying that it dropped messages (sd-messages.h: SD_MESSAGE_JOURNAL_DROPPED). */
const daemons = ['sshd', 'sshd-session', 'sshd-auth', 'dropbear']
const matches = [
  ...['SYSLOG_FACILITY=4', 'SYSLOG_FACILITY=10'],
  ...['+', ...daemons.map((name) => `_COMM=${name}`)],
  ...['+', ...daemons.map((name) => `SYSLOG_IDENTIFIER=${name}`)],
  ...['+', '_TRANSPORT=driver', 'MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e'],
]

/** Opens the journal; it may be unreadable or empty as yet. */
export function openJournal(settings: Partial<JournalSettings> = {}): Source {
  const all = { ...usual, ...settings }
  return { name: 'journal', read: (opening) => readJournal(all, opening) }
}

async function* readJournal(settings: JournalSettings, opening: Opening): Readings {
  const { from, since, signal } = opening
  if (from !== null && from.kind !== 'journal')
    throw new TypeError('a journal has its own positions')
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

type Child = ChildProcessByStdio<null, Readable, Readable>

/**
 * Reads one journalctl: all there is, or what follows. Gives the sentence why it failed, null where
 * it came to its end.
 */
async function* readChild(journal: Journal, follow: boolean): Readings<string | null> {
  const [program, ...leading] = journal.settings.command
  const child: Child = spawn(program, [...leading, ...argumentsFor(journal, follow)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  const gone = once(child, 'close').catch((error: unknown) => error)
  const said = listen(child)
  const end = () => child.kill('SIGTERM')
  journal.signal.addEventListener('abort', end)
  try {
    const met = yield* readOutput(journal, child, said, follow)
    if (journal.signal.aborted) return null
    if (isPartial(said())) return cannotReadJournal(said())
    const result = await gone
    if (result instanceof Error) return cannotReadJournal(result)
    if (child.exitCode !== 0) return cannotReadJournal(said())
    if (!met && !follow && said() === '') yield* vacuumed(journal)
    return null
  } finally {
    journal.signal.removeEventListener('abort', end)
    end()
  }
}

function argumentsFor({ settings, here, since }: Journal, follow: boolean): string[] {
  const where = settings.directory === null ? [] : [`--directory=${settings.directory}`]
  const shape = ['--no-pager', '--output=export', ...(follow ? ['--follow', '--no-tail'] : [])]
  if (here !== null) return [...shape, ...where, `--cursor=${here.cursor}`, ...matches]
  const start = since === null ? [] : [`--since=@${Math.floor(since / 1000)}`]
  return [...shape, ...where, ...start, ...matches]
}

/** Keeps the last words on stderr. */
function listen(child: Child): () => string {
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    words = (words + more).slice(-4096)
  })
  return () => words
}

/** Gives what a journalctl prints; tells whether the cursor that was asked for was dealt with. */
async function* readOutput(
  journal: Journal,
  child: Child,
  said: () => string,
  follow: boolean,
): Readings<boolean> {
  const entries = openExport()
  const output = child.stdout[Symbol.asyncIterator]()
  let expected = journal.here === null ? null : cursorIn(journal.here.cursor)
  while (!journal.signal.aborted) {
    const next = output.next()
    if (follow && (await isQuiet(next, journal.settings.quiet)) && !isPartial(said())) {
      yield* tell(journal, said() === '' ? '' : cannotReadJournal(said()))
    }
    const { done, value } = await next
    // What came on stderr at the same time has been taken in after one turn.
    await setImmediate()
    if (done || isPartial(said())) break
    const fresh = entries.push(value).map(readEntry)
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
    if (unread) yield oversize(next)
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

function oversize(position: JournalPosition): Reading {
  const text = 'an entry of the journal has no message, or one longer than is read'
  const gap = { file: position.boot, offset: position.offset, kind: 'oversize', text } as const
  return { kind: 'gap', gap, position }
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
  const text = 'journal entries were removed before they were read'
  const gap = { file: here.boot, offset: here.offset, kind: 'vacuumed', text } as const
  yield { kind: 'gap', gap, position: here }
}
