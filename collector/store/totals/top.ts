/**
 * Who did most in a span: addresses, networks, user names. Exact, without adding everybody up: nobody
 * did more within the span than ever, so those with the most ever are looked at first, and looking
 * stops where the next one's all-time count is below what the last of the list did in the span.
 */
import { networkOf } from '../../fleet/networks.ts'
import { type Counts, countsOf, plus, type Row, sumColumns } from '../counts.ts'
import type { Database } from '../database.ts'
import type { Hours } from './hours.ts'
import type { Reading } from './reading.ts'
import { sought } from './search.ts'
import type { Span } from './span.ts'
import type { SubjectKind } from './sums.ts'

/** One address, network or user name; first and last (ms UTC) are those ever, not of the span. */
export type Top = Counts & { name: string; first: number; last: number }

export type TopAsked = Span & {
  limit: number
  /** Part of the name; for addresses also part of a user name tried. */
  q?: string | undefined
  /** Exactly this address. */
  ip?: string | undefined
  /** Nobody but these addresses, which pass the search already. */
  only?: readonly string[] | undefined
}

type Kind = Exclude<SubjectKind, 'host'>
type DaysOrEver = Exclude<Reading, { kind: 'hours' }>

/** Gives at most `limit`, most attempts first, then most probes, then by name. */
export function top(db: Database, kind: Kind, asked: TopAsked, reading: Reading): Top[] {
  if (asked.limit < 1) return []
  if (reading.kind === 'hours') return named(db, kind, asked, countsBy(kind, reading.hours))
  const way = wayOf(db, kind, asked, reading)
  return best(asked, candidates(db, kind, asked, way.order), way)
}

const perPiece = 500

/**
 * The same of everybody, however many there are, in one list at the end. Works in pieces, with an empty
 * list after each: whoever asks lets others have their turn there.
 */
export function* wholeTop(
  db: Database,
  kind: Kind,
  asked: TopAsked,
  reading: Reading,
): Generator<Top[]> {
  if (reading.kind === 'hours') {
    yield named(db, kind, asked, countsBy(kind, reading.hours))
    return
  }
  const way = wayOf(db, kind, asked, reading)
  const rows = [...candidates(db, kind, asked, way.order)]
  const list: Top[] = []
  for (let at = 0; at < rows.length; at += perPiece) {
    list.push(...best({ ...asked, limit: perPiece }, rows.slice(at, at + perPiece), way))
    yield []
  }
  yield list.sort(byMost).slice(0, asked.limit)
}

/** How candidates are ordered, and what one of them did within the span, if that is not all of it. */
type Way = { order: Order; within?: (name: string) => Counts }

function wayOf(db: Database, kind: Kind, { since, only }: TopAsked, reading: DaysOrEver): Way {
  if (reading.kind === 'ever' || since === undefined) return { order: byAttempts }
  const { from, to } = reading.days
  const hours = countsBy(kind, reading.hours)
  const days = db.prepare(daySums)
  days.setReturnArrays(true)
  return {
    order: only === undefined && fewTried(db, kind, since) ? byTried : byAttempts,
    within: (name) => {
      const [attempts = 0, probes = 0, logins = 0] = days.get(
        kind,
        name,
        from,
        to,
      ) as unknown as number[]
      return plus({ attempts, probes, logins }, hours.get(name))
    },
  }
}

function countsBy(kind: Kind, hours: Hours): Map<string, Counts> {
  const counts = hours.counts(kind === 'user' ? 'user' : 'ip')
  if (kind !== 'net') return counts
  const networks = new Map<string, Counts>()
  for (const [ip, one] of counts) {
    const name = networkOf(ip)
    networks.set(name, plus(one, networks.get(name)))
  }
  return networks
}

// Up to so many, adding each one up costs less than being clever.
const few = 1500
const byTried = 'tried DESC'
const byAttempts = 'attempts DESC'
type Order = typeof byTried | typeof byAttempts

const daySums = `SELECT ${sumColumns} FROM subject_day WHERE kind = ? AND name = ?
  AND day >= ? AND day < ?`

