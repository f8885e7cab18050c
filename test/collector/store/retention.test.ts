import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composer } from '../../../collector/report/report.ts'
import { openAgents } from '../../../collector/store/agents.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openIntake } from '../../../collector/store/intake/intake.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { dropOldFindings } from '../../../collector/store/retention.ts'
import { openTotals } from '../../../collector/store/totals/totals.ts'
import type { Finding } from '../../../shared/finding.ts'
import { openFleet } from '../report/seed.ts'

const day = 86_400_000
const now = Date.UTC(2026, 10, 22)

test('findings past their time go, but never before a report has told them, and totals stay', async () => {
  const db = openDatabase(':memory:')
  const agents = openAgents(db)
  agents.add('nas', `ed25519:${'A'.repeat(43)}`, now)
  const intake = openIntake(db, () => now)
  const old = (offset: number, at: number): Finding => ({
    kind: 'attempt',
    file: 'f',
    offset,
    at,
    program: 'sshd',
    ip: '203.0.113.9',
    user: 'root',
    count: 2,
    ordinal: 0,
  })
  const told = [old(1, now - 100 * day), old(2, now - 91 * day), old(3, now - day)]
  intake.committed(db.transaction(() => intake.findings(1, 's', told)))
  const rows = (): unknown => db.prepare('SELECT count(*) AS n FROM finding').get()?.['n']

  assert.equal(await dropOldFindings(db, 90, now), 0, 'no report has told them yet')
  await openReports(db).close(now, () => ({ digest: {}, parts: [], loud: false }))
  assert.equal(await dropOldFindings(db, 90, now), 0, 'no total counts them yet')
  intake.sums.settle()
  assert.equal(await dropOldFindings(db, 90, now), 2)
  assert.equal(rows(), 1)
  assert.equal(openTotals(db).totals(undefined).attempts, 6)
  assert.equal(
    db.transaction(() => intake.findings(1, 's', [old(1, now - 100 * day)])).length,
    0,
    'told again after it was dropped it is still a repeat',
  )
})

test('what an undelivered report told stays until it is delivered: the next one tells it again', async () => {
  const { db, find } = openFleet(['nas'])
  const reports = openReports(db)
  const compose = composer({
    zone: 'UTC',
    heartbeat: false,
    silence: { after: 1, listening: Number.MAX_SAFE_INTEGER },
  })
  const summed = () => db.prepare('UPDATE summed SET through = 9').run()
  for (let count = 1; count <= 5; count += 1) find({ at: now - 100 * day })
  await reports.close(now, compose)
  summed()
  const claim = { owner: 'me', now: now + 1, lease: 1000, again: () => 0 }
  const first = await reports.claim(claim)
  assert.equal(await dropOldFindings(db, 90, now), 0, 'it is on its way, and may come back')
  if (first !== null) await reports.settle(first, 'me', { kind: 'later', due: now, why: 'down' })
  assert.equal(await dropOldFindings(db, 90, now), 0)
  await reports.close(now + 1, compose)
  const second = await reports.claim(claim)
  assert.match(second?.text ?? '', /^Quiet: 5 attempts/)
  if (second !== null) await reports.settle(second, 'me', { kind: 'sent', message: 1, why: null })
  assert.equal(await dropOldFindings(db, 90, now), 5)
})

test('others have their turn while very many findings go', async () => {
  const { db, find } = openFleet(['nas'])
  db.transaction(() => {
    for (let count = 1; count <= 5000; count += 1) find({ at: now - 100 * day })
  })
  await openReports(db).close(now, () => ({ digest: {}, parts: [], loud: false }))
  db.prepare('UPDATE summed SET through = 5000').run()
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  assert.equal(await dropOldFindings(db, 90, now), 5000)
  clearInterval(timer)
  assert.ok(turns >= 4, `${turns} turns`)
})
