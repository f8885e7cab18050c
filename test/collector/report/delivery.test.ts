import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCollectorConfig } from '../../../collector/config.ts'
import { systemClock } from '../../../collector/report/clock.ts'
import { configured, openDelivery, reportSettings } from '../../../collector/report/delivery.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openLog } from '../../../collector/store/log.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { openSettings } from '../../../collector/store/settings.ts'
import { until } from '../../support/until.ts'

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

test('quiet hours silence reports, in the fleet’s zone', () => {
  const config = readCollectorConfig({ file: undefined, env: {} })
  const night = { schedule: '59 * * * *', zone: 'Europe/Rome', quiet: '22:00-07:00' }
  const { isQuiet } = reportSettings(config, night, 0)
  assert.equal(isQuiet?.(Date.UTC(2026, 10, 22, 21, 30)), true)
  assert.equal(isQuiet?.(Date.UTC(2026, 10, 22, 6, 30)), false)
})
