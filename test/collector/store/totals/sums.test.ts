import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { networkOf } from '../../../../collector/fleet/networks.ts'
import { openDatabase } from '../../../../collector/store/database.ts'
import type { FindingRow } from '../../../../collector/store/history.ts'
import { noRuns } from '../../../../collector/store/runs.ts'
import { openSums } from '../../../../collector/store/totals/sums.ts'
import { openTotals } from '../../../../collector/store/totals/totals.ts'
import { enrol, type Told } from '../../../support/findings.ts'
import { randomOf } from '../../../support/random.ts'

const hour = 3_600_000
const day = 24 * hour
const end = Date.parse('2026-11-22T12:20:00Z')

const told = fc.record({
  host: fc.integer({ min: 0, max: 2 }),
  kind: fc.constantFrom('attempt', 'attempt', 'attempt', 'probe', 'login', 'blocked'),
  age: fc.integer({ min: 0, max: 12 * day }),
  ip: fc.constantFrom('203.0.113.9', '203.0.113.7', '198.51.100.4', '2001:db8:1:2::3', undefined),
  user: fc.constantFrom('root', 'admin', '__proto__', '', undefined),
  count: fc.integer({ min: 1, max: 5 }),
})

// Adds everything up from the findings themselves, as slowly as it takes.
function slowly(rows: readonly FindingRow[], name: (row: FindingRow) => string | null) {
  const sums = new Map<string, { attempts: number; probes: number; logins: number }>()
  for (const row of rows) {
    const key = name(row)
    if (key === null || key === '' || row.ip === null) continue
    const sum = sums.get(key) ?? { attempts: 0, probes: 0, logins: 0 }
    sums.set(key, sum)
    if (row.kind === 'attempt') sum.attempts += row.count
    if (row.kind === 'probe') sum.probes += row.count
    if (row.kind === 'login') sum.logins += row.count
  }
  return [...sums]
    .map(([name, sum]) => ({ name, ...sum }))
    .filter(({ attempts, probes }) => attempts + probes > 0)
    .sort(
      (one, other) =>
        other.attempts - one.attempts ||
        other.probes - one.probes ||
        (one.name < other.name ? -1 : 1),
    )
}

