/**
 * What happened in a span of time. Questions about the whole fleet are answered out of the sums (see
 * sums.ts), questions about one host or with an end out of `hourly`; no question walks the findings.
 */
import { type Chart, type ChartAsked, chart } from './chart.ts'
import type { Database } from './database.ts'
import { type Bind, edgeSlice, hourSlice, isWide, type Span, wholeDay } from './span.ts'
import { wholeFleet } from './sums.ts'
import { type Counts, countsOf, type Row, sumColumns, type Top, type TopAsked, top } from './top.ts'

export type { Chart, Counts, Span, Top }

export type Totals = Counts & {
  /** Addresses with an attempt or a probe. */
  attackers: number
  /** Hosts that anything was counted on. */
  hosts: number
}

export type Attacker = Counts & {
  ip: string
  /** Counts by host label. */
  hosts: Map<string, Counts>
  /** Attempts by user name, most tried first; attempts that named nobody are in none of them. */
  users: Map<string, number>
  /** ms UTC: first and last time seen by the fleet, whatever span was asked for. */
  first: number
  last: number
}

export type AttackersAsked = Span & {
  limit: number
  /** Part of an address or of a user name tried. */
  q?: string | undefined
  /** Exactly this address. */
  ip?: string | undefined
  /** Most user names given of each; `mostUsers` if not said. */
  users?: number | undefined
}

export type TotalsStore = {
  totals: (span?: Span) => Totals
  attackers: (asked: AttackersAsked) => Attacker[]
  /** The user names most tried, or the networks most attempts came from. */
  top: (kind: 'user' | 'net', asked: TopAsked) => Top[]
  /** Counts by hour (or several), for the fleet or each host. */
  chart: (asked: ChartAsked) => Chart
  /** All-time counts by host label, of what had an address. */
  byHost: () => Map<string, Counts>
}

/** Most user names given per attacker: one address has tried tens of thousands. */
export const mostUsers = 1000

/** Takes the open database; gives the questions about totals. */
export function openTotals(db: Database): TotalsStore {
  return {
    totals: (span = {}) => (isWide(span) ? wideTotals(db, span.since) : narrowTotals(db, span)),
    attackers: (asked) => attackers(db, asked),
    top: (kind, asked) => top(db, kind, asked),
    chart: (asked) => chart(db, asked),
    byHost: () => byHost(db),
  }
}

function narrowTotals(db: Database, span: Span): Totals {
  const { cte, bind } = hourSlice(db, span)
  return totalsOf(
    db
      .prepare(
        `WITH ${cte} SELECT ${sumColumns},
           count(DISTINCT ip) FILTER (WHERE attempts + probes > 0) AS attackers,
           count(DISTINCT label) AS hosts
         FROM slice JOIN host ON host.id = slice.host`,
      )
      .get(bind),
  )
}

// An address tried within a span that has no end exactly where its last try is not before it.
function wideTotals(db: Database, since = Number.MIN_SAFE_INTEGER): Totals {
  const { cte, bind } = edgeSlice(since)
  const { whole, since: from, brokenEnd } = bind
  return totalsOf(
    db
      .prepare(
        `WITH ${cte.replace(/hour < :toHour/, 'false')},
         sums AS (
           SELECT attempts, probes, logins FROM host_hour
           WHERE host = ${wholeFleet} AND hour >= :whole
           UNION ALL SELECT attempts, probes, logins FROM slice)
         SELECT ${sumColumns},
           (SELECT count(*) FROM subject WHERE kind = 'ip' AND tried >= :since) AS attackers,
           (SELECT count(DISTINCT label) FROM host
            WHERE EXISTS (SELECT 1 FROM host_hour WHERE host = host.id AND hour >= :whole)
              OR host.id IN (SELECT host FROM slice)) AS hosts
         FROM sums`,
      )
      .get({ whole: whole ?? 0, since: from ?? 0, brokenEnd: brokenEnd ?? 0 }),
  )
}

function totalsOf(row: Row = {}): Totals {
  return {
    ...countsOf(row),
    attackers: Number(row['attackers']),
    hosts: Number(row['hosts']),
  }
}

