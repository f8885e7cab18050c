/**
 * What happened in a span of time, counted out of `hourly` and `attacker`, which are kept for ever
 * and move with each finding. Only the broken first hour of a span is counted from the findings
 * themselves, through their index by host and time: no question here walks the whole log.
 */
import type { Database } from './database.ts'

export type Counts = { attempts: number; probes: number; logins: number }

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

export type AttackersAsked = {
  /** ms UTC; undefined for all there ever was. */
  since?: number | undefined
  limit: number
  /** Part of an address or of a user name tried. */
  q?: string | undefined
}

export type TotalsStore = {
  totals: (since?: number) => Totals
  attackers: (asked: AttackersAsked) => Attacker[]
  /** All-time counts by host label, of what had an address. */
  byHost: () => Map<string, Counts>
}

/** Most user names given per attacker: one address has tried tens of thousands. */
export const mostUsers = 1000

// `hourly.hour` counts hours since 1970.
const hourMillis = 3_600_000

/** Takes the open database; gives the questions about totals. */
export function openTotals(db: Database): TotalsStore {
  return {
    totals: (since) => totals(db, since),
    attackers: (asked) => attackers(db, asked),
    byHost: () => byHost(db),
  }
}

// What both kinds of question are asked of: rows (host, ip, user, attempts, probes, logins).
const slice = `
  slice AS (
    SELECT host, ip, user, attempts, probes, logins FROM hourly WHERE hour >= :whole
    UNION ALL
    SELECT f.host, coalesce(f.ip, ''), coalesce(f.user, ''),
      iif(f.kind = 'attempt', f.count, 0),
      iif(f.kind = 'probe', f.count, 0),
      iif(f.kind = 'login', f.count, 0)
    FROM host CROSS JOIN finding f ON f.host = host.id AND f.at >= :since AND f.at < :until
    WHERE f.kind IN ('attempt', 'probe', 'login')
  )`

// All there ever was is kept summed up; a span is summed up now.
type Source = { cte: string; hosts: string; users: string; bind: Record<string, number> }

function sourceOf(since: number | undefined): Source {
  if (since === undefined) return { cte: '', hosts: 'attacker', users: 'attacker_user', bind: {} }
  const whole = Math.ceil(since / hourMillis)
  const bind = { since, until: whole * hourMillis, whole }
  return { cte: `WITH ${slice}`, hosts: 'slice', users: 'slice', bind }
}

function totals(db: Database, since: number | undefined): Totals {
  const { cte, hosts, bind } = sourceOf(since)
  const row = db
    .prepare(
      `${cte} SELECT ${sums},
         count(DISTINCT ip) FILTER (WHERE attempts + probes > 0) AS attackers,
         count(DISTINCT label) AS hosts
       FROM ${hosts} AS counted JOIN host ON host.id = counted.host WHERE ip <> ''`,
    )
    .get(bind)
  return {
    ...countsOf(row ?? {}),
    attackers: Number(row?.['attackers']),
    hosts: Number(row?.['hosts']),
  }
}

const sums = ['attempts', 'probes', 'logins']
  .map((name) => `coalesce(sum(${name}), 0) AS ${name}`)
  .join(', ')

type Row = Record<string, unknown>
type Named = Counts & { ip: string; first: number; last: number }

function attackers(db: Database, asked: AttackersAsked): Attacker[] {
  const { cte, hosts, users, bind } = sourceOf(asked.since)
  const named = topAddresses(db, asked)
  const ips = JSON.stringify(named.map((row) => row.ip))
  const hostRows = db
    .prepare(
      `${cte} SELECT ip, label, ${sums} FROM ${hosts} AS counted JOIN host ON host.id = counted.host
       WHERE ip IN (SELECT value FROM json_each(:ips))
       GROUP BY ip, label ORDER BY 3 DESC, 4 DESC, label`,
    )
    .all({ ips, ...bind })
  const userRows = db
    .prepare(
      `${cte} SELECT ip, user, sum(attempts) AS attempts FROM ${users}
       WHERE ip IN (SELECT value FROM json_each(:ips)) AND user <> '' AND attempts > 0
       GROUP BY ip, user ORDER BY 3 DESC, user`,
    )
    .all({ ips, ...bind })
  return joined(named, hostRows, userRows)
}

// The most active addresses first; a part of a name matches without regard to ASCII case.
function topAddresses(db: Database, { since, limit, q }: AttackersAsked): Named[] {
  const { bind } = sourceOf(since)
  const rows = db
    .prepare(since === undefined ? topEver : topSince)
    .all({ limit, q: q ?? '', ...bind })
  return rows.map((row) => ({
    ip: String(row['ip']),
    ...countsOf(row),
    first: Number(row['first']),
    last: Number(row['last']),
  }))
}

const topEver = `
  SELECT ip, ${sums}, min(first) AS first, max(last) AS last
  FROM attacker
  WHERE ip <> '' AND (:q = '' OR instr(lower(ip), lower(:q)) OR ip IN (
    SELECT ip FROM attacker_user WHERE instr(lower(user), lower(:q))))
  GROUP BY ip HAVING sum(attempts + probes) > 0
  ORDER BY 2 DESC, 3 DESC, ip LIMIT :limit`

const topSince = `
  WITH ${slice}, top AS (
    SELECT ip, ${sums} FROM slice WHERE ip <> '' GROUP BY ip
    HAVING sum(attempts + probes) > 0
      AND (:q = '' OR instr(lower(ip), lower(:q)) OR max(instr(lower(user), lower(:q))))
    ORDER BY 2 DESC, 3 DESC, ip LIMIT :limit)
  SELECT top.*, min(attacker.first) AS first, max(attacker.last) AS last
  FROM top JOIN attacker USING (ip) GROUP BY ip
  ORDER BY top.attempts DESC, top.probes DESC, ip`

function joined(named: Named[], hostRows: Row[], userRows: Row[]): Attacker[] {
  const attackers = new Map<string, Attacker>(
    named.map((row) => [row.ip, { ...row, hosts: new Map(), users: new Map() }]),
  )
  for (const row of hostRows) {
    attackers.get(String(row['ip']))?.hosts.set(String(row['label']), countsOf(row))
  }
  for (const row of userRows) {
    const users = attackers.get(String(row['ip']))?.users
    if (users && users.size < mostUsers) users.set(String(row['user']), Number(row['attempts']))
  }
  return [...attackers.values()]
}

function byHost(db: Database): Map<string, Counts> {
  const rows = db
    .prepare(
      `SELECT label, ${sums} FROM attacker JOIN host ON host.id = attacker.host
       WHERE ip <> '' GROUP BY label`,
    )
    .all()
  return new Map(rows.map((row) => [String(row['label']), countsOf(row)]))
}

function countsOf(row: Row): Counts {
  return {
    attempts: Number(row['attempts']),
    probes: Number(row['probes']),
    logins: Number(row['logins']),
  }
}
