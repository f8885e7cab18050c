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
  const files = new Map<number, Run>()
  const seconds = new Map<number, Map<number, Run>>()
  const addresses = new Map<string, Run>()
  const [ofFile, ofHost, ofAddress]: [Run[], Run[], Run[]] = [[], [], []]
  for (const { n, file, offset, host, at, ip } of placed) {
    extend(files, file, n, ofFile, [file, offset])
    let ofThis = seconds.get(host)
    if (ofThis === undefined) {
      ofThis = new Map()
      seconds.set(host, ofThis)
    }
    const second = secondOf(at)
    extend(ofThis, second, n, ofHost, [host, second])
    if (ip !== null) extend(addresses, ip, n, ofAddress, [ip])
  }
  putRows(db, fileRuns, valuesOf(ofFile))
  putRows(db, hostRuns, valuesOf(ofHost))
  putRows(db, addressRuns, valuesOf(ofAddress))
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

type Run = { key: readonly Value[]; n: number; upto: number }

const fileRuns: Into = { table: 'file_run', columns: ['file', 'offset', 'n', 'upto'] }
const hostRuns: Into = { table: 'host_run', columns: ['host', 'second', 'n', 'upto'] }
const addressRuns: Into = { table: 'address_run', columns: ['ip', 'n', 'upto'] }

/** Most numbers from one finding of a run to the next: what is looked at in vain is bounded. */
const farthest = 16

function extend<K>(last: Map<K, Run>, key: K, n: number, runs: Run[], columns: Value[]): void {
  const run = last.get(key)
  if (run !== undefined && n - run.upto <= farthest) {
    run.upto = n
    return
  }
  const begun = { key: columns, n, upto: n }
  last.set(key, begun)
  runs.push(begun)
}

function valuesOf(runs: readonly Run[]): Value[] {
  return runs.flatMap(({ key, n, upto }) => [...key, n, upto])
}

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
