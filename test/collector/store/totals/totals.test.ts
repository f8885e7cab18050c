import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../../../collector/store/database.ts'
import { openHistory } from '../../../../collector/store/history.ts'
import { openRoster } from '../../../../collector/store/roster.ts'
import { openTotals } from '../../../../collector/store/totals/totals.ts'
import { enrol } from '../../../support/findings.ts'

const hour = 3_600_000
const noon = Date.parse('2026-11-22T12:20:00Z')

test('totals count attempts by weight, leave local ones out, and know an attacker by attempt or probe', () => {
  const db = openDatabase(':memory:')
  const nas = enrol(db, 'nas', noon)
  const pi = enrol(db, 'pi', noon)
  nas.tell(
    { kind: 'attempt', at: noon, ip: '203.0.113.9', user: 'root', count: 3 },
    { kind: 'attempt', at: noon, user: 'ana', program: 'sudo', count: 5 },
    { kind: 'probe', at: noon, ip: '203.0.113.10' },
    { kind: 'login', at: noon, ip: '198.51.100.4', user: 'ana' },
  )
  pi.tell({ kind: 'attempt', at: noon, ip: '203.0.113.9', user: 'pi', count: 2 })
  const counted = { attempts: 5, probes: 1, logins: 1, attackers: 2, hosts: 2 }
  const totals = openTotals(db)
  assert.deepEqual({ ...totals.totals() }, counted)
  assert.deepEqual({ ...totals.totals({ since: noon - hour }) }, counted)
  assert.deepEqual(
    { ...totals.totals({ since: noon + 1 }) },
    { attempts: 0, probes: 0, logins: 0, attackers: 0, hosts: 0 },
  )
})

test('a span beginning inside an hour counts that hour exactly', () => {
  const db = openDatabase(':memory:')
  const nas = enrol(db, 'nas', noon)
  const minutes = Array.from({ length: 180 }, (_, minute) => minute)
  nas.tell(
    ...minutes.map((minute) => ({
      kind: 'attempt' as const,
      at: noon - minute * 60_000,
      ip: `203.0.113.${minute % 7}`,
      user: 'root',
    })),
  )
  const totals = openTotals(db)
  for (const minute of [0, 1, 19, 20, 21, 60, 79, 80, 81, 140, 179]) {
    const since = noon - minute * 60_000
    assert.equal(totals.totals({ since: since }).attempts, minute + 1, `the last ${minute} minutes`)
    const sum = totals
      .attackers({ since, limit: 500 })
      .reduce((all, { attempts }) => all + attempts, 0)
    assert.equal(sum, minute + 1)
  }
  // 12:00:00.000 sharp belongs to what is asked for, 11:59:59.999 does not.
  const sharp = Date.parse('2026-11-22T12:00:00Z')
  assert.equal(totals.totals({ since: sharp }).attempts, 21)
  assert.equal(totals.totals({ since: sharp + 1 }).attempts, 20)
})

