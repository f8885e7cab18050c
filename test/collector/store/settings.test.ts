import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../../collector/store/database.ts'
import { badSettings, isQuiet, openSettings } from '../../../collector/store/settings.ts'

const configured = { schedule: '59 * * * *', zone: 'Europe/Rome', quiet: null }

test('what was changed stands above what is configured, and the rest follows the configuration', () => {
  const db = openDatabase(':memory:')
  const settings = openSettings(db, configured)
  assert.deepEqual(settings.read(), configured)
  assert.deepEqual(settings.write({ ...configured, quiet: '22:00-07:00' }), [
    { name: 'quiet', from: null, to: '22:00-07:00' },
  ])
  const later = openSettings(db, { schedule: '0 8 * * *', zone: 'UTC', quiet: '01:00-02:00' })
  assert.deepEqual(later.read(), { schedule: '0 8 * * *', zone: 'UTC', quiet: '22:00-07:00' })
  settings.write({ ...settings.read(), quiet: null })
  assert.equal(later.read().quiet, null, 'none is a choice too')
  db.close()
})

test('what cannot work is refused with a sentence', () => {
  assert.equal(badSettings(configured), undefined)
  assert.equal(badSettings({ ...configured, quiet: '22:00-07:00' }), undefined)
  assert.match(badSettings({ ...configured, zone: 'Rome' }) ?? '', /^zone: "Rome" is no time zone/)
  for (const schedule of ['', 'often', '61 * * * *', '* * * * * *', '0 0 31 2 *']) {
    assert.match(badSettings({ ...configured, schedule }) ?? '', /^schedule: /, schedule)
  }
  for (const quiet of ['', '22-7', '24:00-07:00', '22:00-07:60', '22:00']) {
    assert.match(badSettings({ ...configured, quiet }) ?? '', /^quiet: /, quiet)
  }
})

test('quiet hours go by the clock of the zone, over midnight and over the change of the clocks', () => {
  const night = { ...configured, quiet: '22:00-07:00' }
  const at = (time: string) => isQuiet(night, Date.parse(time))
  assert.equal(at('2026-11-22T20:59:00Z'), false)
  assert.equal(at('2026-11-22T21:00:00Z'), true, '22:00 in Rome')
  assert.equal(at('2026-11-23T05:59:00Z'), true)
  assert.equal(at('2026-11-23T06:00:00Z'), false)
  assert.equal(at('2026-07-01T20:00:00Z'), true, '22:00 in Rome in summer')
  assert.equal(isQuiet(configured, 0), false)
  assert.equal(
    isQuiet({ ...configured, quiet: '12:00-13:00' }, Date.parse('2026-11-22T11:30:00Z')),
    true,
  )
})
