/**
 * What happened in a span of time. Questions about the whole fleet are answered out of the sums by day
 * (see sums.ts), questions about one host out of `hourly`; no question walks the findings.
 */
import { type Counts, countsOf, type Row, sumColumns } from '../counts.ts'
import type { Database } from '../database.ts'
import { type Chart, type ChartAsked, chart } from './chart.ts'
import { contenders } from './contenders.ts'
import { type Attacker, openDetails } from './details.ts'
import { type Reading, type ReadingAsked, readingOf } from './reading.ts'
import { edgeSlice, hourSlice, type Piece, type Span, tableOf, wholeHour } from './span.ts'
import { dayHours, hourMillis, wholeFleet } from './sums.ts'
import { type Top, type TopAsked, top, wholeTop } from './top.ts'
import { triedOn } from './tried-days.ts'

export type { Attacker, Chart, Counts, Span, Top }

export type Totals = Counts & {
  /** Addresses with an attempt or a probe. */
  attackers: number
  /** Hosts that anything was counted on. */
  hosts: number
}

export type AttackersAsked = Span & {
  limit: number
  /** Part of an address or of a user name tried. */
  q?: string | undefined
  /** Exactly this address. */
  ip?: string | undefined
  /** Most user names given of each; 1000 if not said. */
  users?: number | undefined
  /** Most hosts given of each; all if not said. */
  hosts?: number | undefined
}

export type TotalsStore = {
  totals: (span?: Span) => Totals
  attackers: (asked: AttackersAsked) => Attacker[]
  /** The same piece by piece; a piece may be empty, and takes a moment only. */
  everyAttacker: (asked: AttackersAsked) => Generator<Attacker[]>
  /** The user names most tried, or the networks most attempts came from. */
  top: (kind: 'user' | 'net', asked: TopAsked) => Top[]
  /** The same piece by piece. */
  everyTop: (kind: 'user' | 'net', asked: TopAsked) => Generator<Top[]>
  /** Counts by hour (or several), for the fleet or each host. */
  chart: (asked: ChartAsked) => Chart
  /** All-time counts by host label, of what had an address. */
  byHost: () => Map<string, Counts>
}

/**
 * Takes the open database; gives the questions about totals. Up to `few` findings are read hour by hour,
 * as many as is quickest if not said.
 */
export function openTotals(db: Database, few?: number): TotalsStore {
  const reading = (asked: Span, isWhole = false) => readingOf(db, { ...asked, isWhole, few })
  return {
    totals: (span = {}) => (span.host === undefined ? fleetTotals(db, span) : hostTotals(db, span)),
    attackers: (asked) => attackers(db, { ...asked, few }),
    everyAttacker: (asked) => everyAttacker(db, asked, reading(asked, true)),
    top: (kind, asked) => top(db, kind, asked, reading(asked)),
    everyTop: (kind, asked) => wholeTop(db, kind, asked, reading(asked, true)),
    chart: (asked) => chart(db, asked),
    byHost: () => byHost(db),
  }
}

function hostTotals(db: Database, span: Span): Totals {
  const { cte, bind } = tableOf(hourSlice(db, span))
  return totalsOf(
    db
      .prepare(
        `WITH ${cte} SELECT ${sumColumns},
           count(DISTINCT ip) FILTER (WHERE attempts + probes > 0) AS attackers,
           count(DISTINCT host) > 0 AS hosts
         FROM slice`,
      )
      .get(bind),
  )
}

