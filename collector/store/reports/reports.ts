/**
 * Reports as they are stored. Period reports cut the findings, in the order of their arrival, into
 * stretches that touch and never overlap; the row, its parts and the end of the stretch are one
 * commit, so a finding is told in exactly one of them however late it came.
 */
import Type from 'typebox'
import { checker } from '../../../shared/check.ts'
import type { Database } from '../database.ts'
import {
  type Claim,
  claimPart,
  Entity,
  nextDue,
  type Part,
  type PartState,
  type PartText,
  queueParts,
  type ReportKind,
  requeueParts,
  type Settled,
  settlePart,
} from './parts.ts'
import { happened, type Stretch, unreported } from './stretch.ts'
import { type Range, readWindow, type Window } from './window.ts'

/** What a report is made from. */
export type Closing = {
  /** The number people see. */
  number: number
  /** ms UTC; `from` is null where nothing was reported before. */
  from: number | null
  to: number
  window: Window
  /** The digest of the period report before, as it was stored. */
  previous: unknown
  /** How many earlier reports this one covers because they never left. */
  merged: number
  /** ms UTC of the last period report that had something to say; null before the first. */
  spoke: number | null
}

/** What a report says; no parts where there is nothing to say. */
export type Composed = { digest: unknown; parts: readonly PartText[]; loud: boolean }

/** Makes a report; runs inside the transaction that stores it. */
export type Compose = (closing: Closing) => Composed

export type Closed = { number: number; parts: number; merged: number }

export type StoredReport = {
  number: number
  kind: ReportKind
  /** ms UTC. */
  from: number
  to: number
  digest: unknown
  /** The later report that covers the same again. */
  superseded: number | null
  parts: {
    part: number
    text: string
    entities: Entity[]
    state: PartState
    tries: number
    doubts: number
    due: number
    message: number | null
    why: string | null
  }[]
}

export type Reports = {
  /** Closes the period at `now` (ms UTC) and queues its report. */
  close: (now: number, compose: Compose) => Promise<Closed>
  /** What `close` would make now; stores nothing. */
  preview: (now: number, compose: Compose) => Promise<Composed>
  /** What happened since a moment (ms UTC), whether reported or not; periods stay as they are. */
  since: (since: number, now: number, compose: Compose) => Promise<Composed>
  /** The same, stored and queued as a report of its own. */
  ask: (since: number, now: number, compose: Compose) => Promise<Closed>
  /** Queues an urgent report; synchronous, to be called inside the transaction of its cause. */
  queueUrgent: (now: number, compose: (number: number) => Composed) => number
  claim: (claim: Claim) => Promise<Part | null>
  settle: (part: Part, owner: string, result: Settled) => Promise<boolean>
  /** ms UTC at which a part is next due; null where none waits. */
  nextDue: () => Promise<number | null>
  /** Newest first. */
  list: (limit: number, before?: number) => Promise<StoredReport[]>
  /** Sends a report again; gives how many parts that is, null where there is no such report. */
  resend: (number: number, now: number) => Promise<number | null>
  /** The chat that the configured one has become. */
  chat: (configured: string) => Promise<string>
  moveChat: (configured: string, to: string) => Promise<void>
}

/** Opens the reports of a database. */
export function openReports(db: Database): Reports {
  const store = (kind: ReportKind, stretch: Stretch, now: number, compose: Compose): Closed =>
    storeReport(db, kind, stretch, now, compose)
  return {
    close: async (now, compose) =>
      db.transaction(() => store('period', unreported(db), now, compose)),
    preview: async (now, compose) => {
      const stretch = unreported(db)
      return compose(closing(db, stretch, nextNumber(db), now))
    },
    since: async (since, now, compose) =>
      compose(closing(db, happened(db, since), nextNumber(db), now)),
    ask: async (since, now, compose) =>
      db.transaction(() => store('asked', happened(db, since), now, compose)),
    queueUrgent: (now, compose) => queueUrgent(db, now, compose),
    claim: async (claim) => claimPart(db, claim),
    settle: async (part, owner, result) => settlePart(db, part, owner, result),
    nextDue: async () => nextDue(db),
    list: async (limit, before) => list(db, limit, before ?? Number.MAX_SAFE_INTEGER),
    resend: async (number, now) => db.transaction(() => resend(db, number, now)),
    chat: async (configured) => {
      const row = db
        .prepare('SELECT value FROM setting WHERE name = ?')
        .get(chatSetting(configured))
      return typeof row?.['value'] === 'string' ? row['value'] : configured
    },
    moveChat: async (configured, to) => {
      db.prepare(`
        INSERT INTO setting (name, value) VALUES (?, ?)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value`).run(chatSetting(configured), to)
    },
  }
}

