/** Where the next report begins and ends. */
import type { Database } from '../database.ts'
import type { PartState } from './parts.ts'
import type { Range } from './window.ts'

const always = -8.64e15

/** What the next report covers, and the reports it takes over. */
export type Stretch = {
  range: Range
  /** ms UTC. */
  from: number | null
  superseded: number[]
  merged: number
  previous: unknown
}

/**
 * Everything that arrived since the last period report; where the last ones wait unsent, what they
 * covered as well (three days without Telegram must not end in 72 messages).
 */
export function unreported(db: Database): Stretch {
  const unsent = firstUnsent(db)
  const previous = db
    .prepare(`
      SELECT id, to_n, to_gap, to_at, digest FROM report
      WHERE kind = 'period' AND superseded IS NULL AND id < ? ORDER BY id DESC LIMIT 1`)
    .get(unsent ?? Number.MAX_SAFE_INTEGER)
  const superseded = unsent === null ? [] : periodsFrom(db, unsent)
  const first = superseded[0]
  const fromN = first?.fromN ?? Number(previous?.['to_n'] ?? 0)
  const fromGap = first?.fromGap ?? Number(previous?.['to_gap'] ?? 0)
  return {
    range: {
      fromReport: Number(previous?.['id'] ?? 0),
      fromN,
      fromGap,
      ...newest(db, fromN, fromGap),
      since: always,
    },
    from: first?.from ?? (previous === undefined ? null : Number(previous['to_at'])),
    superseded: superseded.map(({ id }) => id),
    merged: superseded.filter(({ parts }) => parts > 0).length,
    previous: previous === undefined ? null : JSON.parse(String(previous['digest'])),
  }
}

/** Everything that happened since a moment (ms UTC), whenever it arrived. */
export function happened(db: Database, since: number): Stretch {
  const range = { fromReport: 0, fromN: 0, fromGap: 0, ...newest(db, 0, 0), since }
  return { range, from: since, superseded: [], merged: 0, previous: null }
}

/** The number up to which no report will ever tell findings again: what is on its way may yet be taken over. */
export function toldThrough(db: Database): number {
  const unsent = firstUnsent(db, [...unsentStates, 'sending'])
  const row =
    unsent === null
      ? db.prepare("SELECT max(to_n) AS n FROM report WHERE kind = 'period'").get()
      : db.prepare('SELECT from_n AS n FROM report WHERE id = ?').get(unsent)
  return Number(row?.['n'] ?? 0)
}

const unsentStates: readonly PartState[] = ['ready', 'held', 'refused']

/** The first of the period reports behind the last one of which anything may have arrived. */
function firstUnsent(db: Database, states = unsentStates): number | null {
  const row = db
    .prepare(`
      SELECT id FROM report
      WHERE kind = 'period' AND superseded IS NULL
        AND EXISTS (SELECT 1 FROM outbox WHERE report = report.id)
        AND id > coalesce((
          SELECT report.id FROM report JOIN outbox ON outbox.report = report.id
          WHERE kind = 'period' AND superseded IS NULL
            AND NOT (state IN (SELECT value FROM json_each(?)) AND doubts = 0)
          ORDER BY report.id DESC LIMIT 1), 0)
      ORDER BY id LIMIT 1`)
    .get(JSON.stringify(states))
  return row === undefined ? null : Number(row['id'])
}

type Period = { id: number; fromN: number; fromGap: number; from: number; parts: number }

function periodsFrom(db: Database, id: number): Period[] {
  return db
    .prepare(`
      SELECT id, from_n AS fromN, from_gap AS fromGap, from_at AS "from",
        (SELECT count(*) FROM outbox WHERE report = report.id) AS parts
      FROM report WHERE kind = 'period' AND superseded IS NULL AND id >= ? ORDER BY id`)
    .all(id) as Period[]
}

// Never below the start: retention may have removed every row the last report ended with.
function newest(db: Database, fromN: number, fromGap: number): { toN: number; toGap: number } {
  const row = db
    .prepare('SELECT (SELECT max(n) FROM finding) AS n, (SELECT max(id) FROM gap) AS gap')
    .get()
  return {
    toN: Math.max(fromN, Number(row?.['n'] ?? 0)),
    toGap: Math.max(fromGap, Number(row?.['gap'] ?? 0)),
  }
}