function fleetTotals(db: Database, span: Span): Totals {
  const { since = Number.MIN_SAFE_INTEGER, until } = span
  const { cte, bind } = tableOf(edgeSlice({ since, until }, []))
  const toHour = until === undefined ? Number.MAX_SAFE_INTEGER : wholeHour(until)
  const sums = db
    .prepare(
      `WITH ${cte},
       sums AS (
         SELECT attempts, probes, logins FROM host_hour
         WHERE host = ${wholeFleet} AND hour >= :whole AND hour < :toHour
         UNION ALL SELECT attempts, probes, logins FROM slice)
       SELECT ${sumColumns},
         (SELECT count(DISTINCT label) FROM host
          WHERE EXISTS (SELECT 1 FROM host_hour
            WHERE host = host.id AND hour >= :whole AND hour < :toHour)
            OR host.id IN (SELECT host FROM slice)) AS hosts
       FROM sums`,
    )
    .get({ ...bind, whole: wholeHour(since), toHour })
  const attackers = until === undefined ? triedSince(db, since) : triedWithin(db, since, until)
  return totalsOf({ ...sums, attackers })
}

// An address tried within a span that has no end exactly where its last try is not before it.
function triedSince(db: Database, since: number): number {
  const row = db
    .prepare("SELECT count(*) AS many FROM subject WHERE kind = 'ip' AND tried >= ?")
    .get(since)
  return Number(row?.['many'])
}

// Of a span with an end: on a whole day of it, as nearly all are, or else in the hours at either end.
function triedWithin(db: Database, since: number, until: number): number {
  const [begin, end] = [wholeHour(since), wholeHour(until)]
  const [from, to] = [Math.ceil(begin / dayHours), Math.floor(end / dayHours)]
  const hours = 'SELECT count(DISTINCT ip) AS many FROM slice WHERE attempts + probes > 0'
  if (from >= to) {
    const { cte, bind } = tableOf(hourSlice(db, { since, until }))
    return Number(db.prepare(`WITH ${cte} ${hours}`).get(bind)?.['many'])
  }
  const pieces: Piece[] = [
    { sign: '', from: begin, to: from * dayHours },
    { sign: '', from: to * dayHours, to: end },
  ]
  const { cte, bind } = tableOf(edgeSlice({ since, until }, pieces))
  const row = db
    .prepare(
      `WITH ${cte}, possible AS MATERIALIZED (
         SELECT name, coalesce(${triedOn(':from', ':to')}, EXISTS (
           SELECT 1 FROM subject_day WHERE kind = 'ip' AND name = here.name
             AND day >= :from AND day < :to AND attempts + probes > 0)) AS tried
         FROM subject AS here WHERE kind = 'ip' AND +tried >= :since AND first < :until
           AND coalesce(${triedOn('(:from - 1)', '(:to + 1)')}, true))
       SELECT (SELECT count(*) FROM possible WHERE tried)
         + (${hours} AND ip IN (SELECT name FROM possible WHERE NOT tried)) AS many`,
    )
    .get({ ...bind, since, until: end * hourMillis, from, to })
  return Number(row?.['many'])
}

function totalsOf(row: Row = {}): Totals {
  return {
    ...countsOf(row),
    attackers: Number(row['attackers']),
    hosts: Number(row['hosts']),
  }
}

function attackers(db: Database, asked: AttackersAsked & ReadingAsked): Attacker[] {
  const found = contenders(db, asked)
  const { only, reading = readingOf(db, { ...asked, only }) } = found
  const list = found.list ?? top(db, 'ip', { ...asked, only }, reading)
  return openDetails(db, asked, reading).of(list)
}

function* everyAttacker(
  db: Database,
  asked: AttackersAsked,
  reading: Reading,
): Generator<Attacker[]> {
  const details = openDetails(db, asked, reading)
  for (const list of wholeTop(db, 'ip', asked, reading)) {
    for (let at = 0; at < list.length; at += details.perPiece) {
      yield details.of(list.slice(at, at + details.perPiece))
    }
    yield []
  }
}

function byHost(db: Database): Map<string, Counts> {
  const rows = db
    .prepare(
      `SELECT label, ${sumColumns}
       FROM host JOIN subject ON kind = 'host' AND subject.name = CAST(host.id AS TEXT)
       GROUP BY label`,
    )
    .all()
  return new Map(rows.map((row) => [String(row['label']), countsOf(row)]))
}
