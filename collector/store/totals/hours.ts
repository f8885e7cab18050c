/** What the hours of a span hold, down to host, address and user name. */
import { type Counts, plus } from '../counts.ts'
import type { Database } from '../database.ts'
import { type Bind, queryOf, type Slice, tableOf } from './span.ts'

/** Attempts by user name. */
export type Names = Map<string, number>
/** What one address did, by host's id. Where hours are taken off whole days, less than nothing. */
export type Seen = { hosts: Map<number, Counts>; names: Names }

export type Hours = {
  /** By address; or the attempts by user name. */
  counts: (of: 'ip' | 'user') => Map<string, Counts>
  /** Of these addresses, those that are there; with their names where those are asked for. */
  seen: (ips: readonly string[], isNaming: boolean) => Map<string, Seen>
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
    kept ??= byAddress(slice.flatMap((one) => read(db, queryOf(one), one.bind)))
    return kept
  }
  return {
    counts: (of) => {
      if (of === 'ip') return new Map([...rows()].map(([ip, own]) => [ip, sumOf(own)]))
      const all = new Map<string, Counts>()
      for (const own of rows().values()) addNames(all, own)
      return all
    },
    seen: (ips, isNaming) => {
      const found = new Map<string, Seen>()
      for (const ip of ips) {
        const own = rows().get(ip)
        if (own !== undefined) found.set(ip, seenOf(own, isNaming))
      }
      return found
    },
  }
}

/** The hours of two slices that have no address in common. */
export function bothHours(one: Hours, other: Hours): Hours {
  return {
    counts: (of) => {
      const all = one.counts(of)
      for (const [name, counts] of other.counts(of)) all.set(name, plus(counts, all.get(name)))
      return all
    },
    seen: (ips, isNaming) => new Map([...one.seen(ips, isNaming), ...other.seen(ips, isNaming)]),
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
      const rows = read(db, `WITH ${cte} SELECT ${chosen}, ${sums} FROM slice GROUP BY ${of}`, bind)
      if (of === 'ip') return new Map(rows.map((row) => [row[0], sumOf([row])]))
      const all = new Map<string, Counts>()
      addNames(all, rows)
      return all
    },
    seen: (ips, isNaming) => {
      const rows = read(
        db,
        `WITH ${cte} SELECT ip, host, ${isNaming ? 'user' : "''"}, ${sums} FROM slice
         WHERE ip IN (SELECT value FROM json_each(:ips)) GROUP BY 1, 2, 3`,
        { ...bind, ips: JSON.stringify(ips) },
      )
      return new Map([...byAddress(rows)].map(([ip, own]) => [ip, seenOf(own, isNaming)]))
    },
  }
}

// Our own tables are STRICT, so a row has the shape its statement spells out.
function read(db: Database, sql: string, bind: Bind): HourRow[] {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement.all(bind) as unknown as HourRow[]
}

function sumOf(rows: readonly HourRow[]): Counts {
  const sum = { attempts: 0, probes: 0, logins: 0 }
  for (const row of rows) add(sum, row)
  return sum
}

function addNames(all: Map<string, Counts>, rows: readonly HourRow[]): void {
  for (const [, , user, attempts] of rows) {
    if (user === '' || attempts === 0) continue
    const known = all.get(user)
    if (known === undefined) all.set(user, { attempts, probes: 0, logins: 0 })
    else known.attempts += attempts
  }
}

function seenOf(rows: readonly HourRow[], isNaming: boolean): Seen {
  const seen: Seen = { hosts: new Map(), names: new Map() }
  for (const row of rows) {
    const [, host, user, attempts] = row
    const known = seen.hosts.get(host)
    if (known === undefined) seen.hosts.set(host, sumOf([row]))
    else add(known, row)
    if (isNaming && user !== '' && attempts !== 0) {
      seen.names.set(user, (seen.names.get(user) ?? 0) + attempts)
    }
  }
  return seen
}

function add(sum: Counts, [, , , attempts, probes, logins]: HourRow): void {
  sum.attempts += attempts
  sum.probes += probes
  sum.logins += logins
}