function attackers(db: Database, asked: AttackersAsked): Attacker[] {
  const { since, users = mostUsers } = asked
  const found = new Map<string, Attacker>(
    top(db, 'ip', asked).map(({ name, ...row }) => [
      name,
      { ip: name, ...row, hosts: new Map(), users: new Map() },
    ]),
  )
  const all = [...found.values()]
  if (!isWide(asked)) addNarrow(db, asked, users, found)
  else {
    // All that an address ever did lies within a span that begins before it was first seen.
    const isWhole = (one: Attacker) => since === undefined || one.first >= since
    addEver(db, all.filter(isWhole), users, found)
    const cut = all.filter((one) => !isWhole(one))
    if (since !== undefined) addSince(db, cut, since, users, found)
  }
  return all
}

type Found = ReadonlyMap<string, Attacker>

// Names are added up only where they are wanted: an address that guesses has tried thousands.
function addRows(
  db: Database,
  found: Found,
  most: number,
  { hosts, users, bind }: { hosts: string; users: string; bind: Bind },
): void {
  for (const row of db.prepare(hosts).all(bind)) {
    found.get(String(row['ip']))?.hosts.set(String(row['label']), countsOf(row))
  }
  for (const row of most === 0 ? [] : db.prepare(users).all(bind)) {
    const names = found.get(String(row['ip']))?.users
    if (names && names.size < most) names.set(String(row['user']), Number(row['attempts']))
  }
}

const namesOf = (attackers: readonly Attacker[]) => JSON.stringify(attackers.map(({ ip }) => ip))
const these = 'SELECT value FROM json_each(:ips)'
const byMost = 'ORDER BY 3 DESC, 4 DESC, label'
const byTries = 'ORDER BY 3 DESC, user'

function addNarrow(db: Database, span: Span, most: number, found: Found): void {
  const { cte, bind } = hourSlice(db, span)
  const ips = namesOf([...found.values()])
  const hosts = `WITH ${cte} SELECT ip, label, ${sumColumns} FROM slice JOIN host ON host.id = slice.host
    WHERE ip IN (${these}) GROUP BY ip, label ${byMost}`
  const users = `WITH ${cte} SELECT ip, user, sum(attempts) AS attempts FROM slice
    WHERE ip IN (${these}) AND user <> '' AND attempts > 0 GROUP BY ip, user ${byTries}`
  addRows(db, found, most, { hosts, users, bind: { ips, ...bind } })
}

function addEver(db: Database, attackers: Attacker[], most: number, found: Found): void {
  const ips = namesOf(attackers)
  const hosts = `SELECT ip, label, ${sumColumns} FROM attacker JOIN host ON host.id = attacker.host
    WHERE ip IN (${these}) GROUP BY ip, label ${byMost}`
  const users = `SELECT ip, user, attempts FROM attacker_user
    WHERE ip IN (${these}) AND user <> '' ${byTries}`
  addRows(db, found, most, { hosts, users, bind: { ips } })
}

function addSince(
  db: Database,
  attackers: Attacker[],
  since: number,
  most: number,
  found: Found,
): void {
  if (attackers.length === 0) return
  const { cte, bind } = edgeSlice(since)
  const all = { ips: namesOf(attackers), day: wholeDay(since), ...bind }
  const hosts = `WITH ${cte} SELECT ip, label, ${sumColumns} FROM (
      SELECT ip, host, attempts, probes, logins FROM slice WHERE ip IN (${these})
      UNION ALL SELECT ip, host, attempts, probes, logins
      FROM json_each(:ips) JOIN address_host_day ON ip = value AND day >= :day
    ) AS counted JOIN host ON host.id = counted.host GROUP BY ip, label ${byMost}`
  const users = `WITH ${cte} SELECT ip, user, sum(attempts) AS attempts FROM (
      SELECT ip, user, attempts FROM slice WHERE ip IN (${these}) AND user <> '' AND attempts > 0
      UNION ALL SELECT ip, user, attempts
      FROM json_each(:ips) JOIN address_user_day ON ip = value AND day >= :day
    ) GROUP BY ip, user ${byTries}`
  addRows(db, found, most, { hosts, users, bind: all })
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
