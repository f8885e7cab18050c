/** What the collector has, held against what was written: nothing lost, nothing twice, every total right. */
import type { Fleet, Row } from '../support/fleet.ts'
import { until } from '../support/until.ts'
import type { Expected } from './attacked-log.ts'

export type Verdict = {
  expected: number
  /** Events (attempts, probes, logins …) written and not counted, counted and not written. */
  lost: number
  doubled: number
  /** Gaps told of although everything could be read. */
  gaps: number
  /** What differs in words, the first of it; empty where everything is exact. */
  differences: string[]
}

/** The truth of one agent's log. */
export type Told = { agent: string; expected: readonly Expected[] }

const mostDifferences = 12

/** Where the verdict is read off: the database and, where there is one, the API. */
export type Store = Pick<Fleet, 'rows'> & Partial<Pick<Fleet, 'ask'>>

/** Judges what is in the collector's database and what its API says, once its totals have followed. */
export async function judge(fleet: Store, told: readonly Told[]): Promise<Verdict> {
  await until(
    'the totals to follow the findings',
    () =>
      fleet.rows(
        'SELECT through >= (SELECT coalesce(max(n), 0) FROM finding) AS there FROM summed',
      )[0]?.['there'] === 1,
  )
  const expected = told.flatMap((one) => one.expected.map((truth) => ({ ...truth, ...one })))
  const wanted = tally(expected.map((one) => [anchorOf(one), one.count]))
  const rows = fleet.rows(
    `SELECT agent.name AS agent, replace(identity, '~' || file.id, '') AS file, offset, kind, at,
       host.label AS host, coalesce(ip, '') AS ip, coalesce(user, '') AS user, count
     FROM finding JOIN file ON file.id = finding.file JOIN host ON host.id = finding.host
       JOIN agent ON agent.id = file.agent`,
  )
  const found = tally(rows.map((row) => [anchorOf(row), Number(row['count'])]))
  const gaps = fleet.rows('SELECT kind, file, offset, text FROM gap')
  const differences = [
    ...differing('finding', wanted, found),
    ...totals(fleet, expected),
    ...(await api(fleet, expected)),
    ...gaps.map((gap) => `gap ${JSON.stringify(gap)}`),
  ]
  return {
    expected: expected.length,
    ...balance(wanted, found),
    gaps: gaps.length,
    differences: differences.slice(0, mostDifferences),
  }
}

type Tally = Map<string, number>

function tally(counts: Iterable<[string, number]>): Tally {
  const sums: Tally = new Map()
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count)
  return sums
}

// The place of a finding and everything it says; a wrong word is one lost and one extra.
function anchorOf(one: Row | Expected): string {
  const names = ['agent', 'file', 'offset', 'kind', 'at', 'host', 'ip', 'user']
  return JSON.stringify(names.map((name) => Reflect.get(one, name)))
}

/** The same of one agent's findings alone, whatever name their file has. */
export function balanceWithoutFiles(
  rows: Fleet['rows'],
  expected: readonly Expected[],
): { lost: number; doubled: number } {
  const place = (one: Row | Expected) =>
    JSON.stringify(['kind', 'at', 'ip', 'user'].map((name) => Reflect.get(one, name)))
  const found = rows(
    `SELECT kind, at, coalesce(ip, '') AS ip, coalesce(user, '') AS user, count FROM finding`,
  )
  return balance(
    tally(expected.map((one) => [place(one), one.count])),
    tally(found.map((row) => [place(row), Number(row['count'])])),
  )
}

function balance(wanted: Tally, found: Tally): { lost: number; doubled: number } {
  let [lost, doubled] = [0, 0]
  for (const name of new Set([...wanted.keys(), ...found.keys()])) {
    const more = (found.get(name) ?? 0) - (wanted.get(name) ?? 0)
    if (more > 0) doubled += more
    else lost -= more
  }
  return { lost, doubled }
}

function differing(what: string, wanted: Tally, found: Tally): string[] {
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((name) => {
    const [right, is] = [wanted.get(name) ?? 0, found.get(name) ?? 0]
    return right === is ? [] : [`${what} ${name}: ${is} instead of ${right}`]
  })
}

// --- totals -------------------------------------------------------------------------------------

const counted = ['attempt', 'probe', 'login'] as const

function totals(fleet: Store, expected: readonly Expected[]): string[] {
  const remote = expected.filter((one) => one.ip !== '')
  return [
    ...differing(
      'attacker',
      tally(remote.flatMap((one) => kinds(one, [one.ip, one.host]))),
      tally(
        fleet
          .rows('SELECT ip, label, attempts, probes, logins FROM attacker JOIN host ON id = host')
          .flatMap((row) => kindsOf(row, ['ip', 'label'])),
      ),
    ),
    ...differing(
      'attacker_user',
      tally(
        remote.flatMap((one) =>
          one.kind === 'attempt' ? [named([one.ip, one.user], one.count)] : [],
        ),
      ),
      tally(
        fleet
          .rows('SELECT ip, user, attempts FROM attacker_user')
          .map((row) => named([row['ip'], row['user']], Number(row['attempts']))),
      ),
    ),
    ...differing(
      'hourly',
      tally(
        expected.flatMap((one) =>
          kinds(one, [Math.floor(one.at / 3_600_000), one.host, one.ip, one.user]),
        ),
      ),
      tally(
        fleet
          .rows(
            'SELECT hour, label, ip, user, attempts, probes, logins FROM hourly JOIN host ON id = host',
          )
          .flatMap((row) => kindsOf(row, ['hour', 'label', 'ip', 'user'])),
      ),
    ),
  ]
}

function named(key: readonly unknown[], count: number): [string, number] {
  return [JSON.stringify(key), count]
}

function kinds({ kind, count }: Expected, key: readonly unknown[]): [string, number][] {
  return counted.some((one) => one === kind) ? [named([...key, kind], count)] : []
}

function kindsOf(row: Row, key: readonly string[]): [string, number][] {
  const values = key.map((name) => row[name])
  return counted.map((kind) => named([...values, kind], Number(row[`${kind}s`])))
}

async function api(fleet: Store, expected: readonly Expected[]): Promise<string[]> {
  if (fleet.ask === undefined) return []
  const said = await fleet.ask<Record<string, number>>('/api/v1/totals')
  return counted.flatMap((kind) => {
    const is = said[`${kind}s`]
    const right = expected
      .filter((one) => one.kind === kind && one.ip !== '')
      .reduce((sum, one) => sum + one.count, 0)
    return is === right ? [] : [`GET /api/v1/totals ${kind}s: ${is} instead of ${right}`]
  })
}
