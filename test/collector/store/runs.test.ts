import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openAgents } from '../../../collector/store/agents.ts'
import { type Database, openDatabase } from '../../../collector/store/database.ts'
import { openIntake } from '../../../collector/store/intake.ts'
import { openReports } from '../../../collector/store/reports.ts'
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
      dropOldFindings(db, days, start + days * 86_400_000 + 2000)
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

function tell(db: Database, frames: readonly (readonly Told[])[]) {
  openAgents(db).add('nas', `ed25519:${'A'.repeat(43)}`, start)
  const intake = openIntake(db, () => start)
  let offset = 0
  for (const told of frames) {
    const entries = told.map((one): Finding => {
      offset += 1
      const common = { file: 'f', offset, at: one.at, program: 'sshd', count: 1, ordinal: offset }
      return {
        ...common,
        kind: 'attempt',
        ...(one.ip !== undefined && { ip: one.ip }),
        ...(one.host !== undefined && { host: one.host }),
      }
    })
    intake.committed(db.transaction(() => intake.findings(1, 's', entries)))
  }
  intake.sums.settle()
  return intake
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
