/** What agents tell is stored exactly once, whoever tells it and however often. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAgents } from '../../../collector/store/agents.ts'
import { type Database, openDatabase } from '../../../collector/store/database.ts'
import { openIntake } from '../../../collector/store/intake/intake.ts'
import { openTotals } from '../../../collector/store/totals/totals.ts'
import type { Finding } from '../../../shared/finding.ts'

const at = Date.UTC(2026, 10, 22, 17)
const source = '/var/log/auth.log'

function finding(offset: number, more: Partial<Finding> = {}): Finding {
  return {
    kind: 'attempt',
    file: 'f',
    offset,
    at: at + offset,
    program: 'sshd',
    pid: 100 + offset,
    ip: '203.0.113.9',
    port: 40000 + offset,
    user: 'root',
    count: 1,
    ordinal: 0,
    ...more,
  }
}

function fleet(...names: string[]) {
  const db = openDatabase(':memory:')
  const agents = openAgents(db)
  const ids = names.map((name, i) => {
    const key = `ed25519:${String(i).padStart(43, 'A')}`
    agents.add(name, key, at)
    const id = agents.byKey(key)?.id ?? 0
    agents.connected(id, name, '1', at)
    return id
  })
  const intake = openIntake(db, () => at)
  const tell = (agent: number, entries: Parameters<typeof intake.findings>[2]) => {
    const { stored, alerts } = db.transaction(() => {
      const stored = intake.findings(agent, source, entries)
      return { stored, alerts: intake.alerts(stored) }
    })
    intake.committed(stored)
    intake.sums.settle()
    return { stored: stored.length, alerts }
  }
  return { db, intake, tell, ids: ids as [number, number, number] }
}

function totals(db: Database) {
  return openTotals(db).totals(undefined)
}

function rows(db: Database, sql: string): unknown[] {
  return db
    .prepare(sql)
    .all()
    .map((row) => Object.values(row))
}

test('a finding told again is recognised by its mark and counts once', () => {
  const { db, tell, ids } = fleet('nas')
  assert.equal(tell(ids[0], [finding(1), finding(2)]).stored, 2)
  assert.equal(tell(ids[0], [finding(1), finding(2), finding(3)]).stored, 1)
  assert.equal(totals(db).attempts, 3)
  assert.deepEqual(rows(db, 'SELECT attempts FROM attacker'), [[3]])
  assert.deepEqual(rows(db, 'SELECT sum(attempts) FROM hourly'), [[3]])
})

test('an amendment adds the method, twice as well as once, and changes no count', () => {
  const { db, tell, ids } = fleet('nas')
  const amendment = { kind: 'amend', file: 'f', offset: 1, method: 'password' } as const
  tell(ids[0], [finding(1), amendment])
  tell(ids[0], [amendment])
  assert.deepEqual(rows(db, 'SELECT method, count FROM finding'), [['password', 1]])
  assert.equal(totals(db).attempts, 1)
})

test('a rollback takes rows, totals and marks back together', () => {
  const { db, intake, tell, ids } = fleet('nas')
  assert.throws(() =>
    db.transaction(() => {
      intake.findings(ids[0], source, [finding(1)])
      throw new Error('the disk is full')
    }),
  )
  assert.equal(totals(db).attempts, 0)
  assert.equal(tell(ids[0], [finding(1)]).stored, 1)
})

test('one attacker is one row with a count for each host', () => {
  const { db, tell, ids } = fleet('nas', 'pi')
  tell(ids[0], [finding(1, { count: 5 })])
  tell(ids[1], [finding(1), finding(2)])
  assert.deepEqual(
    rows(db, 'SELECT ip, label, attempts FROM attacker JOIN host ON host.id = host ORDER BY label'),
    [
      ['203.0.113.9', 'nas', 5],
      ['203.0.113.9', 'pi', 2],
    ],
  )
  assert.equal(totals(db).attackers, 1)
})

test('an event relayed by a log host and told by its own agent is one event, whoever comes first', () => {
  for (const ownFirst of [true, false]) {
    const { db, tell, ids } = fleet('pi', 'loghost')
    const own = (): unknown => tell(ids[0], [finding(1), finding(2, { ordinal: 1 })])
    const relayed = (): unknown =>
      tell(ids[1], [
        finding(11, { ...finding(1), offset: 11, host: 'pi' }),
        finding(12, { ...finding(2, { ordinal: 1 }), offset: 12, host: 'pi.lan' }),
        finding(13, { host: 'loghost' }),
      ])
    if (ownFirst) own()
    relayed()
    own()
    assert.equal(totals(db).attempts, 3, `own first: ${ownFirst}`)
    assert.deepEqual(
      rows(
        db,
        'SELECT label, sum(attempts) FROM attacker JOIN host ON host.id = host GROUP BY label',
      ),
      [
        ['loghost', 1],
        ['pi', 2],
      ],
    )
  }
})

test('two log hosts relaying a host without an agent tell of each event once', () => {
  const { db, tell, ids } = fleet('one', 'two')
  const relayed = [finding(1, { host: 'switch' }), finding(2, { host: 'switch', ordinal: 0 })]
  tell(ids[0], relayed)
  tell(ids[1], relayed)
  assert.equal(totals(db).attempts, 2)
})

test('two boards of the same host name stay two hosts', () => {
  const { db, tell, ids } = fleet('attic', 'cellar')
  openAgents(db).connected(ids[0], 'raspberrypi', '1', at)
  openAgents(db).connected(ids[1], 'raspberrypi', '1', at)
  tell(ids[0], [finding(1)])
  tell(ids[1], [finding(1)])
  assert.deepEqual(rows(db, 'SELECT label FROM host ORDER BY label'), [['attic'], ['cellar']])
  assert.equal(totals(db).attempts, 2)
})

test('a container’s agent gives its name to the one host its log speaks of', () => {
  const { db, tell, ids } = fleet('nas')
  tell(ids[0], [finding(1, { host: 'LabSZ' }), finding(2, { host: 'LabSZ' })])
  assert.deepEqual(rows(db, 'SELECT label FROM host'), [['nas']])
})

test('a login after failures anywhere in the fleet alerts once, and repeats are counted', () => {
  const { db, tell, ids } = fleet('nas', 'pi')
  const login = (offset: number): Finding =>
    finding(offset, { kind: 'login', user: 'pi', at: at + 60_000 + offset })
  tell(ids[0], [finding(1, { count: 61 })])
  const { alerts } = tell(ids[1], [login(5)])
  assert.deepEqual(
    alerts.map(({ ip, host, user, failed, failedOn }) => ({ ip, host, user, failed, failedOn })),
    [
      {
        ip: '203.0.113.9',
        host: 'pi',
        user: 'pi',
        failed: 61,
        failedOn: [{ host: 'nas', attempts: 61 }],
      },
    ],
  )
  assert.equal(tell(ids[1], [login(6)]).alerts.length, 0)
  assert.deepEqual(rows(db, 'SELECT times FROM alert'), [[2]])
  const twoDays = 2 * 86_400_000
  assert.deepEqual(
    tell(ids[1], [{ ...login(7), at: at + twoDays }]).alerts.map(({ times }) => times),
    [3],
    'after a quiet day it is news again',
  )
})

test('failures that arrive after the login they precede alert too', () => {
  const { tell, ids } = fleet('nas', 'pi')
  assert.equal(tell(ids[1], [finding(5, { kind: 'login', at: at + 60_000 })]).alerts.length, 0)
  assert.equal(tell(ids[0], [finding(1)]).alerts.length, 1)
})

test('failures that arrive after very many logins they precede alert too', () => {
  const { db, tell, ids } = fleet('nas', 'pi')
  tell(ids[1], [finding(5, { kind: 'login', at: at + 60_000 })])
  db.prepare(
    `INSERT INTO finding (file, offset, kind, at, host, program, ip, user, count, ordinal)
     SELECT file, offset + value, kind, at + value, host, program, ip, user, count, ordinal
     FROM finding, (WITH RECURSIVE many (value) AS (
       SELECT 1 UNION ALL SELECT value + 1 FROM many WHERE value < 130000) SELECT value FROM many)`,
  ).run()
  assert.equal(tell(ids[0], [finding(1)]).alerts.length, 1)
  assert.deepEqual(rows(db, 'SELECT times FROM alert'), [[130_001]])
})

test('of logins told together each knows the failures before it, and no later one', () => {
  const { db, tell, ids } = fleet('nas', 'pi')
  tell(ids[0], [finding(1, { count: 3 })])
  const login = (offset: number, user: string) => finding(offset, { kind: 'login', user })
  const { alerts } = tell(ids[1], [
    login(2, 'pi'),
    finding(3, { count: 5 }),
    login(4, 'root'),
    finding(5, { count: 7 }),
    login(6, 'pi'),
  ])
  const told = alerts.map(({ user, failed, failedOn }) => [user, failed, failedOn])
  assert.deepEqual(told, [
    ['pi', 3, [{ host: 'nas', attempts: 3 }]],
    [
      'root',
      8,
      [
        { host: 'pi', attempts: 5 },
        { host: 'nas', attempts: 3 },
      ],
    ],
  ])
  const kept = rows(db, 'SELECT user, failed, times FROM alert ORDER BY id')
  assert.deepEqual(kept, [
    ['pi', 15, 2],
    ['root', 8, 1],
  ])
})

test('a login before any failure alerts nobody', () => {
  const { tell, ids } = fleet('nas')
  tell(ids[0], [finding(1, { kind: 'login' })])
  assert.equal(tell(ids[0], [finding(5)]).alerts.length, 0)
})

test('__proto__ is a user name like any other', () => {
  const { db, tell, ids } = fleet('nas')
  tell(ids[0], [finding(1, { user: '__proto__' }), finding(2, { user: '__proto__' })])
  assert.deepEqual(rows(db, 'SELECT user, attempts FROM attacker_user'), [['__proto__', 2]])
})
