/**
 * The outbox: the parts of reports on their way to a person. A part in `sending` belongs to its
 * owner until its lease ends; an owner that dies leaves a part nobody knows the fate of, so that
 * part is `unsure` and goes out once more, marked.
 *
 * ready → sending → sent | ready (later) | unsure | held (token or chat wrong) | refused (this text)
 */
import Type, { type Static } from 'typebox'
import { checker } from '../../../shared/check.ts'
import type { Database } from '../database.ts'

const strict = { additionalProperties: false } as const
const Whole = Type.Integer({ minimum: 0 })

/** One piece of formatting, in UTF-16 units of the text (Bot API, MessageEntity). */
export const Entity = Type.Object(
  {
    type: Type.Enum(['bold', 'italic', 'code', 'expandable_blockquote']),
    offset: Whole,
    length: Type.Integer({ minimum: 1 }),
  },
  strict,
)
export type Entity = Static<typeof Entity>

/** One message's text and its formatting. */
export const PartText = Type.Object({ text: Type.String(), entities: Type.Array(Entity) }, strict)
export type PartText = Static<typeof PartText>

/** alert: somebody got in; period: the regular report; asked: one a person asked for. */
export type ReportKind = 'period' | 'alert' | 'asked'

export type PartState = 'ready' | 'sending' | 'sent' | 'unsure' | 'held' | 'refused' | 'superseded'

/** A part somebody has taken to send. */
export type Part = PartText & {
  id: number
  report: number
  kind: ReportKind
  part: number
  parts: number
  loud: boolean
  /** A copy may have arrived already, so this one must say that it is a repeat. */
  repeat: boolean
  doubts: number
}

export type Settled =
  | { kind: 'sent'; message: number | null; why: string | null }
  | { kind: 'later'; due: number; why: string }
  | { kind: 'unsure'; due: number; why: string }
  | { kind: 'held'; why: string }
  | { kind: 'refused'; why: string }

export type Claim = {
  owner: string
  /** ms UTC. */
  now: number
  /** ms the owner may keep it. */
  lease: number
  /** ms to wait before a part that was in doubt this often goes out again. */
  again: (doubts: number) => number
}

// Nothing is ever put off longer than this; a stamp further ahead was made by a clock since set back.
const furthest = 3 * 24 * 3600 * 1000

/** Puts a report's parts into the outbox. To be called within a transaction. */
export function queueParts(
  db: Database,
  report: number,
  parts: readonly PartText[],
  ask: { now: number; loud: boolean },
): void {
  const insert = db.prepare(`
    INSERT INTO outbox (report, part, parts, text, entities, loud, state, due)
    VALUES (?, ?, ?, ?, ?, ?, 'ready', ?)`)
  for (const [index, { text, entities }] of parts.entries()) {
    const loud = ask.loud ? 1 : 0
    insert.run(report, index + 1, parts.length, text, JSON.stringify(entities), loud, ask.now)
  }
}

/** Takes the next part that is due, alerts first; null where there is none. One transaction. */
export function claimPart(db: Database, { owner, now, lease, again }: Claim): Part | null {
  return db.transaction(() => {
    orphan(db, now, again)
    const row = db
      .prepare(`
        UPDATE outbox SET state = 'sending', owner = :owner, lease = :until, tries = tries + 1
        WHERE id = (
          SELECT outbox.id FROM outbox JOIN report ON report.id = outbox.report
          WHERE state IN ('ready', 'unsure', 'held') AND (due <= :now OR due > :far)
          ORDER BY (kind = 'alert' AND tries < 3) DESC, due, outbox.id LIMIT 1
        )
        RETURNING id, report, part, parts, text, entities, loud, doubts,
          (SELECT kind FROM report WHERE report.id = outbox.report) AS kind`)
      .get({ owner, now, until: now + lease, far: now + furthest })
    return row === undefined ? null : partOf(row)
  })
}

function orphan(db: Database, now: number, again: Claim['again']): void {
  const lost = db
    .prepare(`
      SELECT id, doubts FROM outbox WHERE state = 'sending' AND (lease <= ? OR lease > ?)`)
    .all(now, now + furthest)
  const doubt = db.prepare(`
    UPDATE outbox SET state = 'unsure', doubts = doubts + 1, due = ?,
      why = 'whoever was sending it stopped before saying how it went'
    WHERE id = ?`)
  for (const row of lost) {
    doubt.run(now + again(Number(row['doubts'])), Number(row['id']))
  }
}

const StoredPart = Type.Object(
  {
    id: Whole,
    report: Whole,
    kind: Type.Enum(['period', 'alert', 'asked']),
    part: Whole,
    parts: Whole,
    text: Type.String(),
    entities: Type.Array(Entity),
    loud: Whole,
    doubts: Whole,
  },
  strict,
)
const checkStoredPart = checker(StoredPart)

function partOf(row: Record<string, unknown>): Part {
  const checked = checkStoredPart({ ...row, entities: JSON.parse(String(row['entities'])) })
  if (!checked.ok) throw new Error(`the outbox holds a part that is none: ${checked.why}`)
  const { loud, ...part } = checked.value
  return { ...part, loud: loud === 1, repeat: part.doubts > 0 }
}

/**
 * Writes down how a claimed part fared. Gives false where it belongs to somebody else by now: the
 * lease had run out, and the other one's word counts.
 */
export function settlePart(db: Database, part: Part, owner: string, result: Settled): boolean {
  const { state, due, message, doubt } = columns(result)
  const { changes } = db
    .prepare(`
      UPDATE outbox SET state = :state, due = coalesce(:due, due), message = coalesce(:message, message),
        doubts = doubts + :doubt, why = :why, owner = NULL, lease = NULL
      WHERE id = :id AND owner = :owner AND state IN ('sending', 'unsure')`)
    .run({ state, due, message, doubt, why: result.why, id: part.id, owner })
  return Number(changes) > 0
}

function columns(result: Settled): {
  state: PartState
  due: number | null
  message: number | null
  doubt: number
} {
  switch (result.kind) {
    case 'sent':
      return { state: 'sent', due: null, message: result.message, doubt: 0 }
    case 'later':
      return { state: 'ready', due: result.due, message: null, doubt: 0 }
    case 'unsure':
      return { state: 'unsure', due: result.due, message: null, doubt: 1 }
    case 'held':
    case 'refused':
      return { state: result.kind, due: null, message: null, doubt: 0 }
  }
}

/** When (ms UTC) the outbox has something to do again; null where it waits for nothing. */
export function nextDue(db: Database): number | null {
  const row = db
    .prepare(`
      SELECT min(CASE state WHEN 'sending' THEN lease ELSE due END) AS at
      FROM outbox WHERE state IN ('ready', 'unsure', 'held', 'sending')`)
    .get()
  const at = row?.['at']
  return typeof at === 'number' ? at : null
}

/** Makes a report's parts ready again, whatever became of them; gives how many. */
export function requeueParts(db: Database, report: number, now: number): number {
  const { changes } = db
    .prepare(`
      UPDATE outbox SET doubts = doubts + (state IN ('sent', 'unsure')), state = 'ready', due = ?,
        tries = 0, why = NULL, owner = NULL, lease = NULL
      WHERE report = ? AND state NOT IN ('sending', 'superseded')`)
    .run(now, report)
  return Number(changes)
}