// Bound to the configured chat: configuring another one must not lead to where the old one went.
function chatSetting(configured: string): string {
  return `telegram.chat.${configured}`
}

function closing(db: Database, stretch: Stretch, number: number, now: number): Closing {
  const row = db
    .prepare(`
      SELECT to_at AS spoke FROM report
      WHERE kind = 'period' AND superseded IS NULL
        AND EXISTS (SELECT 1 FROM outbox WHERE report = report.id)
        AND id NOT IN (SELECT value FROM json_each(?))
      ORDER BY id DESC LIMIT 1`)
    .get(JSON.stringify(stretch.superseded))
  return {
    number,
    from: stretch.from,
    to: now,
    window: readWindow(db, stretch.range),
    previous: stretch.previous,
    merged: stretch.merged,
    spoke: typeof row?.['spoke'] === 'number' ? row['spoke'] : null,
  }
}

function nextNumber(db: Database): number {
  const row = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'report'").get()
  return Number(row?.['seq'] ?? 0) + 1
}

/** Stores a report with its parts; within a transaction. */
function storeReport(
  db: Database,
  kind: ReportKind,
  stretch: Stretch,
  now: number,
  compose: Compose,
): Closed {
  const number = insertReport(db, kind, stretch.range, { from: stretch.from ?? now, to: now })
  for (const id of stretch.superseded) supersede(db, id, number)
  const composed = compose(closing(db, stretch, number, now))
  fill(db, number, now, composed)
  return { number, parts: composed.parts.length, merged: stretch.merged }
}

function insertReport(
  db: Database,
  kind: ReportKind,
  range: Omit<Range, 'since' | 'fromReport'>,
  at: { from: number; to: number },
): number {
  const { lastInsertRowid } = db
    .prepare(`
      INSERT INTO report (kind, from_n, to_n, from_gap, to_gap, from_at, to_at, digest)
      VALUES (?, ?, ?, ?, ?, ?, ?, 'null')`)
    .run(kind, range.fromN, range.toN, range.fromGap, range.toGap, at.from, at.to)
  return Number(lastInsertRowid)
}

function supersede(db: Database, id: number, by: number): void {
  db.prepare('UPDATE report SET superseded = ? WHERE id = ?').run(by, id)
  db.prepare("UPDATE outbox SET state = 'superseded' WHERE report = ?").run(id)
}

function fill(db: Database, number: number, now: number, composed: Composed): void {
  db.prepare('UPDATE report SET digest = ? WHERE id = ?').run(
    JSON.stringify(composed.digest),
    number,
  )
  queueParts(db, number, composed.parts, { now, loud: composed.loud })
}

function queueUrgent(db: Database, now: number, compose: (number: number) => Composed): number {
  const nothing = { fromN: 0, toN: 0, fromGap: 0, toGap: 0 }
  const number = insertReport(db, 'alert', nothing, { from: now, to: now })
  fill(db, number, now, compose(number))
  return number
}

function list(db: Database, limit: number, before: number): StoredReport[] {
  const reports = db
    .prepare(`
      SELECT id AS number, kind, from_at AS "from", to_at AS "to", digest, superseded
      FROM report WHERE id < ? ORDER BY id DESC LIMIT ?`)
    .all(before, limit) as (Omit<StoredReport, 'digest' | 'parts'> & { digest: string })[]
  const parts = db.prepare(`
    SELECT part, text, entities, state, tries, doubts, due, message, why
    FROM outbox WHERE report = ? ORDER BY part`)
  return reports.map((report) => ({
    ...report,
    digest: JSON.parse(report.digest),
    parts: parts.all(report.number).map(storedPart),
  }))
}

const checkEntities = checker(Type.Array(Entity))

function storedPart(row: Record<string, unknown>): StoredReport['parts'][number] {
  const entities = checkEntities(JSON.parse(String(row['entities'])))
  if (!entities.ok) throw new Error(`the outbox holds a part that is none: ${entities.why}`)
  return { ...(row as StoredReport['parts'][number]), entities: entities.value }
}

function resend(db: Database, number: number, now: number): number | null {
  const known = db.prepare('SELECT 1 FROM report WHERE id = ?').get(number)
  return known === undefined ? null : requeueParts(db, number, now)
}
