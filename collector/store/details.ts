/**
 * What an address did on each host, and under which names. A name that was tried most within a span is
 * looked for among those tried most ever: nobody was tried more within the span than ever, so looking
 * stops where the next name's all-time count is below what the last of the list has.
 */
import type { Database } from './database.ts'
import type { Names, Seen } from './hours.ts'
import type { Reading } from './reading.ts'
import type { Span } from './span.ts'
import { type Counts, plus, type Top } from './top.ts'

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

export type DetailsAsked = Span & { users?: number | undefined }

/** What is known of one address: counts by host's id, and attempts by name, more than are wanted. */
type Known = { hosts: Iterable<readonly [host: number, counts: Counts]>; names: Names }

/** Opens the details of addresses over a span, which is read as given. */
export function openDetails(db: Database, asked: DetailsAsked, reading: Reading): Details {
  const { since = 0, users: most = mostUsers } = asked
  const labels = labelsOf(db)
  // Where the hours are read again for each piece, the more at once the better.
  const isDear = reading.kind === 'hours' && !reading.isKept
  return {
    perPiece: isDear ? 5000 : 20,
    of: (list) => {
      const known = knownOf(db, reading, list, { since, most })
      return list.map((one) => attacker(one, known(one), labels, most))
    },
  }
}

function knownOf(
  db: Database,
  reading: Reading,
  list: readonly Top[],
  { since, most }: { since: number; most: number },
): (one: Top) => Known {
  const ever = ({ name }: Top): Known => ({
    hosts: everHosts(db, name),
    names: everNames(db, name, most),
  })
  if (reading.kind === 'ever') return ever
  // All that an address ever did lies within a span without an end that begins before it was first seen.
  const isWhole = ({ first }: Top) => reading.kind === 'days' && first >= since
  const cut = list.filter((one) => !isWhole(one))
  const seen = reading.hours.seen(cut.map(({ name }) => name))
  return (one) => {
    if (isWhole(one)) return ever(one)
    const hours = seen.get(one.name) ?? nothing
    if (reading.kind === 'hours') return hours
    const { day } = reading
    return {
      hosts: cutHosts(db, one.name, { since, day }, hours),
      names: cutNames(db, one.name, { day, most }, hours),
    }
  }
}

const nothing: Seen = { hosts: new Map(), names: new Map() }

function labelsOf(db: Database): Map<number, string> {
  const rows = db.prepare('SELECT id, label FROM host').all()
  return new Map(rows.map((row) => [Number(row['id']), String(row['label'])]))
}

function attacker(
  { name, ...row }: Top,
  { hosts, names }: Known,
  labels: Map<number, string>,
  most: number,
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
    hosts: new Map([...byLabel].sort(byMost)),
    users: new Map([...names].sort(byAttempts).slice(0, most)),
  }
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
  { since, day }: { since: number; day: number },
  more: Seen,
): (readonly [number, Counts])[] {
  return hostRows(
    db,
    `SELECT here.host, coalesce(sum(days.attempts), 0), coalesce(sum(days.probes), 0),
       coalesce(sum(days.logins), 0)
     FROM attacker AS here LEFT JOIN address_host_day AS days
       ON days.ip = here.ip AND days.host = here.host AND days.day >= :day
     WHERE here.ip = :ip AND here.last >= :since GROUP BY here.host`,
    { ip, since, day },
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

// In pieces: what the first ones show is the bar that the next ones must reach.
function cutNames(
  db: Database,
  ip: string,
  { day, most }: { day: number; most: number },
  { names: more }: Seen,
): Names {
  const found: Names = new Map()
  if (most === 0) return found
  const statement = db.prepare(
    `SELECT user, (SELECT coalesce(sum(attempts), 0) FROM address_user_day AS days
       WHERE days.ip = here.ip AND days.user = here.user AND days.day >= :day)
     FROM attacker_user AS here
     WHERE ip = :ip AND attempts >= :bar AND user <> ''
     ORDER BY attempts DESC, user LIMIT :size OFFSET :from`,
  )
  statement.setReturnArrays(true)
  let bar = 1
  let size = 3 * most
  for (let from = 0; ; from += size, size *= 4) {
    const rows = statement.all({ ip, day, bar, size, from }) as unknown as [string, number][]
    for (const [user, days] of rows) {
      const attempts = days + (more.get(user) ?? 0)
      if (attempts > 0) found.set(user, attempts)
    }
    if (rows.length < size) return found
    if (found.size >= most)
      bar = [...found.values()].sort((one, other) => other - one)[most - 1] ?? 1
  }
}
