import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openAgents } from '../../../collector/store/agents.ts'
import { type Database, openDatabase } from '../../../collector/store/database.ts'
import { type History, openHistory } from '../../../collector/store/history.ts'
import { type Intake, openIntake } from '../../../collector/store/intake/intake.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { readWindow } from '../../../collector/store/reports/window.ts'
import { dropOldFindings } from '../../../collector/store/retention.ts'
import type { Finding } from '../../../shared/finding.ts'

const start = Date.UTC(2026, 10, 22)
const days = 90

test('every finding is in one run of its file, one of its second, one of its address; none is left when they go', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 6 }), async (frames) => {
      const db = openDatabase(':memory:')
      tell(db, frames)
      const all = found(db, 'SELECT n FROM finding')
      assert.equal(all.length, frames.flat().length)
      assert.deepEqual(found(db, ofFile), all)
      assert.deepEqual(found(db, ofHost), all)
      assert.deepEqual(found(db, ofAddress), found(db, withAddress))

      await openReports(db).close(start, () => ({ digest: {}, parts: [], loud: false }))
      await dropOldFindings(db, days, start + days * 86_400_000 + 2000)
      const kept = found(db, 'SELECT n FROM finding')
      assert.ok(kept.length < all.length || frames.flat().every(({ at }) => at >= start + 2000))
      assert.deepEqual(found(db, ofHost), kept)
      for (const join of [ofFile, ofHost, ofAddress]) assert.deepEqual(empty(db, join), [])
      db.close()
    }),
    { numRuns: 100 },
  )
})

test('an amendment reaches a finding told frames ago, in the midst of a run, and no other', () => {
  const db = openDatabase(':memory:')
  const intake = tell(db, [
    Array.from({ length: 40 }, () => ({ at: start, ip: '203.0.113.9', host: undefined })),
    [{ at: start, ip: '203.0.113.9', host: undefined }],
  ])
  const amend = (offset: number, file = 'f') =>
    db.transaction(() =>
      intake.findings(1, 's', [{ kind: 'amend', file, offset, method: `password ${offset}` }]),
    )
  amend(17)
  amend(41)
  amend(42)
  amend(3, 'another')
  const rows = db.prepare('SELECT offset, method FROM finding WHERE method IS NOT NULL').all()
  assert.deepEqual(
    rows.map(({ offset, method }) => [offset, method]),
    [
      [17, 'password 17'],
      [41, 'password 41'],
    ],
  )
})

test('an amendment reaches a finding whose run is in memory, on its way to disk, or there', () => {
  const amended = (slices: number): unknown[] => {
    const db = openDatabase(':memory:')
    const far = Array.from({ length: 700 }, () => ({
      at: start,
      ip: '203.0.113.9',
      host: undefined,
    }))
    const intake = tell(db, [far.slice(0, 400)])
    // More than are remembered by their offsets stand behind.
    tellMore(db, intake, 400, far)
    for (let slice = 0; slice < slices; slice += 1) intake.sums.slice(1)
    for (const offset of [7, 401, 1100]) {
      db.transaction(() =>
        intake.findings(1, 's', [{ kind: 'amend', file: 'f', offset, method: 'publickey' }]),
      )
    }
    return db.prepare('SELECT offset FROM finding WHERE method IS NOT NULL').all()
  }
  for (const slices of [0, 1, 10, 20, 30, 32, 34, 36, 38, 40, 100]) {
    assert.deepEqual(
      amended(slices).map((row) => (row as { offset: number }).offset),
      [7, 401, 1100],
      `${slices} slices`,
    )
  }
})

test('asked for by address or time all are given, each once, however many of their runs are on disk', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(frame, fc.nat(6)), { minLength: 1, maxLength: 8 }), (told) => {
      const db = openDatabase(':memory:')
      const intake = tell(db, [])
      const history = openHistory(db)
      let offset = 0
      for (const [one, slices] of told) {
        tellMore(db, intake, offset, one)
        offset += one.length
        for (let slice = 0; slice < slices; slice += 1) intake.sums.slice(2)
        const span = { since: start + 1000, until: start + 3000 }
        for (const asked of [{ ip: '203.0.113.9' }, span, { ip: '198.51.100.4', ...span }]) {
          assert.deepEqual(walked(history, asked), found(db, plainly(asked)).reverse())
        }
      }
      db.close()
    }),
    { numRuns: 60 },
  )
})

test('a login’s alert counts each failure before it once, however many of its runs are on disk', () => {
  for (let slices = 0; slices < 70; slices += 1) {
    const db = openDatabase(':memory:')
    const failed = { at: start, ip: '203.0.113.9', host: undefined }
    const intake = tell(db, [[failed, failed]])
    tellMore(db, intake, 2, [failed, { ...failed, at: start + 1000 }, { ...failed, ip: undefined }])
    for (let slice = 0; slice < slices; slice += 1) intake.sums.slice(1)
    tellMore(db, intake, 5, [{ ...failed, at: start + 2000 }])
    const alerts = db.transaction(() => {
      const attempt = placedAt(7, { ...failed, at: start + 3000 })
      const login: Finding = { ...placedAt(8, { ...failed, at: start + 4000 }), kind: 'login' }
      return intake.alerts(intake.findings(1, 's', [attempt, login]))
    })
    assert.deepEqual(
      alerts.map((alert) => alert.failed),
      [6],
      `${slices} slices`,
    )
    db.close()
  }
})

