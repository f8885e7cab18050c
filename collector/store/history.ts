/**
 * What was found and what was told of it, row by row, newest first: findings and alerts.
 */
import type { FindingKind } from '../../shared/finding.ts'
import type { Database } from './database.ts'
import { inAddressRun, inHostRun, secondOf } from './runs.ts'

/** A finding as people see it; `n` is the order of arrival, `at` ms UTC, `host` the label. */
export type FindingRow = {
  n: number
  kind: FindingKind
  at: number
  host: string
  ip: string | null
  port: number | null
  user: string | null
  method: string | null
  count: number
  program: string
  text: string | null
}

export type FindingsAsked = {
  host?: string | undefined
  ip?: string | undefined
  user?: string | undefined
  kind?: FindingKind | undefined
  /** ms UTC, by the time it happened; `until` is not included. */
  since?: number | undefined
  until?: number | undefined
  /** Part of an address, name, method, program, text or host. */
  q?: string | undefined
  /** Only findings that arrived before this one. */
  before?: number | undefined
  limit: number
}

export type FindingsPage = {
  findings: FindingRow[]
  /** What to ask `before` for what follows; null at the end. */
  next: number | null
}

/** A login that followed refusals from the same address; times are ms UTC. */
export type AlertRow = {
  ip: string
  host: string
  user: string
  failed: number
  times: number
  first: number
  last: number
}

export type History = {
  findings: (asked: FindingsAsked) => FindingsPage
  /** The newest findings above `n`, at most `limit`, oldest first, and how many more there were. */
  findingsAfter: (n: number, limit: number) => { rows: FindingRow[]; missed: number }
  /** Number of the newest finding, 0 before the first. */
  newest: () => number
  /** Alerts whose last login was at or after `since` (ms UTC), newest first, at most 100. */
  alerts: (since: number) => AlertRow[]
  /** How often something could not be read, as heard at or after `since` (ms UTC). */
  gaps: (since: number) => number
  /** Report parts by state of their delivery. */
  outbox: () => Map<string, number>
}

/**
 * Most findings looked through for one page. A rare user or a quiet host would otherwise be
 * searched for through millions of rows while no agent is answered.
 */
export const searchedPerPage = 100_000

/** Takes the open database; gives its history. */
export function openHistory(db: Database): History {
  return {
    findings: (asked) => findings(db, asked),
    findingsAfter: (n, limit) => findingsAfter(db, n, limit),
    newest: () => newest(db),
    alerts: (since) => alerts(db, since),
    gaps: (since) =>
      Number(
        db.prepare('SELECT count(*) AS gaps FROM gap WHERE received >= ?').get(since)?.['gaps'],
      ),
    outbox: () => outbox(db),
  }
}

const columns = `finding.n, finding.kind, finding.at, host.label AS host, finding.ip, finding.port,
  finding.user, finding.method, finding.count, finding.program, finding.text`

const rare = ['login', 'change', 'loss'] as const
// As the index over rare findings has it: SQLite compares the expressions.
const isRareSql = "AND (finding.kind = 'login' OR finding.kind = 'change' OR finding.kind = 'loss')"

function findings(db: Database, asked: FindingsAsked): FindingsPage {
  const before = Math.min(asked.before ?? Number.MAX_SAFE_INTEGER, newest(db) + 1)
  const way = wayOf(asked)
  if (way.n === undefined) return page(db, asked, way, before)
  // What no run holds yet stands in front of all the others.
  const through = Number(db.prepare('SELECT through FROM summed').get()?.['through'])
  const { findings: ahead, next } = page(db, asked, newestFirst, before, through)
  if (next !== null) return { findings: ahead, next }
  const rest = { ...asked, limit: asked.limit - ahead.length }
  const found = page(db, rest, way, Math.min(before, through + 1))
  return { ...found, findings: [...ahead, ...found.findings] }
}

