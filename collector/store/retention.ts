import type { Database } from './database.ts'
import { dropRuns, type Placed } from './runs.ts'

const dayMs = 86_400_000
const slice = 2000

/**
 * Removes findings older than so many days, in small transactions so that ingest never waits long.
 * Totals stay for ever; what no report has told or no total counted yet stays, too. Gives how many rows went; `now` is
 * ms UTC.
 */
export function dropOldFindings(db: Database, days: number, now: number): number {
  const before = now - days * dayMs
  let dropped = 0
  for (;;) {
    const gone = db.transaction(() => dropSlice(db, before))
    dropped += gone
    if (gone < slice) return dropped
  }
}

function dropSlice(db: Database, before: number): number {
  const gone = db
    .prepare(
      `DELETE FROM finding WHERE n IN (
         SELECT n FROM finding
         WHERE at < ? AND n <= (SELECT coalesce(max(to_n), 0) FROM report WHERE kind = 'period')
           AND n <= (SELECT through FROM summed)
         ORDER BY n LIMIT ?)
       RETURNING n, file, offset, host, at, ip`,
    )
    .all(before, slice) as Placed[]
  dropRuns(db, gone)
  return gone.length
}