test('whatever was told: every sum over every span is what the findings themselves add up to', () => {
  fc.assert(
    fc.property(
      fc.array(told, { maxLength: 60 }),
      fc.integer({ min: 0, max: 13 * day }),
      fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
      fc.constantFrom(undefined, 'b'),
      // Read hour by hour, or by days and hours, and whatever of them is a few.
      fc.constantFrom(undefined, -1, 3),
      (all, back, until, host, few) => {
        const db = openDatabase(':memory:')
        const tellers = ['a', 'b', 'c'].map((name) => enrol(db, name, end))
        const rows = all.flatMap(({ host, age, ip, user, ...rest }) => {
          const finding = {
            ...rest,
            at: end - age,
            ...(ip === undefined ? {} : { ip }),
            ...(user === undefined ? {} : { user }),
          }
          return tellers[host]?.tell(finding as Told) ?? []
        })
        const since = end - back
        const to = until === undefined ? undefined : Math.floor(since / hour) * hour + until * hour
        const span = { since, until: to, host }
        const within = rows.filter(
          (row) =>
            row.at >= since &&
            (to === undefined || row.at < to) &&
            (host === undefined || row.host === host),
        )
        const totals = openTotals(db, few)
        const found = totals.attackers({ ...span, limit: 500 })
        const whole = [...totals.everyAttacker({ ...span, limit: 500 })].flat()
        assert.deepEqual(whole, found)
        const entries = (list: typeof found) =>
          list.map((one) => ({ ...one, users: [...one.users], hosts: [...one.hosts] }))
        for (const [users, hosts] of [
          [1, 1],
          [0, 2],
          [2, 0],
        ]) {
          const cut = totals.attackers({ ...span, limit: 500, users, hosts })
          assert.deepEqual(
            entries(cut),
            entries(found).map((one) => ({
              ...one,
              users: one.users.slice(0, users),
              hosts: one.hosts.slice(0, hosts),
            })),
          )
        }
        const wanted = slowly(within, ({ ip }) => ip)
        assert.deepEqual(
          found.map(({ ip, attempts, probes, logins }) => ({ name: ip, attempts, probes, logins })),
          wanted,
        )
        for (const { ip, seenOn, hosts, users } of found) {
          const own = within.filter((row) => row.ip === ip)
          const counted = own.filter(({ kind }) => kind !== 'blocked')
          assert.equal(seenOn, new Set(counted.map((row) => row.host)).size)
          assert.equal(hosts.size, seenOn)
          assert.deepEqual(
            [...users].map(([name, attempts]) => ({ name, attempts })),
            slowly(
              own.filter(({ kind }) => kind === 'attempt'),
              ({ user }) => user,
            ).map(({ name, attempts }) => ({ name, attempts })),
          )
          for (const [label, counts] of hosts) {
            const there = own.filter((row) => row.host === label)
            const [sum] = slowly(there, () => 'all')
            assert.equal(counts.attempts, sum?.attempts ?? 0)
          }
        }
        const names = totals.top('user', { ...span, limit: 500 })
        assert.deepEqual(
          names.map(({ name, attempts }) => ({ name, attempts })),
          slowly(
            within.filter(({ kind }) => kind === 'attempt'),
            ({ user }) => user,
          ).map(({ name, attempts }) => ({ name, attempts })),
        )
        const networks = totals.top('net', { ...span, limit: 500 })
        assert.deepEqual(
          networks.map(({ name, attempts, probes }) => ({ name, attempts, probes })),
          slowly(within, ({ ip }) => ip && networkOf(ip)).map(({ name, attempts, probes }) => ({
            name,
            attempts,
            probes,
          })),
        )
        const sums = totals.totals(span)
        assert.deepEqual(
          [sums.attempts, sums.probes, sums.attackers],
          [
            wanted.reduce((sum, one) => sum + one.attempts, 0),
            wanted.reduce((sum, one) => sum + one.probes, 0),
            wanted.length,
          ],
        )
        assert.deepEqual(
          totals.attackers({ ...span, limit: 1 }).map(({ ip }) => ip),
          wanted.slice(0, 1).map(({ name }) => name),
        )
        db.close()
      },
    ),
    { numRuns: 150, interruptAfterTimeLimit: 20_000 },
  )
})

test('the first of very many addresses and names are found though most are never looked at', () => {
  const db = openDatabase(':memory:')
  const random = randomOf(11)
  for (const teller of Array.from({ length: 20 }, (_, at) => enrol(db, `host-${at}`, end))) {
    teller.tell(
      ...Array.from({ length: 400 }, () => {
        const back = random.whole(0, 9 * day)
        const fate = random.next()
        // Some all the time on many hosts and under many names, some on one day, most hardly ever.
        const [net, most] =
          fate < 0.5 ? [0, 8] : fate < 0.75 ? [1 + Math.floor(back / day), 3] : [99, 250]
        return {
          kind: 'attempt' as const,
          at: end - back,
          ip: `10.0.${net}.${random.whole(1, most)}`,
          user: `u${random.whole(0, 40)}`,
          count: random.whole(1, 23),
        }
      }),
    )
  }
  for (const few of [100, undefined]) {
    const totals = openTotals(db, few)
    for (const [from, to] of [
      [1.3, 0],
      [2.7, 0],
      [6.1, 0],
      [5.2, 4.2],
      [6.1, 2.3],
    ] as const) {
      const span = { since: end - from * day, until: to === 0 ? undefined : end - to * day }
      const all = totals.attackers({ ...span, limit: 500 })
      for (const limit of [1, 3, 7, 20]) {
        const first = totals.attackers({ ...span, limit, users: 3, hosts: 2 })
        assert.deepEqual(
          first.map((one) => ({ ...one, users: [...one.users], hosts: [...one.hosts] })),
          all.slice(0, limit).map((one) => ({
            ...one,
            users: [...one.users].slice(0, 3),
            hosts: [...one.hosts].slice(0, 2),
          })),
        )
      }
      assert.ok(all.some(({ seenOn, users }) => seenOn > 16 && users.size > 24))
    }
  }
  db.close()
})

