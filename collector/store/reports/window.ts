/**
 * What arrived in a stretch of findings, added up by SQLite: a window may hold a million rows, a
 * report names a few dozen.
 */
import type { Counts } from '../counts.ts'
import type { Database } from '../database.ts'
import { inAddressRun } from '../runs.ts'

/**
 * Findings with fromN < n <= toN that happened at or after `since` (ms UTC), gaps likewise, and the
 * urgent reports after `fromReport`.
 */
export type Range = {
  fromReport: number
  fromN: number
  toN: number
  fromGap: number
  toGap: number
  since: number
}

export type HostCount = { host: string; attempts: number }
export type UserCount = { user: string; attempts: number }

export type Attacker = Counts & {
  ip: string
  first: number
  last: number
  hosts: HostCount[]
  users: UserCount[]
}

/** Logins of one user from one address on one host; `alert` where the address is known to have failed before. */
export type Logins = {
  ip: string | null
  host: string
  user: string
  logins: number
  /** ms UTC of the last one. */
  at: number
  /** No earlier login of this user from this address on this host is known. */
  fresh: boolean
  alert: { failed: number; failedOn: string; times: number } | null
}

export type Window = {
  /** attempts, addresses and hosts are those of attempts with an address; `local` are the others. */
  totals: Counts & {
    local: number
    blocked: number
    changes: number
    addresses: number
    /** Addresses with attempts that never tried before. */
    fresh: number
    users: number
    hosts: number
  }
  attackers: Attacker[]
  users: UserCount[]
  hosts: (Counts & { host: string; blocked: number })[]
  local: { host: string; user: string; program: string; attempts: number }[]
  logins: Logins[]
  changes: { at: number; host: string; text: string }[]
  losses: { host: string; text: string; times: number }[]
  gaps: { host: string; kind: string; text: string; times: number }[]
  /** Rows of these lists, given or not; of logins those of addresses not known to have failed. */
  rows: { local: number; logins: number; losses: number }
  /** All hosts that told of a loss. */
  lossy: string[]
  /** What the urgent reports of this time said, as it was stored. */
  alerts: unknown[]
  /** The agents that should be there, and when (ms UTC) each was last heard of. */
  agents: { host: string; seen: number | null }[]
}

/** Most rows of a kind a report keeps; the counts beside them cover all. */
export const mostRows = 50

const within = 'n > :fromN AND n <= :toN AND at >= :since'
const sums = `
  coalesce(sum(count) FILTER (WHERE kind = 'attempt'), 0) AS attempts,
  coalesce(sum(count) FILTER (WHERE kind = 'probe'), 0) AS probes,
  coalesce(sum(count) FILTER (WHERE kind = 'login'), 0) AS logins`

/** Reads what a range holds. */
export function readWindow(db: Database, range: Range): Window {
  const findings = { fromN: range.fromN, toN: range.toN, since: range.since }
  const listed = { ...findings, most: mostRows }
  const local = list<Window['local'][number]>(db, localSql, listed)
  const logins = list<LoginRow>(db, loginsSql, listed)
  const losses = list<Window['losses'][number]>(db, lossesSql, listed)
  const hosts = rows<Window['hosts'][number]>(db, hostsSql, findings)
  return {
    totals: totals(db, findings, hosts),
    attackers: attackers(db, findings),
    users: rows(db, usersSql, listed),
    hosts,
    local: local.rows,
    logins: logins.rows.map(loginsOf),
    changes: rows(db, changesSql, listed),
    losses: losses.rows,
    rows: { local: local.all, logins: logins.all, losses: losses.all },
    lossy: rows<{ host: string }>(db, lossySql, findings).map(({ host }) => host),
    gaps: rows(db, gapsSql, {
      fromGap: range.fromGap,
      toGap: range.toGap,
      since: range.since,
    }),
    alerts: rows<{ digest: string }>(db, alertsSql, {
      fromReport: range.fromReport,
      since: range.since,
      most: mostRows,
    }).map(({ digest }) => JSON.parse(digest)),
    agents: rows(db, agentsSql, {}),
  }
}

type Findings = { fromN: number; toN: number; since: number }

// The columns of our own tables are STRICT, so a row has the shape its statement spells out.
function rows<R>(db: Database, sql: string, bind: Record<string, number | string>): R[] {
  return db.prepare(sql).all(bind) as R[]
}

/** A list as it is limited, and how many rows it would have without that: in each row as "all". */
function list<R>(
  db: Database,
  sql: string,
  bind: Record<string, number | string>,
): { rows: R[]; all: number } {
  const found = rows<R & { all: number }>(db, sql, bind)
  return { rows: found.map(({ all: _all, ...row }) => row as R), all: found[0]?.all ?? 0 }
}

