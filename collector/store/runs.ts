/**
 * Where in the order of arrival the findings of one file, host or address stand. An agent tells of one
 * place at a time, so what a frame brings of it is a few runs of numbers: entries per run are a tenth of
 * entries per finding, and each of them is a page of its own on its way to disk. Between the ends of a
 * run there may be findings of others: whoever follows one looks at each.
 */
import type { Database } from './database.ts'
import { type Into, putRows, type Value } from './rows.ts'

/** A finding as far as its places go; `at` in ms UTC. */
export type Placed = {
  n: number
  file: number
  offset: number
  host: number
  at: number
  ip: string | null
}

/**
 * SQL: the findings `f` that a run `r` of a host or an address holds. Where the plus is missing, SQLite
 * makes an index of its own over millions of findings instead of going by their numbers.
 */
export const inHostRun = (
  f: string,
): string => `${f}.n BETWEEN r.n AND r.upto AND +${f}.host = r.host
  AND +${f}.at >= r.second * 1000 AND +${f}.at < r.second * 1000 + 1000`
export const inAddressRun = (f: string): string =>
  `${f}.n BETWEEN r.n AND r.upto AND +${f}.ip = r.ip`

/** Writes down the runs of new findings of one frame, in their order. For use inside a transaction. */
export function putRuns(db: Database, placed: readonly Placed[]): void {
  const files = openRuns<number>()
  const seconds = new Map<number, Runs<number>>()
  const addresses = openRuns<string>()
  for (const { n, file, offset, host, at, ip } of placed) {
    if (!extend(files, file, n)) begin(files, file, n, [file, offset])
    const second = secondOf(at)
    const ofHost = seconds.get(host) ?? openRuns<number>()
    seconds.set(host, ofHost)
    if (!extend(ofHost, second, n)) begin(ofHost, second, n, [host, second])
    if (ip !== null && !extend(addresses, ip, n)) begin(addresses, ip, n, [ip])
  }
  putRows(db, fileRuns, valuesOf(files))
  for (const ofHost of seconds.values()) putRows(db, hostRuns, valuesOf(ofHost))
  putRows(db, addressRuns, valuesOf(addresses))
}

/**
 * Gives what finds the number of a finding of this file by its offset, undefined where there is none.
 * Findings of a file are told in the order of their anchors, so it is in the last run that begins before.
 */
export function numbersIn(db: Database, file: number): (offset: number) => number | undefined {
  const known = new Map<number, number>()
  return (offset) => {
    if (!known.has(offset)) {
      const run = db.prepare(runSql).get(file, offset)
      const rows =
        run === undefined
          ? []
          : db.prepare(rowsSql).all(Number(run['n']), Number(run['upto']), file)
      for (const row of rows) known.set(Number(row['offset']), Number(row['n']))
    }
    return known.get(offset)
  }
}

const runSql = `
  SELECT n, upto FROM file_run WHERE file = ? AND offset <= ? ORDER BY offset DESC, n DESC LIMIT 1`
const rowsSql = 'SELECT n, offset FROM finding WHERE n BETWEEN ? AND ? AND file = ?'

/** The second of a time (ms UTC), as runs of hosts have it. */
export function secondOf(at: number): number {
  return Math.floor(at / 1000)
}

/** Most numbers from one finding of a run to the next: what is looked at in vain is bounded. */
const farthest = 16

type Run = { columns: readonly Value[]; n: number; upto: number }
/** Those begun, the last of each place, and the place and run of the last finding: the next is often there too. */
type Runs<K> = { begun: Run[]; last: Map<K, Run>; here: K | undefined; run: Run | undefined }

function openRuns<K>(): Runs<K> {
  return { begun: [], last: new Map(), here: undefined, run: undefined }
}

// Gives false where no run of this place comes so far.
function extend<K>(runs: Runs<K>, place: K, n: number): boolean {
  const run = runs.here === place ? runs.run : runs.last.get(place)
  if (run === undefined || n - run.upto > farthest) return false
  run.upto = n
  runs.here = place
  runs.run = run
  return true
}

function begin<K>(runs: Runs<K>, place: K, n: number, columns: readonly Value[]): void {
  const run = { columns, n, upto: n }
  runs.begun.push(run)
  runs.last.set(place, run)
  runs.here = place
  runs.run = run
}

function valuesOf<K>({ begun }: Runs<K>): Value[] {
  return begun.flatMap(({ columns, n, upto }) => [...columns, n, upto])
}

const fileRuns: Into = { table: 'file_run', columns: ['file', 'offset', 'n', 'upto'] }
const hostRuns: Into = { table: 'host_run', columns: ['host', 'second', 'n', 'upto'] }
const addressRuns: Into = { table: 'address_run', columns: ['ip', 'n', 'upto'] }

/** Forgets the runs that hold none of their findings any more, now that these are gone. */
export function dropRuns(db: Database, gone: readonly Placed[]): void {
  const files = Map.groupBy(gone, ({ file }) => file)
  for (const [file, these] of files) {
    db.prepare(dropOfFile).run({ file, ...ends(these, ({ offset }) => offset) })
  }
  const places = Map.groupBy(gone, ({ host, at }) => `${host} ${secondOf(at)}`)
  for (const [one] of places.values()) {
    if (one !== undefined) db.prepare(dropOfHost).run({ host: one.host, second: secondOf(one.at) })
  }
  const addresses = Map.groupBy(gone, ({ ip }) => ip)
  for (const [ip, these] of addresses) {
    if (ip !== null) db.prepare(dropOfAddress).run({ ip, ...ends(these, ({ n }) => n) })
  }
}

function ends(gone: readonly Placed[], of: (one: Placed) => number) {
  const all = gone.map(of)
  return { first: Math.min(...all), last: Math.max(...all) }
}

// The first of them may have stood in the midst of a run.
const dropOfFile = `
  DELETE FROM file_run AS r
  WHERE file = :file AND offset <= :last AND offset >= coalesce(
      (SELECT max(offset) FROM file_run WHERE file = :file AND offset <= :first), :first)
    AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.n BETWEEN r.n AND r.upto AND f.file = r.file)`

const dropOfHost = `
  DELETE FROM host_run AS r
  WHERE host = :host AND second = :second AND NOT EXISTS (
    SELECT 1 FROM finding f WHERE ${inHostRun('f')})`

const dropOfAddress = `
  DELETE FROM address_run AS r
  WHERE ip = :ip AND n <= :last AND n >= coalesce(
      (SELECT max(n) FROM address_run WHERE ip = :ip AND n <= :first), :first)
    AND NOT EXISTS (SELECT 1 FROM finding f WHERE ${inAddressRun('f')})`