test('no question walks the findings: the broken hour comes through what is kept of the seconds of each host', () => {
  const db = openDatabase(':memory:')
  enrol(db, 'nas', noon).tell({ kind: 'attempt', at: noon, ip: '203.0.113.9', user: 'root' })
  const asked: string[] = []
  const noting = {
    ...db,
    prepare: (sql: string) => {
      asked.push(sql)
      return db.prepare(sql)
    },
  }
  const totals = openTotals(noting)
  totals.totals({ since: noon })
  totals.attackers({ since: noon, limit: 10, q: 'x' })
  totals.totals()
  totals.attackers({ limit: 10, q: 'x' })
  openRoster(noting).hosts()
  openHistory(noting).findings({ ip: '203.0.113.9', limit: 10 })
  openHistory(noting).findings({ since: noon, until: noon + hour, limit: 10 })
  const plans = asked.flatMap((sql) => db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
  const steps = plans.map((row) => String(row['detail']))
  assert.ok(
    steps.some((step) => step.includes('r USING PRIMARY KEY (host=? AND second>? AND second<?)')),
  )
  assert.ok(steps.some((step) => step.includes('r USING PRIMARY KEY (ip=? AND n<?)')))
  assert.deepEqual(
    steps.filter((step) => /^SCAN (f|finding)\b|^SEARCH (f|finding) USING AUTOMATIC/.test(step)),
    [],
  )
})

test('one address is one row however many hosts it tried, with its names and counts on each', () => {
  const db = openDatabase(':memory:')
  const nas = enrol(db, 'nas', noon)
  const pi = enrol(db, 'pi', noon)
  nas.tell(
    { kind: 'attempt', at: noon - 2 * hour, ip: '203.0.113.9', user: 'root', count: 4 },
    { kind: 'attempt', at: noon - 60_000, ip: '203.0.113.9', user: '__proto__' },
    { kind: 'login', at: noon, ip: '198.51.100.4', user: 'ana' },
  )
  pi.tell(
    { kind: 'attempt', at: noon, ip: '203.0.113.9', user: 'root', count: 2 },
    { kind: 'attempt', at: noon, ip: '203.0.113.9', user: 'constructor' },
    { kind: 'probe', at: noon, ip: '2001:db8::7' },
  )
  const totals = openTotals(db)
  const [first, second, ...others] = totals.attackers({ limit: 10 })
  assert.equal(others.length, 0, 'an address that only logged in is no attacker')
  assert.equal(first?.ip, '203.0.113.9')
  assert.deepEqual([first?.attempts, first?.first, first?.last], [8, noon - 2 * hour, noon])
  assert.deepEqual(
    [...(first?.hosts ?? [])],
    [
      ['nas', { attempts: 5, probes: 0, logins: 0 }],
      ['pi', { attempts: 3, probes: 0, logins: 0 }],
    ],
  )
  assert.deepEqual(
    [...(first?.users ?? [])],
    [
      ['root', 6],
      ['__proto__', 1],
      ['constructor', 1],
    ],
  )
  assert.deepEqual([second?.ip, second?.probes], ['2001:db8::7', 1])

  const [lately] = totals.attackers({ since: noon - hour, limit: 10 })
  assert.deepEqual([...(lately?.users ?? [])].length, 3)
  assert.equal(lately?.attempts, 4)
  assert.equal(lately?.users.get('root'), 2)
  assert.equal(lately?.first, noon - 2 * hour, 'first seen ever, not in the span')
})

test('a search finds part of an address or of a name tried, and takes % and _ as they are', () => {
  const db = openDatabase(':memory:')
  enrol(db, 'nas', noon).tell(
    { kind: 'attempt', at: noon, ip: '203.0.113.9', user: 'Oracle' },
    { kind: 'attempt', at: noon, ip: '203.0.113.9', user: 'root' },
    { kind: 'attempt', at: noon, ip: '198.51.100.4', user: '100%_sure' },
  )
  const totals = openTotals(db)
  for (const since of [undefined, noon - hour]) {
    const found = (q: string) => totals.attackers({ since, limit: 10, q }).map(({ ip }) => ip)
    assert.deepEqual(found('113.'), ['203.0.113.9'])
    assert.deepEqual(found('oracle'), ['203.0.113.9'])
    assert.deepEqual(found('0%_s'), ['198.51.100.4'])
    assert.deepEqual(found('%'), ['198.51.100.4'])
    assert.deepEqual(found("' OR 1=1 --"), [])
    assert.equal(totals.attackers({ since, limit: 10, q: 'oracle' })[0]?.attempts, 2)
    assert.equal(found('').length, 2)
    assert.equal(totals.attackers({ since, limit: 1 }).length, 1)
  }
})

test('a search finds everybody of a name that very many tried, and nobody else', () => {
  const db = openDatabase(':memory:')
  const at = (index: number) => `10.0.${index >> 8}.${index & 255}`
  enrol(db, 'nas', noon).tell(
    ...Array.from({ length: 5400 }, (_, index) => ({
      kind: 'attempt' as const,
      at: noon,
      ip: at(index),
      user: index % 20 === 0 ? 'root' : 'Oracle',
    })),
  )
  const totals = openTotals(db)
  const wanted = Array.from({ length: 5400 }, (_, index) => index).filter((index) => index % 20 > 0)
  for (const since of [undefined, noon - hour]) {
    const found = [...totals.everyAttacker({ since, limit: 9999, q: 'racle' })].flat()
    assert.deepEqual(found.map(({ ip }) => ip).sort(), wanted.map(at).sort())
    assert.equal(totals.attackers({ since, limit: 10, q: 'racle' }).length, 10)
  }
  db.close()
})

test('hosts of one label are one row; an agent that never came is shown, a relayed host too', () => {
  const db = openDatabase(':memory:')
  const nas = enrol(db, 'nas', noon)
  nas.tell(
    { kind: 'attempt', at: noon - hour, ip: '203.0.113.9', user: 'root', count: 3 },
    { kind: 'attempt', at: noon - hour, ip: '203.0.113.9', user: 'root', host: 'printer' },
  )
  db.prepare(`UPDATE agent SET sources = ? WHERE name = 'nas'`).run(
    JSON.stringify([
      { source: 'a', reading: 'auth.log', lag: 700, trouble: '' },
      { source: 'j', reading: 'journal', lag: null, trouble: 'journalctl is missing' },
    ]),
  )
  db.prepare(
    `INSERT INTO gap (agent, source, file, offset, kind, at, text, received)
     VALUES (?, 'a', 'f', 1, 'missing', ?, 'rotated away', ?)`,
  ).run(nas.id, noon, noon)
  // A second row under the same label, as a renamed machine leaves behind.
  db.prepare(`INSERT INTO host (name, label) VALUES ('old-nas', 'nas')`).run()
  const other = db.prepare(`SELECT id FROM host WHERE name = 'old-nas'`).get()
  db.prepare(`INSERT INTO subject VALUES ('host', ?, 4, 0, 0, ?, ?, NULL, 0, 0)`).run(
    String(other?.['id']),
    noon,
    noon,
  )
  db.prepare(`INSERT INTO agent (name, key, added) VALUES ('pi', 'ed25519:x', ?)`).run(noon)

  const hosts = openRoster(db).hosts()
  assert.deepEqual(
    hosts.map(({ name, online, lastSeen, version, lag, gaps, attempts, sources }) => [
      name,
      online,
      lastSeen,
      version,
      lag,
      gaps,
      attempts,
      sources.length,
    ]),
    [
      ['nas', true, noon, '2.0.0', 700, 1, 7, 2],
      ['pi', false, null, null, null, 0, 0, 0],
      ['printer', true, noon - hour, null, null, 0, 1, 0],
    ],
  )
})

test('findings come newest first, filtered, page by page without a hole', () => {
  const db = openDatabase(':memory:')
  const nas = enrol(db, 'nas', noon)
  const pi = enrol(db, 'pi', noon)
  for (let turn = 0; turn < 25; turn += 1) {
    nas.tell({ kind: 'attempt', at: noon, ip: `203.0.113.${turn % 5}`, user: `u${turn % 3}` })
    pi.tell({ kind: turn === 7 ? 'login' : 'probe', at: noon, ip: '198.51.100.4' })
  }
  const history = openHistory(db)
  const all: number[] = []
  let before: number | undefined
  do {
    const page = history.findings({ before, limit: 7 })
    all.push(...page.findings.map(({ n }) => n))
    before = page.next ?? undefined
  } while (before !== undefined)
  assert.deepEqual(
    all,
    Array.from({ length: 50 }, (_, at) => 50 - at),
  )
  const count = (asked: object) => history.findings({ limit: 500, ...asked }).findings.length
  assert.equal(count({ host: 'nas' }), 25)
  assert.equal(count({ kind: 'login' }), 1)
  assert.equal(count({ ip: '203.0.113.2' }), 5)
  assert.equal(count({ user: 'u1' }), 8)
  assert.equal(count({ host: 'pi', user: 'u1' }), 0)
  assert.equal(count({ host: '__proto__' }), 0)
  assert.deepEqual(
    history.findingsAfter(47, 10).rows.map(({ n }) => n),
    [48, 49, 50],
  )
  assert.equal(history.findingsAfter(0, 10).missed, 40)
})

test('findings of a short time are those of it, newest arrival first, page by page, whatever else is asked', () => {
  const db = openDatabase(':memory:')
  const tellers = [enrol(db, 'nas', noon), enrol(db, 'pi', noon)]
  for (let at = 0; at < 300; at += 1) {
    const ip = `203.0.113.${at % 7}`
    const of = { at: noon - ((at * 37) % 300) * 60_000, ip, user: at % 5 === 0 ? 'root' : 'pi' }
    tellers[at % 2]?.tell({ kind: at % 3 === 0 ? 'probe' : 'attempt', ...of })
  }
  const history = openHistory(db)
  const all = history.findings({ limit: 500 }).findings
  const [since, until] = [noon - 2 * hour, noon - hour]
  const asked = [
    {},
    { host: 'pi' },
    { ip: '203.0.113.3' },
    { user: 'root' },
    { kind: 'probe' as const },
  ]
  for (const more of asked) {
    const wanted = all.filter(
      (one) =>
        one.at >= since &&
        one.at < until &&
        Object.entries(more).every(([name, value]) => one[name as keyof typeof one] === value),
    )
    const found: typeof all = []
    for (let before: number | null | undefined; before !== null; ) {
      const page = history.findings({ ...more, since, until, limit: 7, before })
      found.push(...page.findings)
      before = page.next
    }
    assert.ok(wanted.length > 0)
    assert.deepEqual(found, wanted, JSON.stringify(more))
  }
})
