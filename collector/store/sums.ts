/**
 * The totals that are kept for ever. They follow the findings at a short distance: written in the
 * findings' own transaction they cost ten times as much as those (a page of every table for each). What
 * is new is added up in memory and written in slices, and each slice moves, in its own transaction, the
 * mark of how far the totals have come. After a crash the rest is added up again from the findings.
 */
import type { Database } from './database.ts'
import { type Countable, openTally, type Table, type Tally, type Write } from './tally.ts'
import { joinedDays } from './tried-days.ts'

export { dayHours, hourMillis, type SubjectKind, wholeFleet } from './tally.ts'

export type Sums = {
  /** Takes findings that are committed, in their order. */
  add: (findings: Iterable<Countable>) => void
  /** How many findings no total knows yet. */
  pending: () => number
  /**
   * Writes a slice of what was pending when the first was written, at most so many rows; false where
   * that is all on disk. What is added meanwhile gathers for the next time.
   */
  slice: (most?: number) => boolean
  /** Writes all that is pending. */
  settle: () => void
}

/** Opens the totals, and makes good what a crash left undone. Throws what the database throws. */
export function openSums(db: Database): Sums {
  let tally = openTally()
  let flush = resumed(db)
  for (const finding of findingsAfter(db, flush?.upto ?? markOf(db).through)) tally.add(finding)
  const slice = (most: number): boolean => {
    if (flush === undefined && tally.size() > 0) {
      flush = openFlush(tally, 0)
      tally = openTally()
    }
    if (flush === undefined || writeSlice(db, flush, most)) flush = undefined
    return flush !== undefined
  }
  const pending = (): number => (flush?.size ?? 0) + tally.size()
  return {
    add: (findings) => {
      for (const finding of findings) tally.add(finding)
    },
    pending,
    slice: (most = oneSlice) => slice(most),
    settle: () => {
      while (pending() > 0) slice(Number.MAX_SAFE_INTEGER)
    },
  }
}

// A few milliseconds. Half as many cost a fifth more: a page that several of a slice touch goes to disk once.
const oneSlice = 1000

/** Everything up to `upto` on its way to disk; `done` writes are there, `next` are tried again where they failed. */
type Flush = { upto: number; size: number; done: number; rest: Iterator<Write>; next: Write[] }

function openFlush(tally: Tally, done: number): Flush {
  const rest = tally.writes()
  for (let at = 0; at < done; at++) rest.next()
  return { upto: tally.upto(), size: tally.size(), done, rest, next: [] }
}

// Gives true where it was the last one. Nobody waits for the disk: lost in a power cut, it is made again.
function writeSlice(db: Database, flush: Flush, most: number): boolean {
  let ended = false
  while (flush.next.length < most && !ended) {
    const { value } = flush.rest.next()
    if (value === undefined) ended = true
    else flush.next.push(value)
  }
  const { upto, done, next } = flush
  db.transaction(() => {
    for (const { table, bind } of next) db.prepare(tables[table]).run(...bind)
    const mark = ended ? [upto, upto, 0] : [null, upto, done + next.length]
    db.prepare(moveMark).run(...mark)
  }, false)
  flush.done += next.length
  flush.next = []
  return ended
}

const moveMark = 'UPDATE summed SET through = coalesce(?, through), upto = ?, done = ?'

function markOf(db: Database): { through: number; upto: number; done: number } {
  const row = db.prepare('SELECT through, upto, done FROM summed').get()
  return {
    through: Number(row?.['through']),
    upto: Number(row?.['upto']),
    done: Number(row?.['done']),
  }
}

// The findings that were being summed give the same writes again; the first of them are on disk.
function resumed(db: Database): Flush | undefined {
  const { through, upto, done } = markOf(db)
  if (upto === through) return undefined
  const tally = openTally()
  for (const finding of findingsAfter(db, through, upto)) tally.add(finding)
  return openFlush(tally, done)
}

function findingsAfter(
  db: Database,
  n: number,
  upto = Number.MAX_SAFE_INTEGER,
): Iterable<Countable> {
  return db
    .prepare(
      `SELECT n, host, kind, at, coalesce(ip, '') AS ip, coalesce(user, '') AS user, count
       FROM finding WHERE n > ? AND n <= ? ORDER BY n`,
    )
    .iterate(n, upto) as Iterable<Countable>
}

const counts = ['attempts', 'probes', 'logins'] as const
const times = 'first = min(first, excluded.first), last = max(last, excluded.last)'

const tables: Readonly<Record<Table, string>> = {
  hourly: adding('hourly', ['hour', 'host', 'ip', 'user']),
  attacker: adding('attacker', ['ip', 'host'], counts, ['first', 'last'], times),
  attackerUser: adding('attacker_user', ['ip', 'user'], ['attempts']),
  hostHour: adding('host_hour', ['host', 'hour']),
  addressHostDay: adding('address_host_day', ['ip', 'day', 'host']),
  addressUserDay: adding('address_user_day', ['ip', 'day', 'user'], ['attempts']),
  subject: adding(
    'subject',
    ['kind', 'name'],
    counts,
    ['first', 'last', 'tried', 'day', 'days'],
    `${times}, tried = coalesce(max(tried, excluded.tried), tried, excluded.tried), ${joinedDays}`,
  ),
  subjectDay: adding('subject_day', ['kind', 'name', 'day']),
  userAddress: 'INSERT INTO user_address (user, ip) VALUES (?, ?) ON CONFLICT DO NOTHING',
}

// A row that is there grows by what is given; `more` columns are brought up to date by `update`.
function adding(
  table: string,
  key: readonly string[],
  sums: readonly string[] = counts,
  more: readonly string[] = [],
  update?: string,
): string {
  const columns = [...key, ...sums, ...more]
  const changes = [...sums.map((sum) => `${sum} = ${sum} + excluded.${sum}`), update]
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT DO UPDATE SET ${changes.filter((one) => one !== undefined).join(', ')}`
}
