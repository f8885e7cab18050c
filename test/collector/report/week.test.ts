/**
 * A week of trouble with Telegram on a clock that jumps: schedule, store, outbox and the real client
 * against the strict stand-in, which floods, breaks, resets and falls silent after it took a message,
 * and for three days is not there at all.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import type { Digest } from '../../../collector/report/digest.ts'
import { openOutbox } from '../../../collector/report/outbox.ts'
import { closePeriod, queueAlert } from '../../../collector/report/report.ts'
import { everyHour, openSchedule } from '../../../collector/report/schedule.ts'
import { openTelegram, type Send } from '../../../collector/report/telegram.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { type Random, randomOf } from '../../support/random.ts'
import { type Answer, openFakeTelegram } from '../../support/telegram.ts'
import { noon, openFleet } from './seed.ts'

const hour = 3_600_000
const day = 24 * hour
/** When Telegram is gone, when it is back, when its troubles end, when we stop looking. */
const weather = {
  gone: noon + 2 * day,
  back: noon + 5 * day,
  fine: noon + 7 * day,
  end: noon + 11 * day,
}
const names = ['nas', 'pi', 'vault']
const settings = { zone: 'UTC', heartbeat: false, silence: { after: 30 * day, listening: noon } }

/** A clock for so many that wait on it: when all do, it jumps to where the first wakes. */
function sharedClock(start: number, sharers: number) {
  let now = start
  const asleep = new Set<{ due: number; wake: () => void }>()
  const jump = (): void => {
    if (asleep.size < sharers) return
    const [first] = [...asleep].toSorted((a, b) => a.due - b.due)
    if (first === undefined || first.due === Number.POSITIVE_INFINITY) return
    now = Math.max(now, first.due)
    first.wake()
  }
  return {
    now: () => now,
    wait: (ms: number, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        const wake = (): void => {
          asleep.delete(sleeper)
          resolve()
        }
        const sleeper = { due: now + Math.max(0, ms), wake }
        asleep.add(sleeper)
        if (signal.aborted) wake()
        else signal.addEventListener('abort', wake, { once: true })
        setImmediate(jump)
      }),
  }
}

/** What becomes of a call at this moment; "refused" is nobody listening. */
function fate(at: number, random: Random): Answer | 'refused' {
  if (at >= weather.fine || (at >= weather.back && at < weather.back + hour)) return { kind: 'ok' }
  if (at >= weather.gone && at < weather.back) {
    return random.pick<Answer | 'refused'>([
      'refused',
      'refused',
      { kind: 'broken', code: 502, html: true },
      { kind: 'flood', seconds: 3600 },
    ])
  }
  const luck = random.next()
  if (luck < 0.4) return { kind: 'ok' }
  if (luck < 0.55) return { kind: 'flood', seconds: random.whole(3, 1200) }
  if (luck < 0.65) return { kind: 'broken', code: random.pick([500, 502, 504]) }
  if (luck < 0.85) return { kind: 'reset', taken: random.chance(0.6) }
  return { kind: 'hang', taken: random.chance(0.6) }
}

