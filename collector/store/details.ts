/**
 * What an address did on each host, and under which names. A name that was tried most within a span is
 * looked for among those tried most ever: nobody was tried more within the span than ever, so looking
 * stops where the next name's all-time count is below what the last of the list has.
 */
import type { Database } from './database.ts'
import { addHost, type Edge, edgeOf, type Names, namesOf, readEdge, these } from './edge.ts'
import { hourSlice, isWide, type Span, wholeDay, wholeHour } from './span.ts'
import { wholeFleet } from './sums.ts'
import { type Counts, countsOf, type Row, sumColumns, type Top } from './top.ts'

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

export type Details = {
  /** The same addresses with their hosts and names. */
  of: (list: readonly Top[]) => Attacker[]
  /** How many to ask for at once where there are many. */
  perPiece: number
}

/** Most user names given per attacker: one address has tried tens of thousands. */
const mostUsers = 1000

export type DetailsAsked = Span & {
  users?: number | undefined
  /** Everybody will be asked for, piece by piece. */
  isWhole?: boolean
}

/** Opens the details of addresses over a span. */
export function openDetails(db: Database, asked: DetailsAsked): Details {
  const { since, users: most = mostUsers } = asked
  // Hours are read throughout, so the more at once the better.
  if (!isWide(asked)) return { of: (list) => narrow(db, asked, most, list), perPiece: 5000 }
  const ever = (list: readonly Top[]) => everHosts(db, list)
  if (since === undefined) {
    return { of: (list) => described(list, ever(list), (ip) => everNames(db, ip, most)), perPiece }
  }
  const whole = asked.isWhole ? readEdge(db, since) : undefined
  return {
    perPiece,
    of: (list) => {
      if (list.length > few && most > 0 && isShort(db, since)) return narrow(db, asked, most, list)
      // All that an address ever did lies within a span that begins before it was first seen.
      const cut = list.filter(({ first }) => first < since)
      const hosts = ever(list.filter(({ first }) => first >= since))
      if (cut.length === 0) return described(list, hosts, (ip) => everNames(db, ip, most))
      const edge = whole ?? readEdge(db, since, cut)
      for (const [ip, counts] of cutHosts(db, cut, since, edge)) hosts.set(ip, counts)
      const isCut = new Set(cut.map(({ name }) => name))
      return described(list, hosts, (ip) =>
        isCut.has(ip) ? cutNames(db, ip, wholeDay(since), edge, most) : everNames(db, ip, most),
      )
    },
  }
}

const perPiece = 20

// The hours of a day or so hold fewer names than many addresses ever tried.
const few = 30
const shortHours = 36

function isShort(db: Database, since: number): boolean {
  const newest = db
    .prepare(`SELECT max(hour) AS hour FROM host_hour WHERE host = ${wholeFleet}`)
    .get()?.['hour']
  return Number(newest ?? 0) - wholeHour(since) < shortHours
}

/** By address, then by label. */
type Hosts = Map<string, Map<string, Counts>>

function described(list: readonly Top[], hosts: Hosts, names: (ip: string) => Names): Attacker[] {
  return list.map(({ name, ...row }) => ({
    ip: name,
    ...row,
    hosts: new Map([...(hosts.get(name) ?? [])].sort(byMost)),
    users: names(name),
  }))
}

function byMost([one, a]: [string, Counts], [other, b]: [string, Counts]): number {
  return b.attempts - a.attempts || b.probes - a.probes || (one < other ? -1 : 1)
}

function everHosts(db: Database, list: readonly Top[]): Hosts {
  if (list.length === 0) return new Map()
  return hostsOf(
    db
      .prepare(
        `SELECT ip, label, attempts, probes, logins
         FROM attacker JOIN host ON host.id = attacker.host WHERE ip IN (${these})`,
      )
      .all({ ips: namesOf(list) }),
  )
}

