/** Totals and runs follow the findings: after a crash between any two of their writes they are what a recount gives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { networkOf } from '../../../../collector/fleet/networks.ts'
import { openAgents } from '../../../../collector/store/agents.ts'
import { type Database, openDatabase } from '../../../../collector/store/database.ts'
import { openIntake } from '../../../../collector/store/intake/intake.ts'
import type { Finding } from '../../../../shared/finding.ts'

const hour = 3_600_000
const day = 24 * hour
const now = Date.parse('2026-11-22T12:20:00Z')

const told = fc.record(
  {
    kind: fc.constantFrom('attempt', 'attempt', 'attempt', 'probe', 'login', 'blocked', 'change'),
    at: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: now - 2 * day, max: now + hour }) },
      { weight: 1, arbitrary: fc.integer({ min: now - 90 * day, max: now }) },
    ),
    ip: fc.constantFrom('203.0.113.9', '203.0.113.7', '198.51.100.4', '2001:db8:1:2::3', 'x.test'),
    user: fc.constantFrom(
      'root',
      'admin',
      '__proto__',
      '',
      'line\nfeed',
      'a\ud800',
      'a\ud801',
      'a\0b',
    ),
    count: fc.integer({ min: 1, max: 5 }),
    host: fc.constantFrom('printer', 'router'),
  },
  { requiredKeys: ['kind', 'at', 'count'] },
)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ tell: fc.array(told, { minLength: 1, maxLength: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ slice: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.constant({ crash: true as const }) },
  { weight: 1, arbitrary: fc.constant({ fail: true as const }) },
)

function fleet(): Database {
  const db = openDatabase(':memory:')
  const agents = openAgents(db)
  for (const [at, name] of ['nas', 'pi'].entries()) {
    agents.add(name, `ed25519:${String(at).padStart(43, 'A')}`, now)
  }
  return db
}

test('killed between any two slices, the totals come out as a recount of the findings', () => {
  let crashes = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const db = fleet()
      let intake = openIntake(db, () => now)
      let offset = 0
      const tell = (
        findings: readonly (typeof told extends fc.Arbitrary<infer T> ? T : never)[],
      ) => {
        const entries = findings.map((one) => {
          offset += 1
          return { file: 'f', offset, program: 'sshd', ordinal: 0, ...one } as Finding
        })
        intake.committed(
          db.transaction(() => intake.findings(1 + (findings.length % 2), 'auth.log', entries)),
        )
      }
      for (const one of steps) {
        if ('tell' in one) tell(one.tell)
        else if ('slice' in one) intake.sums.slice(one.slice)
        else if ('fail' in one) failing(db, () => intake.sums.slice(5))
        else {
          // What it had in memory is gone; what it had committed is there.
          crashes += Number(isHalfWay(db))
          intake = openIntake(db, () => now)
        }
      }
      intake.sums.settle()
      assert.equal(intake.sums.pending(), 0)
      assert.deepEqual(kept(db), recounted(db))
      db.close()
    }),
    { numRuns: 400 },
  )
  assert.ok(crashes > 20, `only ${crashes} crashes came in the middle of a flush`)
})

test('killed after each single write in turn, names that are no text included', () => {
  const killedAfter = new Set<number>()
  for (let slices = 0, isOver = false; !isOver; slices += 1) {
    const db = fleet()
    const first = openIntake(db, () => now)
    const entries = ['a\ud800', 'a\ud801', 'b', 'a\ufffd', 'a\0b'].map((user, at): Finding => {
      const ip = '203.0.113.9'
      const rest = { program: 'sshd', count: 1, ordinal: 0 }
      return { file: 'f', offset: at, kind: 'attempt', at: now, ip, user, ...rest }
    })
    first.committed(db.transaction(() => first.findings(1, 'auth.log', entries)))
    for (let slice = 0; slice < slices; slice += 1) first.sums.slice(1)
    killedAfter.add(writesOf(db))
    const second = openIntake(db, () => now)
    isOver = second.sums.pending() === 0
    second.sums.settle()
    assert.deepEqual(kept(db), recounted(db), `killed after ${slices} slices`)
    db.close()
  }
  assert.deepEqual([...killedAfter], [...Array(32).keys()])
})

function isHalfWay(db: Database): boolean {
  return writesOf(db) > 0
}

function writesOf(db: Database): number {
  return Number(db.prepare('SELECT done FROM summed').get()?.['done'])
}

function failing(db: Database, work: () => void): void {
  db.prepare(
    `CREATE TEMP TRIGGER full BEFORE UPDATE ON main.summed BEGIN SELECT raise(ABORT, 'disk full'); END`,
  ).run()
  try {
    work()
  } catch (error) {
    assert.match(String(error), /disk full/)
  } finally {
    db.prepare('DROP TRIGGER full').run()
  }
}

const counts = 'attempts, probes, logins'

function kept(db: Database): Record<string, unknown[]> {
  return rowsOf(db, {
    hourly: `SELECT hour, host, ip, user, ${counts} FROM hourly`,
    attacker: `SELECT ip, host, ${counts}, first, last FROM attacker`,
    attackerUser: 'SELECT ip, user, attempts FROM attacker_user',
    userAddress: 'SELECT user, ip FROM user_address',
    hostHour: `SELECT host, hour, ${counts} FROM host_hour`,
    addressHostDay: `SELECT ip, day, host, ${counts} FROM address_host_day`,
    addressUserDay: 'SELECT ip, day, user, attempts FROM address_user_day',
    subject: `SELECT kind, name, ${counts}, first, last, tried, day, days FROM subject`,
    subjectDay: `SELECT kind, name, day, ${counts} FROM subject_day`,
    fileRun: `SELECT f.n ${inRuns('file_run')} AND f.file = r.file`,
    hostRun: `SELECT f.n ${inRuns('host_run')} AND f.host = r.host AND floor(f.at / 1000.0) = r.second`,
    addressRun: `SELECT f.n ${inRuns('address_run')} AND f.ip = r.ip`,
  })
}

const inRuns = (table: string): string =>
  `FROM ${table} r JOIN finding f ON f.n BETWEEN r.n AND r.upto`

// The same out of the findings alone, by SQL and by nothing that the totals are made with.
function recounted(db: Database): Record<string, unknown[]> {
  db.prepare('CREATE TEMP TABLE net (ip TEXT PRIMARY KEY, name TEXT)').run()
  for (const row of db.prepare('SELECT DISTINCT ip FROM finding WHERE ip IS NOT NULL').all()) {
    db.prepare('INSERT INTO net VALUES (?, ?)').run(String(row['ip']), networkOf(String(row['ip'])))
  }
  db.prepare(
    `CREATE TEMP TABLE counted AS SELECT host, at,
       CAST(floor(at / 3600000.0) AS INTEGER) AS hour, CAST(floor(at / 86400000.0) AS INTEGER) AS day,
       coalesce(ip, '') AS ip, coalesce(user, '') AS user,
       iif(kind = 'attempt', count, 0) AS attempts, iif(kind = 'probe', count, 0) AS probes,
       iif(kind = 'login', count, 0) AS logins, iif(kind = 'login', NULL, at) AS tried
     FROM finding WHERE kind IN ('attempt', 'probe', 'login')`,
  ).run()
  const sums = 'sum(attempts), sum(probes), sum(logins)'
  const subjects = `(SELECT 'ip' AS kind, ip AS name, * FROM counted WHERE ip <> ''
    UNION ALL SELECT 'net', net.name, counted.* FROM counted JOIN net USING (ip)
    UNION ALL SELECT 'host', CAST(host AS TEXT), * FROM counted WHERE ip <> ''
    UNION ALL SELECT 'user', user, * FROM counted WHERE ip <> '' AND user <> '' AND attempts > 0)`
  const remote = `FROM counted WHERE ip <> ''`
  return rowsOf(db, {
    hourly: `SELECT hour, host, ip, user, ${sums} FROM counted GROUP BY 1, 2, 3, 4`,
    attacker: `SELECT ip, host, ${sums}, min(at), max(at) ${remote} GROUP BY 1, 2`,
    attackerUser: `SELECT ip, user, sum(attempts) ${remote} AND attempts > 0 GROUP BY 1, 2`,
    userAddress: `SELECT DISTINCT user, ip ${remote} AND user <> '' AND attempts > 0`,
    hostHour: `SELECT host, hour, ${sums} ${remote} GROUP BY 1, 2
      UNION ALL SELECT 0, hour, ${sums} ${remote} GROUP BY 2`,
    addressHostDay: `SELECT ip, day, host, ${sums} ${remote} GROUP BY 1, 2, 3`,
    addressUserDay: `SELECT ip, day, user, sum(attempts) ${remote} AND user <> '' AND attempts > 0
      GROUP BY 1, 2, 3`,
    subject: `SELECT kind, name, ${sums}, min(at), max(at), max(tried), coalesce(last, 0),
        coalesce(sum(DISTINCT 1 << (last - day)) FILTER (WHERE tried NOT NULL AND last - day < 53), 0)
      FROM (SELECT *, max(iif(tried IS NULL, NULL, day)) OVER (PARTITION BY kind, name) AS last
        FROM ${subjects}) GROUP BY 1, 2`,
    subjectDay: `SELECT kind, name, day, ${sums} FROM ${subjects} GROUP BY 1, 2, 3`,
    fileRun: 'SELECT n FROM finding',
    hostRun: 'SELECT n FROM finding',
    addressRun: 'SELECT n FROM finding WHERE ip IS NOT NULL',
  })
}

function rowsOf(db: Database, queries: Record<string, string>): Record<string, unknown[]> {
  return Object.fromEntries(
    Object.entries(queries).map(([name, sql]) => [
      name,
      db
        .prepare(sql)
        .all()
        .map((row) => JSON.stringify(Object.values(row)))
        .sort(),
    ]),
  )
}
