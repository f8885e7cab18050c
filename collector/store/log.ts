/**
 * The collector's own log: agents coming and going, alerts, reports, administration. Kept in the
 * database, so that the administration commands, which are other processes, write the same one.
 */
import type { Database } from './database.ts'

/** One line of it; `at` is ms UTC. */
export type LogEntry = { id: number; at: number; kind: string; text: string }

export type LogAsked = {
  before?: number | undefined
  limit: number
  kind?: string | undefined
  /** Part of the text. */
  q?: string | undefined
}

export type Log = {
  /** Adds a line, inside whatever transaction is open; watchers hear of it once it is committed. */
  append: (kind: string, text: string) => void
  /** The newest lines, newest first; `before` an id for older ones, `kind` and `q` only those. */
  newest: (asked: LogAsked) => LogEntry[]
  /** The newest lines above an id, at most `limit`, oldest first, and how many more there were. */
  after: (id: number, limit: number) => { rows: LogEntry[]; missed: number }
  /** Id of the last line, 0 before the first. */
  last: () => number
  /** Tells watchers of lines that another process wrote; cheap where none did. */
  lookForForeign: () => void
}

/** Those who watch: told of lines once they are committed. */
export type Audience = {
  publish: (news: { kind: 'log'; entry: LogEntry }) => void
  watched: () => boolean
}

/** Takes the open database, a clock (ms UTC) and, where somebody may watch, those who do. */
export function openLog(db: Database, now: () => number, audience?: Audience): Log {
  const announcer = audience && openAnnouncer(db, audience)
  return {
    append: (kind, text) => {
      db.prepare('INSERT INTO log (at, kind, text) VALUES (?, ?, ?)').run(now(), kind, text)
      announcer?.afterCommit()
    },
    newest: ({ before = Number.MAX_SAFE_INTEGER, limit, kind, q = '' }) => {
      const conditions = [
        ...(kind === undefined ? [] : [{ sql: 'AND kind = ?', value: kind }]),
        ...(q === '' ? [] : [{ sql: 'AND instr(lower(text), lower(?))', value: q }]),
      ]
      const also = conditions.map(({ sql }) => sql).join(' ')
      return db
        .prepare(`SELECT id, at, kind, text FROM log WHERE id < ? ${also} ORDER BY id DESC LIMIT ?`)
        .all(before, ...conditions.map(({ value }) => value), limit)
        .map(entryOf)
    },
    after: (id, limit) => after(db, id, limit),
    last: () => last(db),
    lookForForeign: () => announcer?.lookForForeign(),
  }
}

// News are read back from the database instead of being passed on, so that a line rolled back is
// never told, and lines of other processes come in their place.
function openAnnouncer(db: Database, audience: Audience) {
  let told = last(db)
  let version = db.version()
  let waiting = false
  const announce = () => {
    // With nobody to tell, the database may be closed by now.
    if (!audience.watched()) return
    for (const entry of after(db, told, 1000).rows) {
      told = entry.id
      audience.publish({ kind: 'log', entry })
    }
  }
  return {
    afterCommit: () => {
      if (waiting) return
      waiting = true
      // A transaction is synchronous: by the next microtask it is committed or gone.
      queueMicrotask(() => {
        waiting = false
        announce()
      })
    },
    lookForForeign: () => {
      if (db.version() === version) return
      version = db.version()
      announce()
    },
  }
}

function after(db: Database, id: number, limit: number) {
  const rows = db
    .prepare('SELECT id, at, kind, text FROM log WHERE id > ? ORDER BY id DESC LIMIT ?')
    .all(id, limit)
    .map(entryOf)
    .reverse()
  const missed = rows.length < limit ? 0 : (rows[0]?.id ?? id + 1) - id - 1
  return { rows, missed }
}

function last(db: Database): number {
  return Number(db.prepare('SELECT coalesce(max(id), 0) AS id FROM log').get()?.['id'])
}

function entryOf(row: Record<string, unknown>): LogEntry {
  return {
    id: Number(row['id']),
    at: Number(row['at']),
    kind: String(row['kind']),
    text: String(row['text']),
  }
}
