/** Hours of `hourly` and findings of a broken hour, read one by one and added up by address. */
import type { Database } from './database.ts'
import { edgeSlice } from './span.ts'
import { type Counts, countsOf, plus, type Row, type Top } from './top.ts'

/** Attempts by user name. */
export type Names = Map<string, number>
/** Hours read one by one, such as those before the first whole day: by address, then by host's id. */
export type Edge = { hosts: Map<string, Map<number, Counts>>; names: Map<string, Names> }

/** The list of addresses bound as :ips, by `namesOf`. */
export const these = 'SELECT value FROM json_each(:ips)'
export const namesOf = (list: readonly Top[]) => JSON.stringify(list.map(({ name }) => name))

/** What lies before the first whole day of a span; of everybody, or only of these. */
export function readEdge(db: Database, since: number, list?: readonly Top[]): Edge {
  const { cte, bind } = edgeSlice(since)
  const wanted = list === undefined ? 'true' : `ip IN (${these})`
  return edgeOf(
    db
      .prepare(
        `WITH ${cte} SELECT ip, host, user, attempts, probes, logins FROM slice WHERE ${wanted}`,
      )
      .iterate({ ...bind, ...(list && { ips: namesOf(list) }) }) as Iterable<Row>,
  )
}

/** Adds rows (ip, host, user, counts) up. */
export function edgeOf(rows: Iterable<Row>): Edge {
  const edge: Edge = { hosts: new Map(), names: new Map() }
  for (const row of rows) {
    const ip = String(row['ip'])
    const user = String(row['user'])
    const counts = countsOf(row)
    addHost(edge.hosts, ip, Number(row['host']), counts)
    if (user === '' || counts.attempts === 0) continue
    const names = edge.names.get(ip) ?? new Map<string, number>()
    edge.names.set(ip, names)
    names.set(user, (names.get(user) ?? 0) + counts.attempts)
  }
  return edge
}

/** Adds to what is known of an address under a key. */
export function addHost<K>(
  hosts: Map<string, Map<K, Counts>>,
  ip: string,
  key: K,
  counts: Counts,
): void {
  const known = hosts.get(ip) ?? new Map<K, Counts>()
  hosts.set(ip, known)
  known.set(key, plus(counts, known.get(key)))
}
