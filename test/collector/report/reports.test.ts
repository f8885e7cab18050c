import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Digest } from '../../../collector/report/digest.ts'
import { composer } from '../../../collector/report/report.ts'
import { openReports, type Reports } from '../../../collector/store/reports/reports.ts'
import { type Fleet, noon, openFleet } from './seed.ts'

const compose = composer({
  zone: 'UTC',
  heartbeat: false,
  silence: { after: 600_000, listening: 8e14 },
})
const claim = { owner: 'me', now: noon * 2, lease: 1000, again: () => 0 }

async function deliverOne(reports: Reports, kind: 'sent' | 'unsure' | 'later' | 'held') {
  const part = await reports.claim(claim)
  if (part === null) return
  if (kind === 'sent') await reports.settle(part, 'me', { kind, message: 1, why: null })
  else await reports.settle(part, 'me', { kind, due: noon, why: 'of the test' })
}

/** The period reports that count: number and how many attempts their stretch of findings holds. */
function periods(fleet: Fleet) {
  return fleet.db
    .prepare(`
      SELECT id, from_n AS fromN, to_n AS toN, digest FROM report
      WHERE kind = 'period' AND superseded IS NULL ORDER BY id`)
    .all()
    .map((row) => ({
      fromN: Number(row['fromN']),
      toN: Number(row['toN']),
      digest: JSON.parse(String(row['digest'])) as Digest,
    }))
}

type Step =
  | { do: 'find'; count: number; late: number }
  | { do: 'close' }
  | { do: 'deliver'; how: 'sent' | 'unsure' | 'later' | 'held' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('find' as const),
    count: fc.integer({ min: 1, max: 4 }),
    late: fc.integer({ min: -1e9, max: 1e9 }),
  }),
  fc.record({ do: fc.constant('close' as const) }),
  fc.record({
    do: fc.constant('deliver' as const),
    how: fc.constantFrom('sent', 'unsure', 'later', 'held'),
  }),
)

test('every finding is told in exactly one period report, however late and whatever is delivered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const fleet = openFleet(['nas'])
      const reports = openReports(fleet.db)
      let found = 0
      for (const [i, one] of steps.entries()) {
        if (one.do === 'find') {
          fleet.find({ count: one.count, at: noon + one.late })
          found += one.count
        } else if (one.do === 'close') await reports.close(noon + i, compose)
        else await deliverOne(reports, one.how)
      }
      await reports.close(noon + steps.length, compose)
      const told = periods(fleet)
      let end = 0
      for (const { fromN, toN } of told) {
        assert.equal(fromN, end)
        assert.ok(toN >= fromN)
        end = toN
      }
      const sum = told.reduce((all, { digest }) => all + digest.totals.attempts, 0)
      assert.equal(sum, found)
      fleet.db.close()
    }),
    { numRuns: 150 },
  )
})

test('three days without Telegram end in one message', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  fleet.find({})
  await reports.close(noon, compose)
  await deliverOne(reports, 'sent')
  for (let hour = 1; hour <= 72; hour++) {
    if (hour % 3 > 0) fleet.find({})
    await reports.close(noon + hour * 3_600_000, compose)
    if (hour % 5 === 0) await deliverOne(reports, 'later')
  }
  const waiting = fleet.db.prepare("SELECT text FROM outbox WHERE state = 'ready'").all()
  assert.equal(waiting.length, 1)
  assert.match(String(waiting[0]?.['text']), /^Quiet: 48 attempts by 1 address on 1 host/)
  assert.match(
    String(waiting[0]?.['text']),
    /22 Nov 12:59 – 25 Nov 12:59; replaces 1 earlier report that could/,
  )
  assert.equal(periods(fleet).length, 2)
})

test('a report of which anything may have arrived is never taken over', async () => {
  for (const fate of [['sent'], ['unsure'], ['unsure', 'later'], ['unsure', 'held']] as const) {
    const fleet = openFleet(['nas'])
    const reports = openReports(fleet.db)
    fleet.find({})
    await reports.close(noon, compose)
    for (const kind of fate) await deliverOne(reports, kind)
    fleet.find({})
    const { merged } = await reports.close(noon + 1, compose)
    assert.equal(merged, 0)
  }
})

