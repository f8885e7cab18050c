import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readStamp } from '../../../../agent/parse/prefix/stamp.ts'
import { openTime } from '../../../../agent/parse/prefix/time.ts'

const NOVEMBER = Date.UTC(2026, 10, 22)

/** The moments of a file whose lines bear these stamps, in the order of the file. */
function read(stamps: string[], zone = 'UTC', reference = NOVEMBER, last: number | null = null) {
  const time = openTime({ zone, reference, last })
  return stamps.map((text) => {
    const stamp = readStamp(text, 0)
    const at = stamp === null ? null : time.at(stamp)
    return at === null ? null : new Date(at).toISOString()
  })
}

test('the first line lies near the reference, and at most a day ahead of it', () => {
  assert.deepEqual(read(['Nov 22 10:00:00 ']), ['2026-11-22T10:00:00.000Z'])
  assert.deepEqual(read(['Nov 22 23:59:00 ']), ['2026-11-22T23:59:00.000Z'])
  assert.deepEqual(read(['Nov 24 10:00:00 ']), ['2025-11-24T10:00:00.000Z'])
  assert.deepEqual(read(['Dec 31 23:00:00 '], 'UTC', Date.UTC(2026, 0, 1)), [
    '2025-12-31T23:00:00.000Z',
  ])
  assert.deepEqual(read(['Jan  1 00:30:00 '], 'UTC', Date.UTC(2025, 11, 31, 23)), [
    '2026-01-01T00:30:00.000Z',
  ])
})

test('New Year is crossed forwards, and backwards by a straggler', () => {
  const lines = ['Dec 31 23:59:59 ', 'Jan  1 00:00:01 ', 'Dec 31 23:59:58 ', 'Jan  1 00:00:02 ']
  assert.deepEqual(read(lines, 'UTC', Date.UTC(2026, 0, 1, 12)), [
    '2025-12-31T23:59:59.000Z',
    '2026-01-01T00:00:01.000Z',
    '2025-12-31T23:59:58.000Z',
    '2026-01-01T00:00:02.000Z',
  ])
})

test('the year comes from the line before, not from the reference', () => {
  const last = Date.UTC(2019, 11, 31, 20)
  assert.deepEqual(read(['Jan  2 00:00:00 '], 'UTC', NOVEMBER, last), ['2020-01-02T00:00:00.000Z'])
})

test('a 29th of February takes a year that has one', () => {
  assert.deepEqual(read(['Feb 29 12:00:00 ']), ['2024-02-29T12:00:00.000Z'])
  assert.deepEqual(read(['Feb 29 12:00:00 '], 'UTC', Date.UTC(1903, 5, 1)), [
    '1896-02-29T12:00:00.000Z',
  ])
  assert.deepEqual(read(['2025-02-29T12:00:00Z ', 'Feb 30 12:00:00 ']), [null, null])
})

test('a leap second is the last moment of the second before', () => {
  assert.deepEqual(read(['2016-12-31T23:59:60Z ', '2016-12-31T23:59:60.5Z ']), [
    '2016-12-31T23:59:59.999Z',
    '2016-12-31T23:59:59.999Z',
  ])
})

test('no moment comes out of what is no time', () => {
  const wrong = [
    '2026-13-01T00:00:00Z ',
    '2026-00-01T00:00:00Z ',
    'Nov 22 24:00:00 ',
    'Nov 22 10:60:00 ',
  ]
  assert.deepEqual(read(wrong), [null, null, null, null])
})

test('stamps with a zone need none, and bear fractions', () => {
  const lines = [
    '2026-11-22T16:49:40.219025+01:00 ',
    '2026-11-22T16:49:40Z ',
    '2018-12-20 10:09:05.180218-0530 ',
    '@400000004c91b044077a9e94 ',
  ]
  assert.deepEqual(read(lines, 'America/New_York'), [
    '2026-11-22T15:49:40.219Z',
    '2026-11-22T16:49:40.000Z',
    '2018-12-20T15:39:05.180Z',
    '2010-09-16T05:50:50.125Z',
  ])
})

