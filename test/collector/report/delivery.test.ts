import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCollectorConfig } from '../../../collector/config.ts'
import { systemClock } from '../../../collector/report/clock.ts'
import { configured, openDelivery, reportSettings } from '../../../collector/report/delivery.ts'
import type { Digest } from '../../../collector/report/digest.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openLog } from '../../../collector/store/log.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { openSettings } from '../../../collector/store/settings.ts'
import { until } from '../../support/until.ts'
import { noon, openFleet } from './seed.ts'

test('a schedule changed at run time is followed at once', async () => {
  const env = { CIBOT_REPORT_SCHEDULE: '0 0 1 1 *', CIBOT_TIME_ZONE: 'UTC' }
  const config = readCollectorConfig({ file: undefined, env })
  const db = openDatabase(':memory:')
  const reports = openReports(db)
  const settings = openSettings(db, configured(config))
  const failures: unknown[] = []
  const delivery = openDelivery(config, {
    reports,
    settings,
    clock: systemClock,
    log: openLog(db, Date.now),
    print: () => undefined,
    failed: (error) => failures.push(error),
  })
  const running = delivery.run()
  settings.write({ schedule: '* * * * * *', zone: 'UTC', quiet: null })
  delivery.reschedule()
  await until('a period to be closed', async () => (await reports.list(5)).length > 0)
  await delivery.stop()
  await running
  db.close()
  assert.deepEqual(failures, [])
})

test('no host is silent because the collector slept or its clock was set, and one that is silent is told', async () => {
  const hour = 3_600_000
  const config = readCollectorConfig({ file: undefined, env: {} })
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  let now = noon
  let naps = 0
  // The host is heard of until nap 200; the collector sleeps in nap 90, and at nap 150 it is last year.
  const nap = async (ms: number): Promise<void> => {
    naps += 1
    now += naps === 90 ? 5 * hour : naps === 150 ? -365 * 24 * hour : ms
    if (naps !== 90 && naps < 200) fleet.seen('nas', now)
    if (naps === 600) await delivery.stop()
  }
  const delivery = openDelivery(config, {
    reports,
    settings: openSettings(fleet.db, configured(config)),
    clock: {
      now: () => now,
      wait: (ms, signal) => (ms < hour ? nap(ms) : systemClock.wait(ms, signal)),
    },
    log: openLog(fleet.db, () => now),
    print: () => undefined,
    failed: assert.ifError,
  })
  void delivery.run()
  await until('the naps to end', () => naps >= 600)
  const told = (await reports.list(99)).map(({ digest }) => (digest as Digest).silent.length)
  assert.deepEqual(told.reverse(), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
  fleet.db.close()
})

test('quiet hours silence reports, in the fleet’s zone', () => {
  const config = readCollectorConfig({ file: undefined, env: {} })
  const night = { schedule: '59 * * * *', zone: 'Europe/Rome', quiet: '22:00-07:00' }
  const { isQuiet } = reportSettings(config, night, 0)
  assert.equal(isQuiet?.(Date.UTC(2026, 10, 22, 21, 30)), true)
  assert.equal(isQuiet?.(Date.UTC(2026, 10, 22, 6, 30)), false)
})