test('a closing that fails leaves nothing half done', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  fleet.find({})
  await reports.close(noon, compose)
  await assert.rejects(
    reports.close(noon + 1, () => {
      throw new Error('out of ideas')
    }),
    /out of ideas/,
  )
  const [first, ...rest] = await reports.list(10)
  assert.equal(rest.length, 0)
  assert.equal(first?.parts[0]?.state, 'ready')
})

test('an urgent report lives and dies with the transaction of its cause', () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  const urgent = () =>
    reports.queueUrgent(noon, () => ({
      digest: {},
      parts: [{ text: 'x', entities: [] }],
      loud: true,
    }))
  assert.throws(() =>
    fleet.db.transaction(() => {
      urgent()
      throw new Error('the batch failed')
    }),
  )
  assert.equal(fleet.db.prepare('SELECT count(*) AS n FROM outbox').get()?.['n'], 0)
  fleet.db.transaction(urgent)
  assert.equal(fleet.db.prepare('SELECT count(*) AS n FROM outbox').get()?.['n'], 1)
})

test('a report asked for tells what happened since, and moves no period', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  fleet.find({ at: noon - 7_200_000, count: 5 })
  fleet.find({ at: noon - 60_000, count: 3 })
  await reports.close(noon - 1, compose)
  const { parts } = await reports.since(noon - 3_600_000, noon, compose)
  assert.match(parts[0]?.text ?? '', /^Quiet: 3 attempts/)
  assert.equal((await reports.list(10)).length, 1)
  await reports.ask(noon - 3_600_000, noon, compose)
  await reports.close(noon + 1, compose)
  const [second, asked, first] = await reports.list(10)
  assert.deepEqual([second?.kind, asked?.kind, first?.kind], ['period', 'asked', 'period'])
  assert.equal(asked?.parts.length, 1)
  assert.equal((await reports.list(1, 3))[0]?.number, 2)
})

test('a report asked for calls no login the first that was there before its time', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  const login = { kind: 'login', ip: '192.168.1.20' }
  fleet.find({ ...login, user: 'anna', at: noon - 7_200_000 })
  fleet.find({ ...login, user: 'anna', at: noon - 60_000 })
  fleet.find({ ...login, user: 'ben', at: noon - 60_000 })
  const { parts } = await reports.since(noon - 3_600_000, noon, compose)
  assert.match(parts[0]?.text ?? '', /\nanna on nas from 192\.168\.1\.20\n/)
  assert.match(parts[0]?.text ?? '', /\nben on nas from 192\.168\.1\.20, for the first time\n/)
})

test('a report looks for the earlier logins of each address alone, however many there were of others', async () => {
  const { db } = openFleet(['nas'])
  const asked: string[] = []
  const noting = {
    ...db,
    prepare: (sql: string) => {
      asked.push(sql)
      return db.prepare(sql)
    },
  }
  await openReports(noting).preview(noon, compose)
  const plans = asked.flatMap((sql) => db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
  assert.deepEqual(
    plans
      .map(({ detail }) => String(detail))
      .filter((step) => step.includes(' before USING INDEX')),
    ['SEARCH before USING INDEX finding_login (ip=?)'],
  )
})

test('a resend says whether a copy may be there already', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  fleet.find({})
  await reports.close(noon, compose)
  await deliverOne(reports, 'held')
  assert.equal(await reports.resend(1, noon), 1)
  const never = await reports.claim(claim)
  assert.equal(never?.repeat, false)
  if (never !== null) await reports.settle(never, 'me', { kind: 'sent', message: 1, why: null })
  assert.equal(await reports.claim(claim), null)
  assert.equal(await reports.resend(1, noon), 1)
  assert.equal((await reports.claim(claim))?.repeat, true)
  assert.equal(await reports.resend(99, noon), null)
})

test('retention that removes reported findings brings none of them back', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  fleet.find({ count: 7 })
  await reports.close(noon, compose)
  await deliverOne(reports, 'sent')
  fleet.db.prepare('DELETE FROM finding').run()
  await reports.close(noon + 1, compose)
  fleet.find({ count: 2 })
  await reports.close(noon + 2, compose)
  assert.deepEqual(
    periods(fleet).map(({ digest }) => digest.totals.attempts),
    [7, 0, 2],
  )
})