test('whoever did most on a day, but before the time asked for, takes no place of others', () => {
  const db = openDatabase(':memory:')
  const noon = Math.floor((end - 5 * day) / day) * day + 12 * hour
  const common = { kind: 'attempt' as const, user: 'root' }
  enrol(db, 'nas', end).tell(
    ...Array.from({ length: 16 }, (_, at) => ({
      ...common,
      at: at < 8 ? noon - 11 * hour : noon,
      ip: `10.0.0.${at % 8}`,
      count: at < 8 ? 5000 : 1,
    })),
    ...Array.from({ length: 60 }, (_, at) => ({
      ...common,
      at: noon + (at % 20) * hour,
      ip: `10.0.1.${at}`,
      count: 20 * (at + 1),
    })),
  )
  for (const few of [100, undefined]) {
    const totals = openTotals(db, few)
    for (const days of [1, 2.7, undefined]) {
      const until = days === undefined ? undefined : noon + days * day
      for (const limit of [1, 7, 20]) {
        assert.deepEqual(
          totals.attackers({ since: noon, until, limit }).map(({ ip, attempts }) => [ip, attempts]),
          Array.from({ length: limit }, (_, at) => [`10.0.1.${59 - at}`, 20 * (60 - at)]),
        )
      }
    }
  }
  db.close()
})

test('a network is what one renter has: a /24, or a /48; a name stands for itself', () => {
  assert.equal(networkOf('203.0.113.9'), '203.0.113.0/24')
  assert.equal(networkOf('2001:db8:12:34::5'), '2001:db8:12::/48')
  assert.equal(networkOf('bad.example'), 'bad.example')
})

test('a chart counts each finding in its step, for the fleet, a host, an address', () => {
  const db = openDatabase(':memory:')
  const ip = '203.0.113.9'
  enrol(db, 'nas', end).tell(
    { kind: 'attempt', at: end - 5 * hour, ip, user: 'root', count: 3 },
    { kind: 'probe', at: end - 5 * hour, ip },
    { kind: 'attempt', at: end, ip, user: 'root' },
    { kind: 'attempt', at: end, user: 'ana', program: 'sudo' },
  )
  enrol(db, 'pi', end).tell({ kind: 'login', at: end - hour, ip: '192.0.2.1', user: 'ana' })
  const totals = openTotals(db)
  const asked = { since: end - 6 * hour, until: end, step: 1 }
  const fleet = totals.chart({ ...asked, byHost: false })
  assert.deepEqual(fleet.series[0]?.attempts, [0, 3, 0, 0, 0, 0, 1])
  assert.deepEqual(fleet.series[0]?.logins, [0, 0, 0, 0, 0, 1, 0])
  assert.equal(fleet.from, Math.floor((end - 6 * hour) / hour) * hour)
  const hosts = totals.chart({ ...asked, byHost: true })
  assert.deepEqual(
    hosts.series.map(({ host }) => host),
    ['nas', 'pi'],
  )
  const one = totals.chart({ ...asked, step: 24, byHost: true, ip })
  assert.deepEqual(
    one.series.map(({ host, attempts, probes }) => [host, attempts, probes]),
    [['nas', [4], [1]]],
  )
  db.close()
})

test('where the making of rows fails, what it had not given is never taken for written', () => {
  const db = openDatabase(':memory:')
  const sums = openSums(db)
  const one = { n: 1, host: 1, kind: 'attempt', at: end, ip: '203.0.113.9', user: 'root' } as const
  sums.add([{ ...one, count: 3 }], noRuns())
  // An offset without its run.
  sums.runs()[0]?.files.set(1, { offsets: [0], ends: [] })
  for (let tries = 0; tries < 3; tries += 1) assert.throws(() => sums.settle(), /no run 0/)
  assert.deepEqual([sums.through(), sums.pending()], [0, 1])
  db.close()
})