function fewTried(db: Database, kind: Kind, since: number): boolean {
  const row = db
    .prepare(
      `SELECT count(*) AS many FROM
         (SELECT 1 FROM subject WHERE kind = ? AND tried >= ? LIMIT ${few + 1})`,
    )
    .get(kind, since)
  return Number(row?.['many']) <= few
}

// The plus keeps SQLite from taking the index by the last try and sorting everybody.
function candidates(db: Database, kind: Kind, asked: TopAsked, order: Order): Iterable<Row> {
  const { since = Number.MIN_SAFE_INTEGER, ip = '' } = asked
  // One address asked for by name is shown even where it only logged in.
  if (kind === 'ip' && ip !== '') {
    return db.prepare("SELECT * FROM subject WHERE kind = 'ip' AND name = ?").all(ip)
  }
  if (kind === 'ip' && asked.only !== undefined) {
    return db
      .prepare(
        `SELECT * FROM subject WHERE kind = 'ip' AND name IN (SELECT value FROM json_each(?))
         ORDER BY +attempts DESC`,
      )
      .all(JSON.stringify(asked.only))
  }
  const { sql, bind } = sought(db, kind, asked)
  return db
    .prepare(
      `SELECT name, attempts, probes, logins, first, last FROM subject
       WHERE kind = :kind AND ${order === byTried ? 'tried' : '+tried'} >= :since
         AND ${sql} ORDER BY ${order}`,
    )
    .iterate({ kind, since, ...bind }) as Iterable<Row>
}

function best({ limit, ip }: TopAsked, rows: Iterable<Row>, { order, within }: Way): Top[] {
  let list: Top[] = []
  let bar = -1
  const keepBest = () => {
    list.sort(byMost)
    list = list.slice(0, limit)
    if (list.length === limit) bar = list.at(-1)?.attempts ?? -1
  }
  for (const row of rows) {
    if (Number(row['attempts']) < bar) {
      // Ordered by the time of the last try, one below the bar says nothing of the next.
      if (order === byAttempts) break
      continue
    }
    const name = String(row['name'])
    const counts = within?.(name) ?? countsOf(row)
    if (counts.attempts + counts.probes === 0 && (ip === undefined || counts.logins === 0)) continue
    list.push({ name, ...counts, first: Number(row['first']), last: Number(row['last']) })
    if (list.length >= 2 * limit || (bar === -1 && list.length === limit)) keepBest()
  }
  keepBest()
  return list
}

function byMost(one: Top, other: Top): number {
  return (
    other.attempts - one.attempts ||
    other.probes - one.probes ||
    (one.name < other.name ? -1 : Number(one.name > other.name))
  )
}

// The list out of counts that are complete already.
function named(db: Database, kind: Kind, asked: TopAsked, counts: Map<string, Counts>): Top[] {
  const { ip = '', limit } = asked
  // Counts of those only are all there are.
  const { sql, bind } = sought(db, kind, asked.only === undefined ? asked : {})
  const known = db.prepare(
    `SELECT name, first, last FROM subject
     WHERE kind = :kind AND name IN (SELECT value FROM json_each(:names)) AND ${sql}`,
  )
  const list = [...counts]
    .map(([name, one]): Top => ({ name, ...one, first: 0, last: 0 }))
    .filter(({ name, attempts, probes, logins }) =>
      ip === '' ? attempts + probes > 0 : name === ip && attempts + probes + logins > 0,
    )
    .sort(byMost)
  const found: Top[] = []
  for (let at = 0; at < list.length && found.length < limit; at += perPiece) {
    const piece = list.slice(at, at + perPiece)
    const names = JSON.stringify(piece.map(({ name }) => name))
    const rows = new Map(known.all({ kind, names, ...bind }).map((row) => [row['name'], row]))
    for (const one of piece) {
      const row = rows.get(one.name)
      if (row === undefined || found.length >= limit) continue
      found.push({ ...one, first: Number(row['first']), last: Number(row['last']) })
    }
  }
  return found
}