function totals(db: Database, findings: Findings, hosts: Window['hosts']): Window['totals'] {
  type Sums = Omit<Window['totals'], 'hosts'>
  const addresses = rows<Pick<Sums, 'addresses' | 'fresh'>>(db, addressesSql, findings)[0]
  const sums = rows<Omit<Sums, 'addresses' | 'fresh'>>(db, totalsSql, findings)[0]
  if (sums === undefined || addresses === undefined) throw new Error('a sum without a row')
  const hit = hosts.filter(({ attempts }) => attempts > 0)
  return { ...sums, ...addresses, hosts: hit.length }
}

const totalsSql = `
  SELECT
    coalesce(sum(count) FILTER (WHERE kind = 'attempt' AND ip IS NOT NULL), 0) AS attempts,
    coalesce(sum(count) FILTER (WHERE kind = 'attempt' AND ip IS NULL), 0) AS local,
    coalesce(sum(count) FILTER (WHERE kind = 'probe'), 0) AS probes,
    coalesce(sum(count) FILTER (WHERE kind = 'login'), 0) AS logins,
    coalesce(sum(count) FILTER (WHERE kind = 'blocked'), 0) AS blocked,
    count(*) FILTER (WHERE kind = 'change') AS changes,
    count(DISTINCT user) FILTER (WHERE kind = 'attempt' AND ip IS NOT NULL) AS users
  FROM finding WHERE ${within}`

// Grouped, not DISTINCT: SQLite sorts for the one and keeps a tree for the other, ten times slower.
const addressesSql = `
  SELECT count(*) AS addresses, coalesce(sum(NOT EXISTS (
    SELECT 1 FROM address_run r
    CROSS JOIN finding AS before ON ${inAddressRun('before')}
    WHERE r.ip = here.ip AND +before.n <= :fromN AND before.kind = 'attempt'
  ) AND ip NOT IN (
    SELECT ip FROM finding WHERE n > (SELECT through FROM summed) AND n <= :fromN
      AND kind = 'attempt' AND ip IS NOT NULL
  )), 0) AS fresh
  FROM (
    SELECT ip FROM finding WHERE ${within} AND kind = 'attempt' AND ip IS NOT NULL GROUP BY ip
  ) AS here`

function attackers(db: Database, findings: Findings): Attacker[] {
  const top = rows<Omit<Attacker, 'hosts' | 'users'>>(db, attackersSql, {
    ...findings,
    most: mostRows,
  })
  const named = { ...findings, ips: JSON.stringify(top.map(({ ip }) => ip)) }
  const hosts = grouped(rows<HostCount & { ip: string }>(db, attackerHostsSql, named))
  const users = grouped(rows<UserCount & { ip: string }>(db, attackerUsersSql, named))
  return top.map((attacker) => ({
    ...attacker,
    hosts: (hosts.get(attacker.ip) ?? []).map(({ host, attempts }) => ({ host, attempts })),
    users: (users.get(attacker.ip) ?? []).map(({ user, attempts }) => ({ user, attempts })),
  }))
}

function grouped<R extends { ip: string }>(all: readonly R[]): Map<string, R[]> {
  return Map.groupBy(all, ({ ip }) => ip)
}

const attackersSql = `
  SELECT ip, ${sums}, min(at) AS first, max(at) AS last
  FROM finding WHERE ${within} AND ip IS NOT NULL AND kind IN ('attempt', 'probe', 'login')
  GROUP BY ip HAVING attempts > 0
  ORDER BY attempts DESC, ip LIMIT :most`

const attackerHostsSql = `
  SELECT ip, label AS host, sum(count) AS attempts
  FROM finding JOIN host ON host.id = finding.host
  WHERE ${within} AND kind = 'attempt' AND ip IN (SELECT value FROM json_each(:ips))
  GROUP BY ip, label ORDER BY attempts DESC, label`

const attackerUsersSql = `
  SELECT ip, user, attempts FROM (
    SELECT ip, user, sum(count) AS attempts,
      row_number() OVER (PARTITION BY ip ORDER BY sum(count) DESC, user) AS place
    FROM finding
    WHERE ${within} AND kind = 'attempt' AND user IS NOT NULL
      AND ip IN (SELECT value FROM json_each(:ips))
    GROUP BY ip, user
  ) WHERE place <= 10 ORDER BY ip, place`

const usersSql = `
  SELECT user, sum(count) AS attempts FROM finding
  WHERE ${within} AND kind = 'attempt' AND ip IS NOT NULL AND user IS NOT NULL
  GROUP BY user ORDER BY attempts DESC, user LIMIT :most`

