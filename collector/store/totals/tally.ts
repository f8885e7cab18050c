/**
 * What new findings count, added up in memory before it is written: by hour, host, address and user
 * name, the finest that any total tells apart. Pure; the same findings in the same order give the same
 * writes in the same order, which is what lets a crash in their middle be made good (sums.ts).
 */
import type { FindingKind } from '../../../shared/finding.ts'
import { networkOf } from '../../fleet/networks.ts'
import type { Value } from '../rows.ts'
import { piece, sorted } from '../sorted.ts'
import { triedDays } from './tried-days.ts'

/** A finding as far as totals go; `at` in ms UTC. */
export type Countable = {
  n: number
  host: number
  kind: FindingKind
  at: number
  ip: string
  user: string
  count: number
}

/** Counts; first, last and the last attempt or probe (`tried`) in ms UTC, or never. */
export type Sum = {
  attempts: number
  probes: number
  logins: number
  first: number
  last: number
  tried: number
}

/** One row of one table that grows by what is bound. */
export type Write = { table: Table; bind: Value[] }

export type Writes = Generator<Write | null, undefined>

export type Table =
  | 'hourly'
  | 'hostHour'
  | 'attacker'
  | 'attackerUser'
  | 'addressHostDay'
  | 'addressUserDay'
  | 'subject'
  | 'subjectDay'
  | 'userAddress'

export type Tally = {
  add: (finding: Countable) => void
  /** How many findings were added, and the number of the last one. */
  size: () => number
  upto: () => number
  /** Everything that the totals grow by, null after a piece of work without any. Nothing may be added afterwards. */
  writes: () => Writes
}

export type SubjectKind = 'ip' | 'net' | 'user' | 'host'

/** In `host_hour`: the whole fleet. */
export const wholeFleet = 0
export const hourMillis = 3_600_000
export const dayHours = 24

// One address on one host within one hour: an attack is many findings of one place. `tried` holds the
// attempts by user name, `others` whatever else named a user.
type Place = {
  hour: number
  host: number
  ip: string
  all: Sum
  tried: Map<string, Sum>
  others: Map<string, Sum>
}

/** Gives an empty tally. */
export function openTally(): Tally {
  const places = new Map<string, Place>()
  let [size, upto] = [0, 0]
  let here: Place | undefined
  return {
    add: ({ n, host, kind, at, ip, user, count }) => {
      size += 1
      upto = n
      if (kind !== 'attempt' && kind !== 'probe' && kind !== 'login') return
      const hour = Math.floor(at / hourMillis)
      if (here?.host !== host || here.ip !== ip || here.hour !== hour) {
        here = placeOf(places, hour, host, ip)
      }
      const users = kind === 'attempt' ? here.tried : here.others
      let sum = users.get(user)
      if (sum === undefined) {
        sum = nothing()
        users.set(user, sum)
      }
      raise(here.all, kind, at, count)
      raise(sum, kind, at, count)
    },
    size: () => size,
    upto: () => upto,
    writes: () => writesOf([...places.values()]),
  }
}

function placeOf(places: Map<string, Place>, hour: number, host: number, ip: string): Place {
  const key = `${hour} ${host} ${ip}`
  const known = places.get(key)
  if (known !== undefined) return known
  const made = { hour, host, ip, all: nothing(), tried: new Map(), others: new Map() }
  places.set(key, made)
  return made
}

// A number and not null: V8 makes a new object for each number put where null may stand.
const never = Number.MIN_SAFE_INTEGER

function nothing(): Sum {
  return {
    attempts: 0,
    probes: 0,
    logins: 0,
    first: Number.MAX_SAFE_INTEGER,
    last: never,
    tried: never,
  }
}

function raise(sum: Sum, kind: 'attempt' | 'probe' | 'login', at: number, count: number): void {
  if (kind === 'attempt') sum.attempts += count
  else if (kind === 'probe') sum.probes += count
  else sum.logins += count
  if (kind !== 'login' && at > sum.tried) sum.tried = at
  if (at < sum.first) sum.first = at
  if (at > sum.last) sum.last = at
}

function plus(sum: Sum, more: Sum): void {
  sum.attempts += more.attempts
  sum.probes += more.probes
  sum.logins += more.logins
  sum.first = Math.min(sum.first, more.first)
  sum.last = Math.max(sum.last, more.last)
  sum.tried = Math.max(sum.tried, more.tried)
}

