/**
 * Entries of the systemd journal, as `journalctl -o json` prints them or as its export format
 * carries them (systemd docs/JOURNAL_EXPORT_FORMATS.md). Fields that begin with an underscore were
 * set by journald itself; everything else was said by whoever logged.
 */
export type JournalRecord = {
  /** ms UTC; null where the entry bears no time. */
  at: number | null
  host: string | null
  program: string | null
  pid: number | null
  /** Null where journald left it out because it was too large. */
  message: string | null
  /** Who logged it, as the kernel told journald; null where journald did not know. */
  uid: number | null
  cursor: Cursor | null
}

/** The parts of `__CURSOR`: (b, m, t, x) name an entry even after it was copied to another file. */
export type Cursor = { s: string; i: string; b: string; m: string; t: string; x: string }

/** One object of `journalctl -o json`; null where the value is no journal entry. */
export function readJson(value: unknown): JournalRecord | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const fields = new Map<string, unknown>(Object.entries(value))
  if (!fields.has('__CURSOR') && !fields.has('MESSAGE')) return null
  return recordOf((name) => textOf(fields.get(name)))
}

/** One entry of the export format, as `openExport` gives it. */
export function readEntry(entry: ReadonlyMap<string, string>): JournalRecord {
  return recordOf((name) => entry.get(name) ?? null)
}

function recordOf(field: (name: string) => string | null): JournalRecord {
  const microseconds = numberIn(field('__REALTIME_TIMESTAMP'))
  return {
    at: microseconds === null ? null : Math.floor(microseconds / 1000),
    host: field('_HOSTNAME'),
    program: field('SYSLOG_IDENTIFIER') ?? field('_COMM'),
    pid: numberIn(field('_PID')) ?? numberIn(field('SYSLOG_PID')),
    message: field('MESSAGE'),
    uid: numberIn(field('_UID')),
    cursor: cursorIn(field('__CURSOR')),
  }
}

/** A value is a string, the bytes of one that is no plain text, null, or several of these. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return null
  if (value.length > 0 && value.every(isByte)) return Buffer.from(value).toString('utf8')
  for (const one of value) {
    const text = Array.isArray(one) && !one.every(isByte) ? null : textOf(one)
    if (text !== null) return text
  }
  return null
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255
}

function numberIn(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : null
}

/** Takes `s=…;i=…;b=…;m=…;t=…;x=…` apart; null where it is no cursor. */
export function cursorIn(text: string | null): Cursor | null {
  const match = text === null ? null : CURSOR.exec(text)
  if (match === null) return null
  const [, s = '', i = '', b = '', m = '', t = '', x = ''] = match
  return { s, i, b, m, t, x }
}

const HEX = '([0-9a-f]{1,64})'
const CURSOR = new RegExp(`^s=${HEX};i=${HEX};b=${HEX};m=${HEX};t=${HEX};x=${HEX}$`)
