/**
 * Who can be among the first of a list: few enough to look at closely. Nobody did more within a span than on
 * all the days that it touches. What the last of the list did is guessed from these days; whoever reaches
 * that on them is read, and where the guess was too high, whoever reaches what the last one really did.
 */
import type { Row } from '../counts.ts'
import type { Database } from '../database.ts'
import { countedIn, type Reading, readingOf, widened } from './reading.ts'
import { sought } from './search.ts'
import { dayHours, hourMillis } from './sums.ts'
import { type Top, type TopAsked, top } from './top.ts'

// Of more, or where there is not much to read, it costs less to count everybody.
const most = 2000
const little = 20_000
// The list is mostly among the first of all time, this many times its length.
const times = 3
// A guess somewhat too low reads a few addresses too many, one too high reads the hours twice.
const caution = 0.92

/**
 * The addresses that can be among those asked for, in no order, undefined where that is no help; what was
 * read of the span to find them; and the list itself, where that gave it already.
 */
export function contenders(
  db: Database,
  asked: TopAsked & { few?: number | undefined },
): { only?: string[]; reading?: Reading; list?: Top[] } {
  const { since, until, host, limit, ip } = asked
  if (since === undefined || ip !== undefined || host !== undefined) return {}
  if (countedIn(db, asked) <= (asked.few ?? little)) return {}
  const { sql, bind } = sought(db, 'ip', asked)
  const days = { from: dayOf(since), to: dayOf(until ?? never) }
  // The plus keeps SQLite from taking the index by the last try and sorting everybody.
  const passing = `SELECT name FROM subject AS here WHERE kind = 'ip' AND ${sql}`
  const first = db
    .prepare(
      `SELECT name, ${onDays} AS attempts
       FROM (${passing} AND +tried >= :since ORDER BY attempts DESC LIMIT :most) AS here`,
    )
    .all({ ...bind, ...days, since, most: times * limit })
  if (first.length < times * limit) return { only: namesOf(first) }
  // Who tried nothing on these days does not reach it: the last try, out of another tree, is not asked for.
  const reaching = (bar: number): string[] =>
    namesOf(
      db
        .prepare(`${passing} AND attempts >= :bar AND ${onDays} >= :bar LIMIT ${most + 1}`)
        .all({ ...bind, ...days, bar }),
    )
  const guess = (nth(first, limit) * caution * countedIn(db, asked)) / countedOn(db, days)
  if (guess === 0) return {}
  const only = reaching(guess)
  if (only.length > most) return {}
  const reading = readingOf(db, { ...asked, only })
  const list = top(db, 'ip', { ...asked, only }, reading)
  const bar = list[limit - 1]?.attempts ?? 0
  if (bar >= guess) return { only, reading, list }
  const read = new Set(only)
  const others = bar === 0 ? [] : reaching(bar).filter((one) => !read.has(one))
  if (bar === 0 || others.length > most) return {}
  return { only: [...only, ...others], reading: widened(db, asked, reading, others) }
}

const onDays = `(SELECT sum(attempts) FROM subject_day
  WHERE kind = 'ip' AND name = here.name AND day >= :from AND day <= :to)`

function nth(rows: readonly Row[], place: number): number {
  const all = rows.map((row) => Number(row['attempts']))
  return all.sort((one, other) => other - one)[place - 1] ?? 0
}

function countedOn(db: Database, { from, to }: { from: number; to: number }): number {
  return countedIn(db, { since: from * dayMillis, until: (to + 1) * dayMillis })
}

const dayMillis = dayHours * hourMillis
const never = 8.64e15

function dayOf(at: number): number {
  return Math.floor(at / hourMillis / dayHours)
}

function namesOf(rows: readonly Row[]): string[] {
  return rows.map((row) => String(row['name']))
}