// Every host with anything at all: a fleet has dozens, and leaving one out would be a lie. Those of one
// label are one, here as on the page.
const hostsSql = `
  SELECT label AS host, sum(attempts) AS attempts, sum(probes) AS probes, sum(logins) AS logins,
    sum(blocked) AS blocked
  FROM (
    SELECT host,
      coalesce(sum(count) FILTER (WHERE kind = 'attempt' AND ip IS NOT NULL), 0) AS attempts,
      coalesce(sum(count) FILTER (WHERE kind = 'probe'), 0) AS probes,
      coalesce(sum(count) FILTER (WHERE kind = 'login'), 0) AS logins,
      coalesce(sum(count) FILTER (WHERE kind = 'blocked'), 0) AS blocked
    FROM finding WHERE ${within} GROUP BY host
  ) AS counted JOIN host ON host.id = counted.host
  GROUP BY label ORDER BY sum(attempts) DESC, label`

const localSql = `
  SELECT label AS host, coalesce(user, '') AS user, program, sum(count) AS attempts,
    count(*) OVER () AS "all"
  FROM finding JOIN host ON host.id = finding.host
  WHERE ${within} AND kind = 'attempt' AND ip IS NULL
  GROUP BY label, user, program ORDER BY attempts DESC, label, user LIMIT :most`

type LoginRow = Omit<Logins, 'fresh' | 'alert'> & {
  fresh: number
  failed: number | null
  failedOn: string | null
  times: number | null
}

// Logins of addresses that had failed come first: they are what the report is for. Left to itself, SQLite
// looks through all logins there ever were for each of them.
const loginsSql = `
  SELECT f.ip, label AS host, coalesce(f.user, '') AS user, sum(f.count) AS logins,
    max(f.at) AS at, max(failed) AS failed, max(failed_on) AS failedOn, max(times) AS times,
    count(*) FILTER (WHERE max(failed) IS NULL) OVER () AS "all",
    NOT EXISTS (
      SELECT 1 FROM finding AS before INDEXED BY finding_login
      WHERE before.ip IS f.ip AND (before.n <= :fromN OR before.at < :since) AND before.kind = 'login'
        AND before.host IN (SELECT id FROM host AS its WHERE its.label = host.label)
        AND before.user IS f.user
    ) AS fresh
  FROM finding AS f JOIN host ON host.id = f.host
    LEFT JOIN alert ON alert.ip = f.ip AND alert.host = f.host AND alert.user = coalesce(f.user, '')
  WHERE f.n > :fromN AND f.n <= :toN AND f.at >= :since AND f.kind = 'login'
  GROUP BY f.ip, label, f.user
  ORDER BY max(failed) IS NULL, fresh DESC, logins DESC, f.ip, label, user LIMIT :most`

function loginsOf(row: LoginRow): Logins {
  const { fresh, failed, failedOn, times, ...rest } = row
  const known = failed !== null && failedOn !== null && times !== null
  return { ...rest, fresh: fresh === 1, alert: known ? { failed, failedOn, times } : null }
}

const changesSql = `
  SELECT at, label AS host, coalesce(text, program) AS text
  FROM finding JOIN host ON host.id = finding.host
  WHERE ${within} AND kind = 'change' ORDER BY n LIMIT :most`

const lossesSql = `
  SELECT label AS host, coalesce(text, program) AS text, sum(count) AS times,
    count(*) OVER () AS "all"
  FROM finding JOIN host ON host.id = finding.host
  WHERE ${within} AND kind = 'loss'
  GROUP BY label, text ORDER BY times DESC, label LIMIT :most`

const lossySql = `
  SELECT DISTINCT label AS host FROM finding JOIN host ON host.id = finding.host
  WHERE ${within} AND kind = 'loss'`

// A few kinds of each host: all of them, for a count that is a lower bound must say so.
const gapsSql = `
  SELECT coalesce(label, agent.name) AS host, kind, max(text) AS text, count(*) AS times
  FROM gap JOIN agent ON agent.id = gap.agent LEFT JOIN host ON host.agent = gap.agent
  WHERE gap.id > :fromGap AND gap.id <= :toGap AND gap.received >= :since
  GROUP BY gap.agent, kind ORDER BY max(gap.id) DESC`

const alertsSql = `
  SELECT digest FROM report
  WHERE kind = 'alert' AND id > :fromReport AND to_at >= :since ORDER BY id LIMIT :most`

const agentsSql = `
  SELECT coalesce(label, agent.name) AS host, seen
  FROM agent LEFT JOIN host ON host.agent = agent.id
  WHERE revoked IS NULL ORDER BY 1`
