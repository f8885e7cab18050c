import { setImmediate as nextTurn, setTimeout as rest } from 'node:timers/promises'
import type { Database } from './database.ts'
import { toldThrough } from './reports/stretch.ts'
import { dropRuns, type Placed } from './runs.ts'

const dayMs = 86_400_000
/** Findings looked at in one go, and ms of rest after a go that removed some. */
const [piece, restMs] = [1000, 30] as const

/**
 * Removes findings older than so many days, a piece at a time, between which everything else has its turn:
 * 300,000 in one go kept all agents and the page waiting for 14 s. Totals stay for ever; what no report has
 * told for good or no total counted yet stays, too. Gives how many rows went; `now` is ms UTC. Throws what
 * the database throws.
 */
export async function dropOldFindings(
  db: Database,
  days: number,
  now: number,
  signal?: AbortSignal,
): Promise<number> {
  const before = now - days * dayMs
  const { first, last } = droppable(db)
  let dropped = 0
  for (let from = first; from <= last && signal?.aborted !== true; from += piece) {
    const to = Math.min(from + piece - 1, last)
    const gone = db.transaction(() => dropPiece(db, { from, to, before }))
    dropped += gone
    await (gone > 0 ? rest(restMs) : nextTurn())
  }
  return dropped
}

function droppable(db: Database): { first: number; last: number } {
  const row = db.prepare('SELECT (SELECT min(n) FROM finding) AS first, through FROM summed').get()
  return {
    first: Number(row?.['first'] ?? Number.POSITIVE_INFINITY),
    last: Math.min(Number(row?.['through']), toldThrough(db)),
  }
}

function dropPiece(db: Database, bind: { from: number; to: number; before: number }): number {
  const gone = db
    .prepare(
      `DELETE FROM finding WHERE n BETWEEN :from AND :to AND at < :before
       RETURNING n, file, offset, host, at, ip`,
    )
    .all(bind) as Placed[]
  if (gone.length > 0) dropRuns(db, gone)
  return gone.length
}
