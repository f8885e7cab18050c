/**
 * Who did most in a span: addresses, networks, user names. Exact, without adding everybody up: nobody
 * did more within the span than ever, so those with the most ever are looked at first, and looking
 * stops where the next one's all-time count is below what the last of the list did in the span.
 */
import { networkOf } from '../fleet/networks.ts'
import type { Database } from './database.ts'
import { edgeSlice, hourSlice, isWide, type Span, wholeDay } from './span.ts'
import { dayHours, type SubjectKind, wholeFleet } from './sums.ts'

export type Counts = { attempts: number; probes: number; logins: number }

/** One address, network or user name; first and last (ms UTC) are those ever, not of the span. */
export type Top = Counts & { name: string; first: number; last: number }

export type TopAsked = Span & {
  limit: number
  /** Part of the name; for addresses also part of a user name tried. */
  q?: string | undefined
  /** Exactly this address. */
  ip?: string | undefined
}

export type Row = Record<string, unknown>
type Kind = Exclude<SubjectKind, 'host'>

export const sumColumns = ['attempts', 'probes', 'logins']
  .map((name) => `coalesce(sum(${name}), 0) AS ${name}`)
  .join(', ')

export function countsOf(row: Row): Counts {
  return {
    attempts: Number(row['attempts']),
    probes: Number(row['probes']),
    logins: Number(row['logins']),
  }
}

/** Gives at most `limit`, most attempts first, then most probes, then by name. */
export function top(db: Database, kind: Kind, asked: TopAsked): Top[] {
  if (asked.limit < 1) return []
  if (!isWide(asked)) {
    return named(db, kind, asked, sliceCounts(db, kind, hourSlice(db, asked)))
  }
  if (asked.since === undefined) return best(asked, candidates(db, kind, asked, byAttempts), true)
  const edge = sliceCounts(db, kind, edgeSlice(asked.since))
  const day = wholeDay(asked.since)
  const hasDays = db
    .prepare(`SELECT 1 FROM host_hour WHERE host = ${wholeFleet} AND hour >= ? LIMIT 1`)
    .get(day * dayHours)
  if (hasDays === undefined) return named(db, kind, asked, edge)
  const order = fewTried(db, kind, asked.since) ? byTried : byAttempts
  return best(asked, candidates(db, kind, asked, order), order === byAttempts, (name) => {
    const days = countsOf(db.prepare(daySums).get(kind, name, day) ?? {})
    return plus(days, edge.get(name))
  })
}

// Up to so many, adding each one up costs less than being clever.
const few = 1500
const byTried = 'tried DESC'
const byAttempts = 'attempts DESC'

const daySums = `SELECT ${sumColumns} FROM subject_day WHERE kind = ? AND name = ? AND day >= ?`

function fewTried(db: Database, kind: Kind, since: number): boolean {
  const row = db
    .prepare(
      `SELECT count(*) AS many FROM
         (SELECT 1 FROM subject WHERE kind = ? AND tried >= ? LIMIT ${few + 1})`,
    )
    .get(kind, since)
  return Number(row?.['many']) <= few
}

const matches = {
  user: `(:q = '' OR instr(lower(name), lower(:q)))`,
  net: `(:q = '' OR instr(lower(name), lower(:q)))`,
  ip: `(:ip = '' OR name = :ip) AND (:q = '' OR instr(lower(name), lower(:q)) OR EXISTS (
    SELECT 1 FROM attacker_user WHERE ip = name AND instr(lower(user), lower(:q))))`,
}

// The plus keeps SQLite from taking the index by the last try and sorting everybody.
function candidates(db: Database, kind: Kind, asked: TopAsked, order: string): Iterable<Row> {
  const { since = Number.MIN_SAFE_INTEGER, q = '', ip = '' } = asked
  // One address asked for by name is shown even where it only logged in.
  if (kind === 'ip' && ip !== '') {
    return db.prepare("SELECT * FROM subject WHERE kind = 'ip' AND name = ?").all(ip)
  }
  return db
    .prepare(
      `SELECT name, attempts, probes, logins, first, last FROM subject
       WHERE kind = :kind AND ${order === byTried ? 'tried' : '+tried'} >= :since
         AND ${matches[kind]} ORDER BY ${order}`,
    )
    .iterate({ kind, since, q, ...(kind === 'ip' ? { ip } : {}) }) as Iterable<Row>
}

function best(
  { limit, ip }: TopAsked,
  rows: Iterable<Row>,
  isOrdered: boolean,
  within?: (name: string) => Counts,
): Top[] {
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
      if (isOrdered) break
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

function sliceCounts(db: Database, kind: Kind, { cte, bind }: ReturnType<typeof edgeSlice>) {
  const column = kind === 'user' ? 'user' : 'ip'
  const rows = db
    .prepare(
      `WITH ${cte} SELECT ${column} AS name, ${sumColumns} FROM slice
       WHERE ${kind === 'user' ? "user <> '' AND attempts > 0" : 'true'} GROUP BY ${column}`,
    )
    .all(bind)
  const counts = new Map<string, Counts>()
  for (const row of rows) {
    const name = kind === 'net' ? networkOf(String(row['name'])) : String(row['name'])
    counts.set(name, plus(countsOf(row), counts.get(name)))
  }
  return counts
}

// The list out of counts that are complete already.
function named(db: Database, kind: Kind, asked: TopAsked, counts: Map<string, Counts>): Top[] {
  const { q = '', ip = '' } = asked
  const known = db.prepare(
    `SELECT first, last FROM subject WHERE kind = :kind AND name = :name AND ${matches[kind]}`,
  )
  const list = [...counts].map(([name, one]): Top => ({ name, ...one, first: 0, last: 0 }))
  const found: Top[] = []
  for (const one of list.sort(byMost)) {
    if (found.length === asked.limit) break
    if (one.attempts + one.probes === 0 && (ip === '' || one.logins === 0)) continue
    if (ip !== '' && one.name !== ip) continue
    const row = known.get({ kind, name: one.name, q, ...(kind === 'ip' ? { ip } : {}) })
    if (row !== undefined) {
      found.push({ ...one, first: Number(row['first']), last: Number(row['last']) })
    }
  }
  return found
}

function plus(one: Counts, other: Counts | undefined): Counts {
  if (other === undefined) return one
  return {
    attempts: one.attempts + other.attempts,
    probes: one.probes + other.probes,
    logins: one.logins + other.logins,
  }
}