/** A port at which nobody listens. */
async function deadRoot(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${address.port}`
}

async function liveThrough(seed: number) {
  const random = randomOf(seed)
  const fleet = openFleet(names)
  const fake = await openFakeTelegram()
  after(() => fake.close())
  const reports = openReports(fleet.db)
  const clock = sharedClock(noon, 2)
  const patience = { token: fake.token, timeout: 300 }
  const there = openTelegram({ ...patience, apiRoot: fake.apiRoot })
  const nobody = openTelegram({ ...patience, apiRoot: await deadRoot() })
  const fates = new Map<string, number>()
  const seenAt: number[] = []
  const send: Send = async (message) => {
    const what = fate(clock.now(), random)
    const name = what === 'refused' ? what : what.kind
    fates.set(name, (fates.get(name) ?? 0) + 1)
    if (what !== 'refused') fake.answer(what)
    const outcome = await (what === 'refused' ? nobody : there)(message)
    while (seenAt.length < fake.seen.length) seenAt.push(clock.now())
    return outcome
  }
  const notes: string[] = []
  const note = (text: string): void => void notes.push(text)
  const owner = 'of the test'
  const outbox = openOutbox({ reports, send, clock, random: random.next, owner, chat: '-5', note })
  const told = { attempts: 0, alerts: 0 }
  const tick = async (now: number): Promise<void> => {
    if (now >= weather.end) {
      schedule.stop()
      outbox.stop()
      return
    }
    if (now < weather.fine) happen(fleet, random, now, told)
    if (now < weather.fine && random.chance(0.08)) {
      const user = `user ${++told.alerts}`
      const failedOn = [{ host: 'nas', attempts: 3 }]
      const at = { ip: '203.0.113.9', host: 'pi', at: now, failed: 3, failedOn, times: 1 }
      queueAlert(reports, { ...at, user }, 'UTC', now)
    }
    await closePeriod(reports, settings, now)
    outbox.wake()
  }
  const schedule = openSchedule({ cron: everyHour, zone: 'UTC', clock, tick })
  await Promise.all([outbox.run(), schedule.run()])
  return { fleet, fake, told, fates, seenAt, notes }
}

/** An hour's findings, some of them late: of an agent that was away. */
function happen(
  fleet: ReturnType<typeof openFleet>,
  random: Random,
  now: number,
  told: { attempts: number },
): void {
  for (let left = random.whole(0, 12); left > 0; left--) {
    const count = random.whole(1, 4)
    const ip = `203.0.113.${random.whole(1, 40)}`
    const at = now - random.whole(0, random.chance(0.1) ? 3 * day : hour)
    fleet.find({ host: random.pick(names), ip, count, at })
    told.attempts += count
  }
}

const mark = /^\(repeat of [^)]*\)\n/
const seed = Number(process.env['WEEK_SEED'] ?? 5)

test('a week of trouble with Telegram: every finding in exactly one report, no unmarked repeat, one catch-up', {
  timeout: 300_000,
}, async (t) => {
  const { fleet, fake, told, fates, seenAt, notes } = await liveThrough(seed)
  const texts = fake.seen.map(({ text }) => text)
  const calls = [...fates].map(([name, n]) => `${name} ${n}`).join(', ')
  t.diagnostic(`seed ${seed} (WEEK_SEED); calls: ${calls}; ${texts.length} messages seen`)
  for (const kind of ['flood', 'broken', 'reset', 'hang', 'refused', 'ok']) {
    assert.ok((fates.get(kind) ?? 0) > 0, `no ${kind} in this week: take another seed`)
  }

  // Every finding, in exactly one of the reports that count.
  const periods = fleet.db
    .prepare(
      `SELECT id, from_n AS fromN, to_n AS toN, to_at AS "to", digest FROM report
       WHERE kind = 'period' AND superseded IS NULL ORDER BY id`,
    )
    .all()
  let reached = 0
  for (const { fromN, toN } of periods) {
    assert.equal(fromN, reached)
    reached = Number(toN)
  }
  const findings = fleet.db.prepare('SELECT max(n) AS n FROM finding').get()
  assert.equal(reached, findings?.['n'])
  const attempts = periods.map(
    ({ digest }) => (JSON.parse(String(digest)) as Digest).totals.attempts,
  )
  assert.equal(
    attempts.reduce((sum, one) => sum + one, 0),
    told.attempts,
  )

  // What a person saw: each of those and each alert, once unmarked at most, and nothing else.
  const parts = fleet.db.prepare(
    'SELECT outbox.text, state, kind FROM outbox JOIN report ON report.id = report',
  )
  const rows = parts.all()
  const wanted = rows.filter(({ state }) => state === 'sent').map(({ text }) => String(text))
  assert.deepEqual(new Set(rows.map(({ state }) => state)), new Set(['sent', 'superseded']))
  assert.equal(rows.filter(({ kind }) => kind === 'alert').length, told.alerts)
  const unmarked = texts.filter((text) => !mark.test(text))
  assert.equal(new Set(unmarked).size, unmarked.length, 'no unmarked repeat')
  assert.deepEqual(new Set(texts.map((text) => text.replace(mark, ''))), new Set(wanted))

  // Three days of silence, and then one message for all of them.
  assert.ok(!seenAt.some((at) => at >= weather.gone && at < weather.back), 'nothing could come')
  const onReturn = unmarked.filter((text) => {
    const at = seenAt[texts.indexOf(text)] ?? 0
    return at >= weather.back && at < weather.back + hour && /replaces \d+ earlier/.test(text)
  })
  assert.equal(onReturn.length, 1, onReturn.join('\n\n'))
  const missed = rows.filter(({ state }) => state === 'superseded').length
  const alerts = new Set(rows.filter(({ kind }) => kind === 'alert').map(({ text }) => text))
  const soon = unmarked.filter((text) => {
    const at = seenAt[texts.indexOf(text)] ?? 0
    return at >= weather.back && at < weather.back + hour && !alerts.has(text)
  })
  t.diagnostic(
    `${missed} reports taken over; within the hour of the return ${soon.length} that are no alert`,
  )
  assert.ok(missed >= 60)
  assert.ok(soon.length <= 2, soon.join('\n\n'))
  assert.ok(!notes.some((text) => text.includes(fake.token)), 'the token is in no note')
  fleet.db.close()
})
