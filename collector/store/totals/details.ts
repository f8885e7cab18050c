/**
 * What an address did on each host, and under which names. A name that was tried most within a span is
 * looked for among those tried most ever: nobody was tried more within the span than ever, so looking
 * stops where the next name's all-time count is below what the last of the list has.
 */
import { type Counts, plus } from '../counts.ts'
import type { Database } from '../database.ts'
import type { Names, Seen } from './hours.ts'
import type { Days, Reading } from './reading.ts'
import type { Span } from './span.ts'
import type { Top } from './top.ts'

export type Attacker = Counts & {
  ip: string
  /** On how many hosts it was seen, given or not. */
  seenOn: number
  /** Counts by host label, most tried first. */
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

/** Most user names and hosts that are given of each. */
export type DetailsAsked = Span & { users?: number | undefined; hosts?: number | undefined }

/** What is known of one address: counts by host's id, and attempts by name, more than are wanted. */
type Known = { hosts: Iterable<readonly [host: number, counts: Counts]>; names: Names }

/** Opens the details of addresses over a span, which is read as given. */
export function openDetails(db: Database, asked: DetailsAsked, reading: Reading): Details {
  const { since = 0, until = never, users: most = mostUsers, hosts } = asked
  const labels = labelsOf(db)
  // Where the hours are read again for each piece, the more at once the better.
  const isDear = reading.kind === 'hours' && !reading.isKept
  return {
    perPiece: isDear ? 5000 : 20,
    of: (list) => {
      const known = knownOf(db, reading, list, { since, until, most })
      return list.map((one) => attacker(one, known(one), labels, { users: most, hosts }))
    },
  }
}

function knownOf(
  db: Database,
  reading: Reading,
  list: readonly Top[],
  { since, until, most }: { since: number; until: number; most: number },
): (one: Top) => Known {
  const ever = ({ name }: Top): Known => ({
    hosts: everHosts(db, name),
    names: everNames(db, name, most),
  })
  if (reading.kind === 'ever') return ever
  // Whoever was first and last seen within the span did all within it.
  const isWhole = ({ first, last }: Top) =>
    reading.kind === 'days' && first >= since && last < until
  const cut = list.filter((one) => !isWhole(one))
  const seen = reading.hours.seen(
    cut.map(({ name }) => name),
    most > 0,
  )
  return (one) => {
    if (isWhole(one)) return ever(one)
    const hours = seen.get(one.name) ?? nothing
    if (reading.kind === 'hours') return hours
    const { days } = reading
    return {
      hosts: cutHosts(db, one.name, { since, days }, hours),
      names: cutNames(db, one.name, { days, most }, hours),
    }
  }
}

const never = Number.MAX_SAFE_INTEGER
const nothing: Seen = { hosts: new Map(), names: new Map() }

function labelsOf(db: Database): Map<number, string> {
  const rows = db.prepare('SELECT id, label FROM host').all()
  return new Map(rows.map((row) => [Number(row['id']), String(row['label'])]))
}

function attacker(
  { name, ...row }: Top,
  { hosts, names }: Known,
  labels: Map<number, string>,
  { users, hosts: most = never }: { users: number; hosts: number | undefined },
): Attacker {
  const byLabel = new Map<string, Counts>()
  for (const [host, counts] of hosts) {
    if (counts.attempts + counts.probes + counts.logins === 0) continue
    const label = labels.get(host) ?? ''
    byLabel.set(label, plus(counts, byLabel.get(label)))
  }
  return {
    ip: name,
    ...row,
    seenOn: byLabel.size,
    hosts: new Map(firstOf([...byLabel], byMost, most)),
    users: new Map(firstOf([...names], byAttempts, users)),
  }
}

// A few of hundreds are found without sorting all of them.
function firstOf<T>(all: T[], order: (one: T, other: T) => number, most: number): T[] {
  if (most === 0) return []
  if (most * 8 > all.length) return all.sort(order).slice(0, most)
  const first: T[] = []
  for (const one of all) {
    const last = first[most - 1]
    if (last !== undefined && order(one, last) >= 0) continue
    const at = first.findIndex((other) => order(one, other) < 0)
    first.splice(at === -1 ? first.length : at, 0, one)
    if (first.length > most) first.pop()
  }
  return first
}

function byMost([one, a]: [string, Counts], [other, b]: [string, Counts]): number {
  return b.attempts - a.attempts || b.probes - a.probes || (one < other ? -1 : 1)
}

function byAttempts([one, a]: [string, number], [other, b]: [string, number]): number {
  return b - a || (one < other ? -1 : 1)
}

type HostRow = [host: number, attempts: number, probes: number, logins: number]

function everHosts(db: Database, ip: string): (readonly [number, Counts])[] {
  return hostRows(db, 'SELECT host, attempts, probes, logins FROM attacker WHERE ip = :ip', { ip })
}

function hostRows(db: Database, sql: string, bind: Record<string, string | number>) {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  const rows = statement.all(bind) as unknown as HostRow[]
  return rows.map(
    ([host, attempts, probes, logins]) => [host, { attempts, probes, logins }] as const,
  )
}

// Host by host, those that it was seen on within the span: what the days hold is one short walk.
function cutHosts(
  db: Database,
  ip: string,
  { since, days }: { since: number; days: Days },
  more: Seen,
): (readonly [number, Counts])[] {
  return hostRows(
    db,
    `SELECT here.host, coalesce(sum(days.attempts), 0), coalesce(sum(days.probes), 0),
       coalesce(sum(days.logins), 0)
     FROM attacker AS here LEFT JOIN address_host_day AS days
       ON days.ip = here.ip AND days.host = here.host
       AND days.day >= :from AND days.day < :to
     WHERE here.ip = :ip AND here.last >= :since GROUP BY here.host`,
    { ip, since, ...days },
  ).map(([host, counts]) => [host, plus(counts, more.hosts.get(host))] as const)
}

function everNames(db: Database, ip: string, most: number): Names {
  if (most === 0) return new Map()
  const statement = db.prepare(
    `SELECT user, attempts FROM attacker_user
     WHERE ip = ? AND user <> '' ORDER BY attempts DESC, user LIMIT ?`,
  )
  statement.setReturnArrays(true)
  return new Map(statement.all(ip, most) as unknown as [string, number][])
}

// Looking one name up costs as much as walking over so many of an address's days.
const dear = 40

// What the names tried most ever show is the bar that others must reach. Where many could, all that the
// address tried since is walked over instead.
function cutNames(
  db: Database,
  ip: string,
  { days, most }: { days: Days; most: number },
  { names: more }: Seen,
): Names {
  if (most === 0) return new Map()
  const first = 3 * most
  const found = plusNames(
    nameRows(db, lookedUp, { ip, ...days, bar: 1, size: first, offset: 0 }),
    more,
  )
  const bar = [...found.values()].sort((one, other) => other - one)[most - 1] ?? 1
  const row = db.prepare(couldReach).get({ ip, bar })
  const left = Number(row?.['names']) - first
  if (left <= 0) return found
  if (left * dear > Number(row?.['ever'])) {
    return plusNames([...zeroes(more), ...nameRows(db, walkedOver, { ip, ...days })], more)
  }
  const others = nameRows(db, lookedUp, { ip, ...days, bar, size: left, offset: first })
  return new Map([...found, ...plusNames(others, more)])
}

const lookedUp = `SELECT user, (SELECT coalesce(sum(attempts), 0) FROM address_user_day AS days
    WHERE days.ip = here.ip AND days.user = here.user AND days.day >= :from AND days.day < :to)
  FROM attacker_user AS here
  WHERE ip = :ip AND attempts >= :bar AND user <> ''
  ORDER BY attempts DESC, user LIMIT :size OFFSET :offset`

const walkedOver = `SELECT user, sum(attempts) FROM address_user_day
  WHERE ip = :ip AND day >= :from AND day < :to GROUP BY user`

const couldReach = `SELECT
  (SELECT count(*) FROM attacker_user WHERE ip = :ip AND attempts >= :bar AND user <> '') AS names,
  (SELECT attempts FROM subject WHERE kind = 'ip' AND name = :ip) AS ever`

type NameRow = [user: string, attempts: number]

function nameRows(db: Database, sql: string, bind: Record<string, string | number>): NameRow[] {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement.all(bind) as unknown as NameRow[]
}

function zeroes(names: Names): NameRow[] {
  return [...names.keys()].map((user) => [user, 0])
}

function plusNames(rows: readonly NameRow[], more: Names): Names {
  const all: Names = new Map()
  for (const [user, days] of rows) {
    const attempts = days + (more.get(user) ?? 0)
    if (attempts > 0) all.set(user, attempts)
  }
  return all
}