test('stamps without a zone are read in the one given', () => {
  const lines = ['Jul  1 12:00:00 ', '2013-11-16 21:59:30,121 ', '2015 Nov 13 13:40:01 ']
  assert.deepEqual(read(lines, 'Europe/Rome', Date.UTC(2026, 6, 2)), [
    '2026-07-01T10:00:00.000Z',
    '2013-11-16T20:59:30.121Z',
    '2015-11-13T12:40:01.000Z',
  ])
})

test('when clocks go back, the second 02:30 is the one after a later line', () => {
  const lines = ['Oct 25 02:30:00 ', 'Oct 25 02:59:59 ', 'Oct 25 02:30:00 ', 'Oct 25 03:00:00 ']
  assert.deepEqual(read(lines, 'Europe/Rome'), [
    '2026-10-25T00:30:00.000Z',
    '2026-10-25T00:59:59.000Z',
    '2026-10-25T01:30:00.000Z',
    '2026-10-25T02:00:00.000Z',
  ])
})

test('when clocks go back, every second of both hours is read as what it is', () => {
  const began = Date.UTC(2026, 9, 25)
  const moments = Array.from({ length: 1200 }, (_, at) => new Date(began + at * 6000).toISOString())
  // 00:MM:SS and 01:MM:SS UTC are both 02:MM:SS there.
  const lines = moments.map((moment) => `Oct 25 02:${moment.slice(14, 19)} `)
  assert.deepEqual(read(lines, 'Europe/Rome'), moments)
})

test('when clocks go back, a line out of order by a second stays in its hour', () => {
  const lines = ['Oct 25 02:30:05 ', 'Oct 25 02:30:04 ']
  assert.deepEqual(read(lines, 'Europe/Rome'), [
    '2026-10-25T00:30:05.000Z',
    '2026-10-25T00:30:04.000Z',
  ])
})

test('a moment read again from its checkpoint is the same', () => {
  const last = Date.UTC(2026, 9, 25, 0, 59, 59)
  assert.deepEqual(read(['Oct 25 02:30:00 '], 'Europe/Rome', NOVEMBER, last), [
    '2026-10-25T01:30:00.000Z',
  ])
})

test('the hour that clocks jump over is read as the one after', () => {
  const lines = ['Mar 29 01:59:59 ', 'Mar 29 02:30:00 ', 'Mar 29 03:30:00 ']
  assert.deepEqual(read(lines, 'Europe/Rome', Date.UTC(2026, 3, 1)), [
    '2026-03-29T00:59:59.000Z',
    '2026-03-29T01:30:00.000Z',
    '2026-03-29T01:30:00.000Z',
  ])
})

test('a change by half an hour is known (Lord Howe Island)', () => {
  const lines = ['Apr  5 01:45:00 ', 'Apr  5 01:59:00 ', 'Apr  5 01:45:00 ']
  assert.deepEqual(read(lines, 'Australia/Lord_Howe', Date.UTC(2026, 3, 10)), [
    '2026-04-04T14:45:00.000Z',
    '2026-04-04T14:59:00.000Z',
    '2026-04-04T15:15:00.000Z',
  ])
})

test('every minute of a year agrees with Temporal', () => {
  const zone = 'Europe/Rome'
  const time = openTime({ zone, reference: Date.UTC(2026, 0, 1) })
  for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 37 * 60_000) {
    const wall = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
    const text = wall.toPlainDateTime().toString({ smallestUnit: 'second' })
    const stamp = readStamp(`${text} `, 0)
    assert.equal(stamp && time.at(stamp), at, text)
  }
})

test('a zone that is none is refused at once', () => {
  assert.throws(() => openTime({ zone: 'Europe/Atlantis', reference: 0 }), RangeError)
})
