import assert from 'node:assert/strict'
import { test } from 'node:test'
import { everyHour, openSchedule } from '../../../collector/report/schedule.ts'

const rome = 'Europe/Rome'

/** Runs a schedule on a clock that jumps as told; gives the ticks until there were so many. */
async function ticksOf(
  ask: { cron?: string; from: string; ticks: number; zone?: string },
  jumps = new Map<number, number>(),
): Promise<string[]> {
  let now = Date.parse(ask.from)
  let waits = 0
  const ticks: string[] = []
  const schedule = openSchedule({
    cron: ask.cron ?? everyHour,
    zone: ask.zone ?? rome,
    clock: {
      now: () => now,
      wait: async (ms) => {
        assert.ok(ms >= 0)
        waits += 1
        now += Math.max(ms, 1) + (jumps.get(waits) ?? 0)
      },
    },
    tick: async (at) => {
      ticks.push(new Date(at).toISOString())
      if (ticks.length >= ask.ticks) schedule.stop()
    },
  })
  await schedule.run()
  return ticks
}

test('it ticks at minute 59 of every hour, through the end of summer time', async () => {
  assert.deepEqual(await ticksOf({ from: '2026-10-25T00:00:30Z', ticks: 3 }), [
    '2026-10-25T00:59:00.000Z',
    '2026-10-25T01:59:00.000Z',
    '2026-10-25T02:59:00.000Z',
  ])
})

test('a daily report comes by the clock on the fleet’s wall', async () => {
  assert.deepEqual(await ticksOf({ cron: '0 8 * * *', from: '2026-10-23T12:00:00Z', ticks: 2 }), [
    '2026-10-24T06:00:00.000Z',
    '2026-10-25T07:00:00.000Z',
  ])
})

test('periods missed while the machine slept give one tick', async () => {
  const slept = new Map([[3, 5 * 3_600_000]])
  assert.deepEqual(await ticksOf({ from: '2026-11-22T10:00:00Z', ticks: 2 }, slept), [
    '2026-11-22T15:03:00.000Z',
    '2026-11-22T15:59:00.000Z',
  ])
})

test('a clock that was far ahead at the start does not silence the reports', async () => {
  const back = new Map([[1, -4 * 365 * 86_400_000]])
  const [first] = await ticksOf({ from: '2030-11-22T10:00:00Z', ticks: 1 }, back)
  assert.equal(first?.slice(0, 4), '2026')
})

test('a schedule that is over waits to be stopped, for another may take its place', async () => {
  let now = Date.parse('2026-11-22T10:00:00Z')
  let [waits, ticks] = [0, 0]
  const schedule = openSchedule({
    cron: '2026-11-22T10:30:00',
    zone: 'UTC',
    clock: {
      now: () => now,
      wait: async (ms) => {
        now += ms
        waits += 1
        if (waits === 100) schedule.stop()
      },
    },
    tick: async () => {
      ticks += 1
    },
  })
  await schedule.run()
  assert.deepEqual([waits, ticks], [100, 1])
})

test('a wrong expression or zone is refused at once', () => {
  const clock = { now: () => 0, wait: async () => {} }
  const tick = async () => {}
  assert.throws(() => openSchedule({ cron: '99 * * * *', zone: rome, clock, tick }))
  assert.throws(() => openSchedule({ cron: '0 0 31 2 *', zone: rome, clock, tick }), /never comes/)
  assert.throws(() => openSchedule({ cron: everyHour, zone: 'Mars/Olympus', clock, tick }))
})
