import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAgents } from '../../../collector/store/agents.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openIntake } from '../../../collector/store/intake/intake.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { dropOldFindings } from '../../../collector/store/retention.ts'
import { openTotals } from '../../../collector/store/totals/totals.ts'
import type { Finding } from '../../../shared/finding.ts'

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

  assert.equal(dropOldFindings(db, 90, now), 0, 'no report has told them yet')
  await openReports(db).close(now, () => ({ digest: {}, parts: [], loud: false }))
  assert.equal(dropOldFindings(db, 90, now), 0, 'no total counts them yet')
  intake.sums.settle()
  assert.equal(dropOldFindings(db, 90, now), 2)
  assert.equal(rows(), 1)
  assert.equal(openTotals(db).totals(undefined).attempts, 6)
  assert.equal(
    db.transaction(() => intake.findings(1, 's', [old(1, now - 100 * day)])).length,
    0,
    'told again after it was dropped it is still a repeat',
  )
})