// Host by host: what lies within the span is one short walk, and all of it where it came there since.
function cutHosts(db: Database, list: readonly Top[], since: number, edge: Edge): Hosts {
  const whole = db.prepare(
    `SELECT host, attempts, probes, logins FROM attacker WHERE ip = ? AND first >= ?`,
  )
  const cut = db.prepare(
    `SELECT attacker.host, sum(days.attempts) AS attempts, sum(days.probes) AS probes,
       sum(days.logins) AS logins
     FROM attacker JOIN address_host_day AS days
       ON days.ip = attacker.ip AND days.host = attacker.host AND days.day >= ?
     WHERE attacker.ip = ? AND first < ? AND last >= ? GROUP BY attacker.host`,
  )
  const day = wholeDay(since)
  const labels = labelsOf(db)
  const hosts: Hosts = new Map()
  for (const { name: ip } of list) {
    const wholes = whole.all(ip, since)
    const isWhole = new Set(wholes.map((row) => Number(row['host'])))
    for (const row of [...wholes, ...cut.all(day, ip, since, since)]) {
      addHost(hosts, ip, labels.get(Number(row['host'])) ?? '', countsOf(row))
    }
    for (const [host, counts] of edge.hosts.get(ip) ?? []) {
      if (!isWhole.has(host)) addHost(hosts, ip, labels.get(host) ?? '', counts)
    }
  }
  return hosts
}

function hostsOf(rows: readonly Row[]): Hosts {
  const hosts: Hosts = new Map()
  for (const row of rows) addHost(hosts, String(row['ip']), String(row['label']), countsOf(row))
  return hosts
}

function everNames(db: Database, ip: string, most: number): Names {
  if (most === 0) return new Map()
  const rows = db.prepare(`${mostTried} LIMIT ?`).all(ip, most)
  return new Map(rows.map((row) => [String(row['user']), Number(row['attempts'])]))
}

const mostTried = `SELECT user, attempts FROM attacker_user
  WHERE ip = ? AND user <> '' ORDER BY attempts DESC, user`

type Named = { user: string; attempts: number }

function cutNames(db: Database, ip: string, day: number, edge: Edge, most: number): Names {
  if (most === 0) return new Map()
  const before = edge.names.get(ip)
  const days = db.prepare(
    `SELECT coalesce(sum(attempts), 0) AS attempts FROM address_user_day
     WHERE ip = ? AND user = ? AND day >= ?`,
  )
  let list: Named[] = []
  let last: Named | undefined
  const keepMost = () => {
    list.sort((one, other) => other.attempts - one.attempts || (one.user < other.user ? -1 : 1))
    list = list.slice(0, most)
    last = list.length === most ? list.at(-1) : undefined
  }
  for (const row of db.prepare(mostTried).iterate(ip) as Iterable<Row>) {
    const user = String(row['user'])
    const ever = Number(row['attempts'])
    // Of those with as many, the later name never comes first.
    if (last && (ever < last.attempts || (ever === last.attempts && user > last.user))) break
    const attempts = Number(days.get(ip, user, day)?.['attempts']) + (before?.get(user) ?? 0)
    if (attempts === 0) continue
    list.push({ user, attempts })
    if (list.length >= 2 * most || (last === undefined && list.length === most)) keepMost()
  }
  keepMost()
  return new Map(list.map(({ user, attempts }) => [user, attempts]))
}

function narrow(db: Database, span: Span, most: number, list: readonly Top[]): Attacker[] {
  const { host } = span
  if (host !== undefined && most === 0) {
    const onIt = ({ name, attempts, probes, logins }: Top) =>
      [name, new Map([[host, { attempts, probes, logins }]])] as const
    return described(list, new Map(list.map(onIt)), () => new Map())
  }
  const { cte, bind } = hourSlice(db, span)
  const edge = edgeOf(
    db
      .prepare(
        `WITH ${cte} SELECT ip, host, ${most === 0 ? "''" : 'user'} AS user, ${sumColumns}
         FROM slice WHERE ip IN (${these}) GROUP BY 1, 2, 3`,
      )
      .iterate({ ...bind, ips: namesOf(list) }) as Iterable<Row>,
  )
  const labels = labelsOf(db)
  const hosts: Hosts = new Map()
  for (const [ip, counts] of edge.hosts) {
    for (const [id, one] of counts) addHost(hosts, ip, labels.get(id) ?? '', one)
  }
  return described(list, hosts, (ip) => {
    const all = [...(edge.names.get(ip) ?? [])].sort(
      ([one, a], [other, b]) => b - a || (one < other ? -1 : 1),
    )
    return new Map(all.slice(0, most))
  })
}

function labelsOf(db: Database): Map<number, string> {
  const rows = db.prepare('SELECT id, label FROM host').all()
  return new Map(rows.map((row) => [Number(row['id']), String(row['label'])]))
}
