/**
 * Who can be among the first of a list: few enough to look at closely. Those with the most attempts ever
 * are counted within the span; whoever has fewer than the last of them needs, even counting the whole
 * days on which the span begins and ends, is out.
 */
import type { Database } from './database.ts'
import { countedIn, type Reading, readingOf, widened } from './reading.ts'
import { sought } from './search.ts'
import { dayHours, hourMillis } from './sums.ts'
import { type TopAsked, top } from './top.ts'

// Of more, or where there is not much to read, it costs less to count everybody.
const most = 2000
const little = 20_000
// The list is mostly among the first of all time, this many times its length: whoever else can be on it is read later.
const times = 3

/**
 * The addresses that can be among those asked for, in no order, undefined where that is no help; and what
 * was read of the span to find them, where nobody is among them of whom it tells nothing.
 */
export function contenders(
  db: Database,
  asked: TopAsked & { few?: number | undefined },
): { only?: string[]; reading?: Reading } {
  const { since, until, host, limit, ip } = asked
  if (since === undefined || ip !== undefined || host !== undefined) return {}
  if (countedIn(db, asked) <= (asked.few ?? little)) return {}
  const { sql, bind } = sought(db, 'ip', asked)
  // The plus keeps SQLite from taking the index by the last try and sorting everybody.
  const tried = `SELECT name FROM subject AS here
    WHERE kind = 'ip' AND +tried >= :since AND ${sql}`
  const first = namesOf(
    db
      .prepare(`${tried} ORDER BY attempts DESC LIMIT :most`)
      .all({ ...bind, since, most: times * limit }),
  )
  if (first.length < times * limit) return { only: first }
  const reading = readingOf(db, { ...asked, only: first })
  const bar = top(db, 'ip', { ...asked, only: first }, reading)[limit - 1]?.attempts ?? 0
  if (bar === 0) return {}
  const left = namesOf(
    db
      .prepare(
        `${tried} AND attempts >= :bar AND (
           SELECT sum(attempts) FROM subject_day
           WHERE kind = 'ip' AND name = here.name AND day >= :from AND day <= :to) >= :bar LIMIT ${most + 1}`,
      )
      .all({ ...bind, since, bar, from: dayOf(since), to: dayOf(until ?? never) }),
  )
  if (left.length > most) return {}
  const read = new Set(first)
  const others = left.filter((one) => !read.has(one))
  if (others.length === 0) return { only: first, reading }
  return { only: [...first, ...others], reading: widened(db, asked, reading, others) }
}

const never = 8.64e15

function dayOf(at: number): number {
  return Math.floor(at / hourMillis / dayHours)
}

function namesOf(rows: readonly Record<string, unknown>[]): string[] {
  return rows.map((row) => String(row['name']))
}