// Table by table and along each one's key, so that rows of one page are written together. A row may
// come twice: writes add up.
function* writesOf(places: readonly Place[]): Writes {
  const byHost = yield* sorted(
    places,
    (one, other) => one.hour - other.hour || one.host - other.host || order(one, other),
  )
  for (const { hour, host, ip, tried, others } of byHost) {
    for (const users of [tried, others]) {
      for (const [user, sum] of users) {
        yield { table: 'hourly', bind: [hour, host, ip, user, ...three(sum)] }
      }
    }
  }
  const remote = yield* sorted(
    byHost.filter(({ ip }) => ip !== ''),
    order,
  )
  yield* byAddress(remote)
  yield* byHour(remote)
  yield* bySubject(remote)
  yield* byName(remote)
}

function order({ ip: one }: Place, { ip: other }: Place): number {
  return compare(one, other)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

function three({ attempts, probes, logins }: Sum): [number, number, number] {
  return [attempts, probes, logins]
}

function* byAddress(places: readonly Place[]): Writes {
  for (const { ip, host, all } of places) {
    yield { table: 'attacker', bind: [ip, host, ...three(all), all.first, all.last] }
  }
  for (const { ip, host, hour, all } of places) {
    yield { table: 'addressHostDay', bind: [ip, dayOf(hour), host, ...three(all)] }
  }
  for (const { ip, tried } of places) {
    for (const [user, { attempts }] of tried) {
      yield { table: 'attackerUser', bind: [ip, user, attempts] }
    }
  }
  for (const { ip, hour, tried } of places) {
    for (const [user, { attempts }] of tried) {
      if (user === '') continue
      yield { table: 'addressUserDay', bind: [ip, dayOf(hour), user, attempts] }
    }
  }
}

function* byHour(places: readonly Place[]): Writes {
  const sums = new Map<string, { host: number; hour: number; sum: Sum }>()
  for (const [at, { host, hour, all }] of places.entries()) {
    for (const one of [wholeFleet, host]) {
      const key = `${one} ${hour}`
      const { sum } = sums.getOrInsertComputed(key, () => ({ host: one, hour, sum: nothing() }))
      plus(sum, all)
    }
    if (at % piece === 0) yield null
  }
  for (const { host, hour, sum } of sums.values()) {
    yield { table: 'hostHour', bind: [host, hour, ...three(sum)] }
  }
}

function* bySubject(places: readonly Place[]): Writes {
  yield* subjects('ip', places, ({ ip, all }, add) => add(ip, all))
  let [ofThis, network] = ['', '']
  yield* subjects('net', places, ({ ip, all }, add) => {
    if (ip !== ofThis) [ofThis, network] = [ip, networkOf(ip)]
    add(network, all)
  })
  yield* subjects('host', places, ({ host, all }, add) => add(String(host), all))
  yield* subjects('user', places, ({ tried }, add) => {
    for (const [user, sum] of tried) if (user !== '') add(user, sum)
  })
}

function* subjects(
  kind: SubjectKind,
  places: readonly Place[],
  each: (place: Place, add: (name: string, sum: Sum) => void) => void,
): Writes {
  const names = new Map<string, Map<number, Sum>>()
  for (const [at, place] of places.entries()) {
    const day = dayOf(place.hour)
    each(place, (name, more) => {
      const days = names.getOrInsertComputed(name, () => new Map())
      plus(days.getOrInsertComputed(day, nothing), more)
    })
    if (at % piece === 0) yield null
  }
  const inOrder = yield* sorted([...names], ([one], [other]) => compare(one, other))
  for (const [name, days] of inOrder) {
    for (const [day, sum] of days) {
      yield { table: 'subjectDay', bind: [kind, name, day, ...three(sum)] }
    }
  }
  for (const [name, days] of inOrder) {
    const sum = nothing()
    const tried: number[] = []
    for (const [day, more] of days) {
      plus(sum, more)
      if (more.tried !== never) tried.push(day)
    }
    const on = triedDays(tried)
    const lastTry = sum.tried === never ? null : sum.tried
    yield {
      table: 'subject',
      bind: [kind, name, ...three(sum), sum.first, sum.last, lastTry, on.day, on.days],
    }
  }
}

// The last of all: so an older version's flush, where a crash cut it short, is gone on with in its order.
function* byName(places: readonly Place[]): Writes {
  const names = new Map<string, Set<string>>()
  for (const [at, { ip, tried }] of places.entries()) {
    for (const user of tried.keys()) {
      if (user !== '') names.getOrInsertComputed(user, () => new Set()).add(ip)
    }
    if (at % piece === 0) yield null
  }
  for (const [user, ips] of yield* sorted([...names], ([one], [other]) => compare(one, other))) {
    for (const ip of ips) yield { table: 'userAddress', bind: [user, ip] }
  }
}

function dayOf(hour: number): number {
  return Math.floor(hour / dayHours)
}
