/**
 * Where in the order of arrival the findings of one file, host or address stand. An agent tells of one
 * place at a time, so what a frame brings of it is a few runs of numbers: entries per run are a tenth of
 * entries per finding. Each of them is a page of its own on its way to disk, so they are written with the
 * totals (totals/sums.ts), along their keys; until then they are in memory here, and for other processes in
 * the findings that no total knows yet. Between the ends of a run there may be findings of others:
 * whoever follows one looks at each.
 */
import type { Database } from './database.ts'
import type { Value } from './rows.ts'
import { sorted } from './sorted.ts'

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

/** First and last number of each run, one after the other. */
export type Ends = number[]

/** Runs that no table holds yet. */
export type Runs = {
  /** By file; `offsets` are those of the first of each run. */
  files: Map<number, { offsets: number[]; ends: Ends }>
  /** By host, then by second. */
  hosts: Map<number, Map<number, Ends>>
  addresses: Map<string, Ends>
}

export type RunTable = 'fileRun' | 'hostRun' | 'addressRun'
export type RunRow = { table: RunTable; bind: Value[] }

/** Gives runs of no finding. */
export function noRuns(): Runs {
  return { files: new Map(), hosts: new Map(), addresses: new Map() }
}

/** Takes up one finding more; they come in the order of their numbers. */
export function addPlace(runs: Runs, { n, file, offset, host, at, ip }: Placed): void {
  extendFile(runs, file, offset, n, n)
  extend(endsOfSecond(runs, host, secondOf(at)), n, n)
  if (ip !== null) extend(endsOfAddress(runs, ip), n, n)
}

/** Takes up the runs of findings that come behind; gives the same as one by one. */
export function joinRuns(runs: Runs, more: Runs): void {
  for (const [file, { offsets, ends }] of more.files) {
    for (const [at, offset] of offsets.entries()) {
      extendFile(runs, file, offset, ...runAt(ends, at))
    }
  }
  for (const [host, seconds] of more.hosts) {
    for (const [second, ends] of seconds) joinEnds(endsOfSecond(runs, host, second), ends)
  }
  for (const [ip, ends] of more.addresses) joinEnds(endsOfAddress(runs, ip), ends)
}

/**
 * The rows that hold these runs, table by table and along each one's key; null after a piece of work
 * without any.
 */
export function* runRows(runs: Runs): Generator<RunRow | null, undefined> {
  for (const [file, { offsets, ends }] of yield* inOrder(runs.files)) {
    for (const [at, offset] of offsets.entries()) {
      yield { table: 'fileRun', bind: [file, offset, ...runAt(ends, at)] }
    }
  }
  for (const [host, seconds] of yield* inOrder(runs.hosts)) {
    for (const [second, ends] of yield* inOrder(seconds)) {
      for (const run of pairs(ends)) yield { table: 'hostRun', bind: [host, second, ...run] }
    }
  }
  for (const [ip, ends] of yield* inOrder(runs.addresses)) {
    for (const run of pairs(ends)) yield { table: 'addressRun', bind: [ip, ...run] }
  }
}

/** The second of a time (ms UTC), as runs of hosts have it. */
export function secondOf(at: number): number {
  return Math.floor(at / 1000)
}

/** First and last number of each run. */
export function* pairs(ends: Ends): Generator<[first: number, last: number], undefined> {
  for (let at = 0; at < ends.length / 2; at++) yield runAt(ends, at)
}

/** First and last number of the run at a place of the list. */
export function runAt(ends: Ends, at: number): [first: number, last: number] {
  const [first, last] = [ends[2 * at], ends[2 * at + 1]]
  if (first === undefined || last === undefined) throw new RangeError(`no run ${at}`)
  return [first, last]
}

/**
 * Most numbers from one finding of a run to the next, and in all, counted from a multiple of it: what is
 * looked at in vain is bounded. By place and not by length, so that runs joined are those of one by one.
 */
const [farthest, block] = [16, 512] as const

function extendFile({ files }: Runs, file: number, offset: number, n: number, upto: number): void {
  const known = files.getOrInsertComputed(file, () => ({ offsets: [], ends: [] }))
  if (extend(known.ends, n, upto)) known.offsets.push(offset)
}

// Gives true where a run begins.
function extend(ends: Ends, n: number, upto: number): boolean {
  const last = ends.length - 1
  const before = ends[last]
  if (before !== undefined && n - before <= farthest && blockOf(n) === blockOf(before)) {
    ends[last] = upto
    return false
  }
  ends.push(n, upto)
  return true
}

function blockOf(n: number): number {
  return Math.floor(n / block)
}

function joinEnds(ends: Ends, more: Ends): void {
  for (const [first, last] of pairs(more)) extend(ends, first, last)
}

function endsOfSecond({ hosts }: Runs, host: number, second: number): Ends {
  const seconds = hosts.getOrInsertComputed(host, () => new Map())
  return seconds.getOrInsertComputed(second, () => [])
}

function endsOfAddress({ addresses }: Runs, ip: string): Ends {
  return addresses.getOrInsertComputed(ip, () => [])
}

function inOrder<K extends number | string, V>(map: Map<K, V>): Generator<null, [K, V][]> {
  return sorted([...map], ([one], [other]) => (one < other ? -1 : 1))
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