function page(
  db: Database,
  asked: FindingsAsked,
  way: Way,
  before: number,
  lowest = 0,
): FindingsPage {
  const { host, ip, user, kind, since, until, q, limit } = asked
  const floor = way === newestFirst ? Math.max(lowest, before - 1 - searchedPerPage) : lowest
  const conditions: [string, string | number | undefined][] = [
    ...(way.conditions?.(asked, before) ?? []),
    ['AND host.label = ?', host],
    ['AND finding.ip = ?', ip],
    ['AND finding.user = ?', user],
    ['AND finding.kind = ?', kind],
    ['AND finding.at >= ?', since],
    ['AND finding.at < ?', until],
    [`AND instr(${searched}, lower(?))`, q === '' ? undefined : q],
  ]
  const wanted = conditions.filter(
    (entry): entry is [string, string | number] => entry[1] !== undefined,
  )
  const rows = db
    .prepare(
      `SELECT ${columns} FROM ${way.from} CROSS JOIN host ON host.id = finding.host
       WHERE ${way.n ?? ''}finding.n < ? AND ${way.n ?? ''}finding.n > ? ${way.where ?? ''} ${wanted.map(([condition]) => condition).join(' ')}
       ORDER BY ${way.order ?? 'finding.n DESC'} LIMIT ?`,
    )
    .all(before, floor, ...wanted.map(([, value]) => value), limit)
    .map(findingRow)
  if (rows.length === limit) return { findings: rows, next: rows.at(-1)?.n ?? null }
  return { findings: rows, next: floor > lowest ? floor + 1 : null }
}

/** A way to the findings: only the last one has to walk them, and keeps to a window. */
type Way = {
  from: string
  /** What the findings are found by, with what is bound. */
  conditions?: (asked: FindingsAsked, before: number) => [string, string | number | undefined][]
  where?: string
  order?: string
  /** '+' where numbers are those of runs, and no bound of their own is to be followed. */
  n?: '+'
}

function wayOf({ ip, kind, since, until }: FindingsAsked): Way {
  if (rare.some((one) => one === kind)) return rareKind
  if (ip !== undefined) return ofAddress
  const isShort = since !== undefined && until !== undefined && until - since <= shortSpan
  return isShort ? inSeconds : newestFirst
}

/** Times up to this long (ms) are sought host by host. */
const shortSpan = 2 * 86_400_000

const rareKind: Way = {
  from: 'finding INDEXED BY finding_rare',
  where: isRareSql,
}
const ofAddress: Way = {
  from: `address_run r CROSS JOIN finding ON ${inAddressRun('finding')}`,
  conditions: ({ ip }, before) => [
    ['AND r.ip = ?', ip],
    ['AND r.n < ?', before],
  ],
  order: 'r.n DESC, finding.n DESC',
  n: '+',
}
const inSeconds: Way = {
  from: `host AS one CROSS JOIN host_run r ON r.host = one.id
    CROSS JOIN finding ON ${inHostRun('finding')}`,
  conditions: ({ since = 0, until = 0 }) => [
    ['AND r.second >= ?', secondOf(since)],
    ['AND r.second <= ?', secondOf(until)],
  ],
  n: '+',
}
const newestFirst: Way = { from: 'finding' }

const searched = `lower(concat_ws(char(10), finding.ip, finding.user, finding.method, finding.program,
  finding.text, host.label))`

function findingsAfter(db: Database, n: number, limit: number) {
  const rows = db
    .prepare(
      `SELECT ${columns} FROM finding JOIN host ON host.id = finding.host
       WHERE finding.n > ? ORDER BY finding.n DESC LIMIT ?`,
    )
    .all(n, limit)
    .map(findingRow)
    .reverse()
  // Numbers run without holes, so what lies between was not given.
  const missed = rows.length < limit ? 0 : (rows[0]?.n ?? n + 1) - n - 1
  return { rows, missed }
}

function newest(db: Database): number {
  return Number(db.prepare('SELECT coalesce(max(n), 0) AS n FROM finding').get()?.['n'])
}

function alerts(db: Database, since: number): AlertRow[] {
  return db
    .prepare(
      `SELECT alert.ip, host.label AS host, alert.user, alert.failed, alert.times,
         alert.first, alert.last
       FROM alert JOIN host ON host.id = alert.host
       WHERE alert.last >= ? ORDER BY alert.last DESC LIMIT 100`,
    )
    .all(since)
    .map((row) => ({
      ip: String(row['ip']),
      host: String(row['host']),
      user: String(row['user']),
      failed: Number(row['failed']),
      times: Number(row['times']),
      first: Number(row['first']),
      last: Number(row['last']),
    }))
}

function outbox(db: Database): Map<string, number> {
  const rows = db.prepare('SELECT state, count(*) AS parts FROM outbox GROUP BY state').all()
  return new Map(rows.map((row) => [String(row['state']), Number(row['parts'])]))
}

function findingRow(row: Record<string, unknown>): FindingRow {
  return {
    n: Number(row['n']),
    kind: String(row['kind']) as FindingKind,
    at: Number(row['at']),
    host: String(row['host']),
    ip: textOf(row['ip']),
    port: row['port'] === null ? null : Number(row['port']),
    user: textOf(row['user']),
    method: textOf(row['method']),
    count: Number(row['count']),
    program: String(row['program']),
    text: textOf(row['text']),
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
