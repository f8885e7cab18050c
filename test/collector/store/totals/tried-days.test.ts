import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openDatabase } from '../../../../collector/store/database.ts'
import { migrations } from '../../../../collector/store/migrations.ts'
import { openTotals } from '../../../../collector/store/totals/totals.ts'
import { triedDays } from '../../../../collector/store/totals/tried-days.ts'
import { enrol, type Told } from '../../../support/findings.ts'
import { randomOf } from '../../../support/random.ts'

const hour = 3_600_000
const day = 24 * hour
const end = Date.parse('2026-11-22T12:20:00Z')

// Some come every few days for months, some once; some only log in.
function months(many: number): Told[] {
  const random = randomOf(5)
  return Array.from({ length: many }, () => {
    const ip = random.whole(0, 40)
    const back = ip < 20 ? random.whole(0, 120 * day) : (ip - 20) * 6 * day
    const kind = random.pick(['attempt', 'attempt', 'probe', 'login'] as const)
    return { kind, at: end - back, ip: `203.0.113.${ip}` }
  })
}

test('the addresses of a marked time are counted right, however long ago it was', () => {
  const db = openDatabase(':memory:')
  const told = months(500)
  const nas = enrol(db, 'nas', end)
  // In any order: an agent that was away for long tells late.
  for (const one of told) nas.tell(one)
  const totals = openTotals(db)
  const random = randomOf(6)
  for (let turn = 0; turn < 300; turn += 1) {
    const since = end - random.whole(0, 125 * day)
    const until = Math.ceil((since + random.whole(0, 40 * day)) / hour) * hour
    const wanted = new Set(
      told
        .filter(({ kind, at }) => kind !== 'login' && at >= since && at < until)
        .map(({ ip }) => ip),
    )
    assert.equal(totals.totals({ since, until }).attackers, wanted.size, `${since} to ${until}`)
  }
  db.close()
})

test('an older database gets the days that it would have had', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-days-'))
  const path = join(folder, 'days.db')
  const made = openDatabase(path)
  enrol(made, 'nas', end).tell(...months(300))
  made.close()
  const db = new DatabaseSync(path)
  const rows = () => db.prepare('SELECT kind, name, day, days FROM subject').all()
  const kept = rows()
  db.exec('ALTER TABLE subject DROP COLUMN day; ALTER TABLE subject DROP COLUMN days')
  db.exec(migrations.find((sql) => sql.includes('ADD COLUMN days')) ?? '')
  assert.deepEqual(rows(), kept)
  assert.ok(kept.some(({ days }) => Number(days) > 2 ** 40))
  db.close()
  rmSync(folder, { recursive: true })
})

test('days too long before the last one are left out, and none at all is none', () => {
  assert.deepEqual(triedDays([98, 100, 48, 47]), { day: 100, days: 2 ** 52 + 4 + 1 })
  assert.deepEqual(triedDays([]), { day: 0, days: 0 })
})