test('an address is new in a report where it never tried before, however many of its runs are on disk', () => {
  for (let slices = 0; slices < 70; slices += 1) {
    const db = openDatabase(':memory:')
    const known = { at: start, ip: '203.0.113.9', host: undefined }
    const other = { ...known, ip: '198.51.100.4' }
    const intake = tell(db, [[known]])
    tellMore(db, intake, 1, [other])
    tellMore(db, intake, 2, [known, other, { ...known, ip: '192.0.2.1' }])
    for (let slice = 0; slice < slices; slice += 1) intake.sums.slice(1)
    const gaps = { fromGap: 0, toGap: 0, fromReport: 0 }
    const { addresses, fresh } = readWindow(db, { fromN: 2, toN: 5, since: 0, ...gaps }).totals
    assert.deepEqual({ addresses, fresh }, { addresses: 3, fresh: 1 }, `${slices} slices`)
    db.close()
  }
})

test('what a log host tells, too, counts once, whether the other telling is on disk, in memory or just told', () => {
  for (let slices = -1; slices < 8; slices += 1) {
    const db = openDatabase(':memory:')
    const intake = tell(db, [])
    openAgents(db).add('logs', `ed25519:${'B'.repeat(43)}`, start)
    const event = placedAt(1, { at: start, ip: '203.0.113.9', host: undefined })
    const first = () => intake.findings(1, 's', [event])
    const second = () => intake.findings(2, 's', [{ ...event, host: 'nas', offset: 9 }])
    if (slices < 0) intake.committed(db.transaction(() => [...first(), ...second()]))
    else {
      intake.committed(db.transaction(first))
      for (let slice = 0; slice < slices; slice += 1) intake.sums.slice(3)
      intake.committed(db.transaction(second))
    }
    assert.deepEqual(found(db, 'SELECT n FROM finding'), [1], `${slices} slices`)
    db.close()
  }
})

type Told = { at: number; ip: string | undefined; host: string | undefined }

// Times not in order, addresses that come back soon and late.
const frame = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 4500 }).map((ms) => start + ms),
    ip: fc.constantFrom('203.0.113.9', '203.0.113.9', '203.0.113.9', '198.51.100.4', undefined),
    host: fc.constantFrom(undefined, undefined, 'pi', 'attic'),
  }),
  { minLength: 1, maxLength: 60 },
)

function tell(db: Database, frames: readonly (readonly Told[])[]): Intake {
  openAgents(db).add('nas', `ed25519:${'A'.repeat(43)}`, start)
  const intake = openIntake(db, () => start)
  let offset = 0
  for (const told of frames) {
    tellMore(db, intake, offset, told)
    offset += told.length
  }
  intake.sums.settle()
  return intake
}

function tellMore(db: Database, intake: Intake, offset: number, told: readonly Told[]): void {
  const entries = told.map((one, at) => placedAt(offset + 1 + at, one))
  intake.committed(db.transaction(() => intake.findings(1, 's', entries)))
}

function placedAt(offset: number, { at, ip, host }: Told): Finding {
  const common = { file: 'f', offset, at, program: 'sshd', count: 1, ordinal: offset }
  return {
    ...common,
    kind: 'attempt',
    ...(ip !== undefined && { ip }),
    ...(host !== undefined && { host }),
  }
}

type Asked = { ip?: string; since?: number; until?: number }

function walked(history: History, asked: Asked): number[] {
  const all: number[] = []
  for (let before: number | undefined; ; ) {
    const { findings, next } = history.findings({ ...asked, limit: 7, before })
    all.push(...findings.map(({ n }) => n))
    if (next === null) return all
    before = next
  }
}

function plainly({ ip, since = 0, until = Number.MAX_SAFE_INTEGER }: Asked): string {
  const ofAddress = ip === undefined ? '' : `AND ip = '${ip}'`
  return `SELECT n FROM finding WHERE at >= ${since} AND at < ${until} ${ofAddress}`
}

const followed = (run: string, where: string): string =>
  `FROM ${run} r JOIN finding f ON f.n BETWEEN r.n AND r.upto AND ${where}`
const ofFile = `SELECT f.n ${followed('file_run', 'f.file = r.file')}`
const ofHost = `SELECT f.n ${followed('host_run', 'f.host = r.host AND f.at / 1000 = r.second')}`
const ofAddress = `SELECT f.n ${followed('address_run', 'f.ip = r.ip')}`
const withAddress = 'SELECT n FROM finding WHERE ip IS NOT NULL'

function found(db: Database, sql: string): number[] {
  const rows = db.prepare(`${sql} ORDER BY 1`).all()
  return rows.map(({ n }) => Number(n))
}

// Runs with none of their findings left.
function empty(db: Database, join: string): unknown[] {
  return db
    .prepare(
      `${join.replace('SELECT f.n', 'SELECT r.n').replace('JOIN', 'LEFT JOIN')} WHERE f.n IS NULL`,
    )
    .all()
}
