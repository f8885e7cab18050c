/**
 * The totals, which are kept for ever, and the runs by which findings are found again (../runs.ts). They
 * follow the findings at a short distance: written in the findings' own transaction they cost ten times
 * as much as those (a page of every table for each). What is new is added up in memory and written in
 * slices, and each slice moves, in its own transaction, the mark of how far the totals have come. After a
 * crash the rest is added up again from the findings.
 */
import type { Database } from '../database.ts'
import { type Into, putRows, type Value } from '../rows.ts'
import {
  addPlace,
  joinRuns,
  noRuns,
  type Placed,
  type RunRow,
  type Runs,
  type RunTable,
  runRows,
} from '../runs.ts'
import { type Countable, openTally, type Table, type Tally, type Write } from './tally.ts'
import { joinedDays } from './tried-days.ts'

export { dayHours, hourMillis, type SubjectKind, wholeFleet } from './tally.ts'

export type Sums = {
  /** Takes findings that are committed, in their order, and the runs they make. */
  add: (findings: Iterable<Countable>, runs: Runs) => void
  /** How many findings no total knows yet. */
  pending: () => number
  /**
   * Writes a slice of what was pending when the first was written, at most so many rows; false where
   * that is all on disk. What is added meanwhile gathers for the next time.
   */
  slice: (most?: number) => boolean
  /** Writes all that is pending. */
  settle: () => void
  /** The number up to which all is on disk, and the runs behind it, oldest first. */
  through: () => number
  runs: () => Runs[]
}

/** Opens the totals, and makes good what a crash left undone. Throws what the database throws. */
export function openSums(db: Database): Sums {
  const mark = markOf(db)
  let { through } = mark
  let flush =
    mark.upto > through ? openFlush(gathered(db, through, mark.upto), mark.done) : undefined
  let next = gathered(db, mark.upto)
  const slice = (most: number): boolean => {
    if (flush === undefined && next.tally.size() > 0) {
      flush = openFlush(next, 0)
      next = nothing()
    }
    if (flush !== undefined && writeSlice(db, flush, most)) {
      through = flush.upto
      flush = undefined
    }
    return flush !== undefined
  }
  const pending = (): number => (flush?.size ?? 0) + next.tally.size()
  return {
    add: (findings, runs) => {
      for (const finding of findings) next.tally.add(finding)
      joinRuns(next.runs, runs)
    },
    pending,
    slice: (most = oneSlice) => slice(most),
    settle: () => {
      while (pending() > 0) slice(Number.MAX_SAFE_INTEGER)
    },
    through: () => through,
    runs: () => (flush === undefined ? [next.runs] : [flush.runs, next.runs]),
  }
}

// A few milliseconds. Half as many cost a fifth more: a page that several of a slice touch goes to disk once.
const oneSlice = 1000

// What a piece of work without rows counts as.
const onePiece = 200

/** What findings add up to, and where they stand. */
type Gathered = { tally: Tally; runs: Runs }

function nothing(): Gathered {
  return { tally: openTally(), runs: noRuns() }
}

/** Everything up to `upto` on its way to disk; `done` writes are there, `next` are tried again where they failed. */
type Flush = {
  upto: number
  size: number
  runs: Runs
  done: number
  rest: Iterator<Row | null, undefined>
  next: Row[]
  /** What the making of rows threw. */
  failure?: { error: unknown }
}

type Row = Write | RunRow

function openFlush({ tally, runs }: Gathered, done: number): Flush {
  const rest = rowsOf(tally, runs)
  for (let at = 0; at < done; ) if (rest.next().value !== null) at += 1
  return { upto: tally.upto(), size: tally.size(), runs, done, rest, next: [] }
}

// The runs last: so an older version's flush, where a crash cut it short, is gone on with in its order.
function* rowsOf(tally: Tally, runs: Runs): Generator<Row | null, undefined> {
  yield* tally.writes()
  yield* runRows(runs)
}

// Gives true where it was the last one. Nobody waits for the disk: lost in a power cut, it is made again.
function writeSlice(db: Database, flush: Flush, most: number): boolean {
  let ended = false
  for (let weight = flush.next.length; weight < most && !ended; ) {
    const value = nextRow(flush)
    if (value === undefined) ended = true
    else if (value !== null) flush.next.push(value)
    weight += value === null ? onePiece : 1
  }
  const { upto, done, next } = flush
  db.transaction(() => {
    putWrites(db, next)
    const mark = ended ? [upto, upto, 0] : [null, upto, done + next.length]
    db.prepare(moveMark).run(...mark)
  }, false)
  flush.done += next.length
  flush.next = []
  return ended
}

// A generator that threw is at its end ever after: what it had not given would be taken for written.
function nextRow(flush: Flush): Row | null | undefined {
  if (flush.failure !== undefined) throw flush.failure.error
  try {
    return flush.rest.next().value
  } catch (error) {
    flush.failure = { error }
    throw error
  }
}

// Those of one table stand together.
function putWrites(db: Database, writes: readonly Row[]): void {
  let values: Value[] = []
  for (const [at, { table, bind }] of writes.entries()) {
    values.push(...bind)
    if (writes[at + 1]?.table === table) continue
    putRows(db, tables[table], values)
    values = []
  }
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

// The findings that were being summed give the same rows again; the first of them are on disk.
function gathered(db: Database, n: number, upto = Number.MAX_SAFE_INTEGER): Gathered {
  const found = nothing()
  const rows = db
    .prepare(
      `SELECT n, file, offset, host, kind, at, ip, coalesce(user, '') AS user, count
       FROM finding WHERE n > ? AND n <= ? ORDER BY n`,
    )
    .iterate(n, upto) as Iterable<Placed & Omit<Countable, 'ip'>>
  for (const row of rows) {
    found.tally.add({ ...row, ip: row.ip ?? '' })
    addPlace(found.runs, row)
  }
  return found
}

const counts = ['attempts', 'probes', 'logins'] as const
const times = 'first = min(first, excluded.first), last = max(last, excluded.last)'

const tables: Readonly<Record<Table | RunTable, Into>> = {
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
  userAddress: { table: 'user_address', columns: ['user', 'ip'], onConflict: 'DO NOTHING' },
  fileRun: { table: 'file_run', columns: ['file', 'offset', 'n', 'upto'] },
  hostRun: { table: 'host_run', columns: ['host', 'second', 'n', 'upto'] },
  addressRun: { table: 'address_run', columns: ['ip', 'n', 'upto'] },
}

// A row that is there grows by what is given; `more` columns are brought up to date by `update`.
function adding(
  table: string,
  key: readonly string[],
  sums: readonly string[] = counts,
  more: readonly string[] = [],
  update?: string,
): Into {
  const changes = [...sums.map((sum) => `${sum} = ${sum} + excluded.${sum}`), update]
  const all = changes.filter((one) => one !== undefined).join(', ')
  return { table, columns: [...key, ...sums, ...more], onConflict: `DO UPDATE SET ${all}` }
}
