/**
 * Turns stamps into moments. RFC 3164 stamps bear neither year nor zone, so the lines of one file
 * are read in order: each takes the year that brings it nearest to the line before it. What must be
 * kept across a restart is that line's moment alone.
 */
import type { Stamp } from './stamp.ts'

export type TimeOptions = {
  /** IANA name of the zone the log is written in. */
  zone: string
  /** ms UTC the first line is near to: now for a live file, its mtime for a rotated one. */
  reference: number
  /** ms UTC of the line before the first one, from a checkpoint. */
  last?: number | null
}

export type Time = {
  /** ms UTC; null where the stamp is no date. */
  at: (stamp: Stamp) => number | null
  /** ms UTC of the last stamp read. */
  last: () => number | null
  /**
   * ms UTC at which the day of the stamp just read began, where every stamp of that day read next is so
   * much later as its clock says; null where each must be read by itself.
   */
  midnight: (stamp: Stamp, at: number) => number | null
  /** Goes on as if a stamp had been read that is `at`. */
  pass: (at: number) => void
}

/** Throws a RangeError where `zone` is no zone. */
export function openTime({ zone, reference, last: before = null }: TimeOptions): Time {
  const days = openDays(zone)
  let last = before

  function moment(stamp: Stamp, year: number): number {
    const clock = clockOf(stamp)
    if (!Number.isNaN(stamp.offset)) {
      return civilDay(year, stamp.month, stamp.day) * DAY + clock - stamp.offset * 60_000
    }
    const day = days(year, stamp.month, stamp.day)
    if (day.midnight !== null) return day.midnight + clock
    const { early, late } = day.at(stamp)
    const within = clock % 60_000
    // When clocks go back, 02:30 comes twice: a line after a later one is of the second time.
    const second = last !== null && last > early + within + SLACK
    return (second ? late : early) + within
  }

  let usual: Usual = { month: 0, day: 0, midnight: 0 }

  /** Most lines bear no year and are of the same day as the line before. */
  function momentNear(stamp: Stamp): number | null {
    const { month, day, midnight } = usual
    if (month === stamp.month && day === stamp.day && last !== null) {
      if (Math.abs(last - midnight) < 3 * DAY) return midnight + clockOf(stamp)
    }
    const year = nearestYear(stamp, moment, last, reference)
    if (year === null) return null
    const start = days(year, stamp.month, stamp.day).midnight
    if (start !== null) usual = { month: stamp.month, day: stamp.day, midnight: start }
    return moment(stamp, year)
  }

  return {
    at(stamp) {
      if (!isClock(stamp) || !isDay(stamp.year || LEAP_YEAR, stamp.month, stamp.day)) return null
      const at = stamp.year === 0 ? momentNear(stamp) : moment(stamp, stamp.year)
      if (at !== null) last = at
      return at
    },
    last: () => last,
    midnight(stamp, at) {
      const began = at - clockOf(stamp)
      if (stamp.year !== 0) return Number.isNaN(stamp.offset) ? null : began
      const isUsual = usual.month === stamp.month && usual.day === stamp.day
      return isUsual && usual.midnight === began ? began : null
    },
    pass(at) {
      last = at
    },
  }
}

/** A day on which the clocks do not change, and the moment at which it began. */
type Usual = { month: number; day: number; midnight: number }

const DAY = 86_400_000
const LEAP_YEAR = 2000
// Daemons hand their lines over within seconds; a line further back is no straggler.
const SLACK = 10_000

/** ms since midnight on a clock that knows no leap second: `:60` is the last of `:59`. */
function clockOf({ hour, minute, second, millisecond }: Stamp): number {
  const within = second === 60 ? 59_999 : second * 1000 + millisecond
  return (hour * 60 + minute) * 60_000 + within
}

function isClock({ hour, minute, second }: Stamp): boolean {
  return hour < 24 && minute < 60 && second <= 60
}

function isDay(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
}

/** Days since 1970-01-01 (Howard Hinnant's days_from_civil). */
function civilDay(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The year that brings a stamp nearest; without a line before it, never more than a day ahead. */
function nearestYear(
  stamp: Stamp,
  moment: (stamp: Stamp, year: number) => number,
  last: number | null,
  reference: number,
): number | null {
  const near = last ?? reference
  const latest = last === null ? reference + DAY : Number.POSITIVE_INFINITY
  const middle = new Date(near).getUTCFullYear()
  // A 29th of February may be eight years away (1896 to 1904).
  const reach = stamp.month === 2 && stamp.day === 29 ? 8 : 1
  let best: number | null = null
  let distance = Number.POSITIVE_INFINITY
  for (let year = middle - reach; year <= middle + reach; year++) {
    if (!isDay(year, stamp.month, stamp.day)) continue
    const at = moment(stamp, year)
    if (at > latest || Math.abs(at - near) >= distance) continue
    best = year
    distance = Math.abs(at - near)
  }
  return best
}

type ZoneDay = {
  /** ms UTC at which a day without a change of offset begins; null on the other days. */
  midnight: number | null
  /** The two moments a minute of the other days can be: equal, unless clocks go back over it. */
  at: (stamp: Stamp) => { early: number; late: number }
}

/** Asks Temporal once a day, and on the two odd days of a year once a minute. */
function openDays(zone: string): (year: number, month: number, day: number) => ZoneDay {
  const known = new Map<number, ZoneDay>()
  new Temporal.ZonedDateTime(0n, zone)
  return (year, month, day) => {
    const key = (year * 16 + month) * 32 + day
    const old = known.get(key)
    if (old !== undefined) return old
    if (known.size >= 1000) known.clear()
    const fresh = zoneDay(zone, year, month, day)
    known.set(key, fresh)
    return fresh
  }
}

function zoneDay(zone: string, year: number, month: number, day: number): ZoneDay {
  const date = new Temporal.PlainDate(year, month, day)
  const start = date.toZonedDateTime(zone)
  const minutes = new Map<number, { early: number; late: number }>()
  return {
    midnight: start.hoursInDay === 24 ? start.epochMilliseconds : null,
    at({ hour, minute }) {
      const key = hour * 60 + minute
      const old = minutes.get(key)
      if (old !== undefined) return old
      const fresh = bothMoments(date.toPlainDateTime({ hour, minute }), zone)
      minutes.set(key, fresh)
      return fresh
    },
  }
}

function bothMoments(wall: Temporal.PlainDateTime, zone: string): { early: number; late: number } {
  const early = wall.toZonedDateTime(zone, { disambiguation: 'earlier' })
  const late = wall.toZonedDateTime(zone, { disambiguation: 'later' }).epochMilliseconds
  // A minute that clocks jump over never was: read it with the offset from before the jump.
  const jumped = !early.toPlainDateTime().equals(wall)
  return { early: jumped ? late : early.epochMilliseconds, late }
}
