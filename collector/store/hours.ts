/** What the hours of a span hold, down to host, address and user name. */
import type { Database } from './database.ts'
import { type Bind, type Slice, tableOf } from './span.ts'
import type { Counts } from './top.ts'

/** Attempts by user name. */
export type Names = Map<string, number>
/** What one address did, by host's id. Where hours are taken off whole days, less than nothing. */
export type Seen = { hosts: Map<number, Counts>; names: Names }

export type Hours = {
  /** By address; or the attempts by user name. */
  counts: (of: 'ip' | 'user') => Map<string, Counts>
  /** Of these addresses, those that are there. */
  seen: (ips: readonly string[]) => Map<string, Seen>
}

type HourRow = [
  ip: string,
  host: number,
  user: string,
  attempts: number,
  probes: number,
  logins: number,
]

/**
 * Opens the hours of a slice. Kept, they are read once, row by row, whatever is asked: dearer in memory,
 * and much cheaper than having SQLite sort them for each question.
 */
export function openHours(db: Database, slice: Slice, isKept: boolean): Hours {
  return isKept ? keptHours(db, slice) : soughtHours(db, slice)
}

function keptHours(db: Database, slice: Slice): Hours {
  let kept: Map<string, HourRow[]> | undefined
  const rows = () => {
    kept ??= byAddress(slice.flatMap(({ sql, bind }) => read(db, sql, bind)))
    return kept
  }
  return {
    counts: (of) => {
      const all = new Map<string, Counts>()
      for (const own of rows().values()) addCounts(all, own, of)
      return all
    },
    seen: (ips) => new Map(ips.map((ip) => [ip, seenOf(rows().get(ip) ?? [])])),
  }
}

function byAddress(rows: readonly HourRow[]): Map<string, HourRow[]> {
  const all = new Map<string, HourRow[]>()
  for (const row of rows) {
    const own = all.get(row[0])
    if (own === undefined) all.set(row[0], [row])
    else own.push(row)
  }
  return all
}

function soughtHours(db: Database, slice: Slice): Hours {
  const { cte, bind } = tableOf(slice)
  const sums = 'sum(attempts), sum(probes), sum(logins)'
  return {
    counts: (of) => {
      const chosen = of === 'ip' ? "ip, 0, ''" : "'', 0, user"
      const all = new Map<string, Counts>()
      const sql = `WITH ${cte} SELECT ${chosen}, ${sums} FROM slice GROUP BY ${of}`
      addCounts(all, read(db, sql, bind), of)
      return all
    },
    seen: (ips) => {
      const rows = read(
        db,
        `WITH ${cte} SELECT ip, host, user, ${sums} FROM slice
         WHERE ip IN (SELECT value FROM json_each(:ips)) GROUP BY 1, 2, 3`,
        { ...bind, ips: JSON.stringify(ips) },
      )
      return new Map([...byAddress(rows)].map(([ip, own]) => [ip, seenOf(own)]))
    },
  }
}

// Our own tables are STRICT, so a row has the shape its statement spells out.
function read(db: Database, sql: string, bind: Bind): HourRow[] {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement.all(bind) as unknown as HourRow[]
}

function addCounts(all: Map<string, Counts>, rows: readonly HourRow[], of: 'ip' | 'user'): void {
  for (const [ip, , user, attempts, probes, logins] of rows) {
    if (of === 'ip') add(all, ip, attempts, probes, logins)
    else if (user !== '' && attempts !== 0) add(all, user, attempts, 0, 0)
  }
}

function seenOf(rows: readonly HourRow[]): Seen {
  const seen: Seen = { hosts: new Map(), names: new Map() }
  for (const [, host, user, attempts, probes, logins] of rows) {
    add(seen.hosts, host, attempts, probes, logins)
    if (user !== '' && attempts !== 0) {
      seen.names.set(user, (seen.names.get(user) ?? 0) + attempts)
    }
  }
  return seen
}

function add<K>(
  all: Map<K, Counts>,
  key: K,
  attempts: number,
  probes: number,
  logins: number,
): void {
  const known = all.get(key)
  if (known === undefined) {
    all.set(key, { attempts, probes, logins })
    return
  }
  known.attempts += attempts
  known.probes += probes
  known.logins += logins
}
