/** A time as a line writes it, not yet a moment: the year and the zone may be missing. */
export type Stamp = {
  /** 0 where the stamp bears none (RFC 3164). */
  year: number
  month: number
  day: number
  hour: number
  minute: number
  /** Up to 60: a leap second. */
  second: number
  millisecond: number
  /** Minutes east of UTC; NaN where the stamp names no zone. */
  offset: number
  /** Index of the first character behind the stamp. */
  end: number
}

/**
 * The stamp at `from`, in any of the forms that logs bear: `Jun  5 11:04:01`, `2015 Nov 13 13:40:01`,
 * `Mon Jun  2 21:06:02 2007`, RFC 3339 and its relatives, TAI64N; null where there is none.
 */
export function readStamp(text: string, from: number): Stamp | null {
  const first = text.charCodeAt(from)
  if (first >= 65 && first <= 90) return readNamed(text, from)
  if (first >= 48 && first <= 57) return readNumbered(text, from)
  return first === AT_SIGN ? readTai64(text, from) : null
}

const BLANK = 32
const COLON = 58
const COMMA = 44
const DOT = 46
const DASH = 45
const PLUS = 43
const AT_SIGN = 64
const LETTER_T = 84
const LETTER_Z = 90

function readNamed(text: string, from: number): Stamp | null {
  const month = monthAt(text, from)
  if (month !== 0) return readMonthDay(text, from, month, 0)
  const inner = WEEKDAYS.has(text.slice(from, from + 4)) ? from + 4 : -1
  const innerMonth = inner === -1 ? 0 : monthAt(text, inner)
  const stamp = innerMonth === 0 ? null : readMonthDay(text, inner, innerMonth, 0)
  if (stamp === null || text.charCodeAt(stamp.end) !== BLANK) return stamp
  const year = digits(text, stamp.end + 1, 4)
  if (year === -1 || !endsAt(text, stamp.end + 5)) return stamp
  stamp.year = year
  stamp.end += 5
  return stamp
}

const WEEKDAYS = new Set(['Mon ', 'Tue ', 'Wed ', 'Thu ', 'Fri ', 'Sat ', 'Sun '])

const MONTHS: ReadonlyMap<number, number> = new Map(
  'JanFebMarAprMayJunJulAugSepOctNovDec'
    .match(/.{3}/g)
    ?.map((name, index) => [threeLetters(name, 0), index + 1]),
)

/** 1 to 12, or 0 where no English month name followed by a blank stands there. */
function monthAt(text: string, at: number): number {
  if (text.charCodeAt(at + 3) !== BLANK) return 0
  return MONTHS.get(threeLetters(text, at)) ?? 0
}

function threeLetters(text: string, at: number): number {
  return (text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2)
}

/** `Jun  5 11:04:01`; the day is padded with a blank, a zero or nothing. */
function readMonthDay(text: string, from: number, month: number, year: number): Stamp | null {
  let at = from + 4
  if (text.charCodeAt(at) === BLANK) at++
  const wide = twoDigits(text, at)
  const day = wide === -1 ? digits(text, at, 1) : wide
  at += wide === -1 ? 1 : 2
  if (day === -1 || text.charCodeAt(at) !== BLANK) return null
  return readClock(text, at + 1, year, month, day)
}

function readNumbered(text: string, from: number): Stamp | null {
  const year = digits(text, from, 4)
  if (year === -1) return null
  const next = text.charCodeAt(from + 4)
  if (next === BLANK) {
    const named = monthAt(text, from + 5)
    return named === 0 ? null : readMonthDay(text, from + 5, named, year)
  }
  const month = twoDigits(text, from + 5)
  const day = twoDigits(text, from + 8)
  const between = text.charCodeAt(from + 10)
  if (next !== DASH || text.charCodeAt(from + 7) !== DASH || month === -1 || day === -1) return null
  if (between !== LETTER_T && between !== BLANK) return null
  return readClock(text, from + 11, year, month, day)
}

/** `11:04:01`, a fraction behind a dot or a comma, a zone; then the stamp must end. */
function readClock(
  text: string,
  from: number,
  year: number,
  month: number,
  day: number,
): Stamp | null {
  const hour = twoDigits(text, from)
  const minute = twoDigits(text, from + 3)
  const second = twoDigits(text, from + 6)
  if (hour === -1 || minute === -1 || second === -1) return null
  if (text.charCodeAt(from + 2) !== COLON || text.charCodeAt(from + 5) !== COLON) return null
  const end = from + 8
  const date = { year, month, day, hour, minute, second }
  const stamp: Stamp = { ...date, millisecond: 0, offset: Number.NaN, end }
  const next = text.charCodeAt(end)
  if (next === BLANK) return stamp
  if (next === DOT || next === COMMA) readFraction(stamp, text)
  if (year !== 0) readZone(stamp, text)
  return endsAt(text, stamp.end) ? stamp : null
}

function readFraction(stamp: Stamp, text: string): void {
  let at = stamp.end + 1
  let scale = 100
  for (let digit = digits(text, at, 1); digit !== -1; digit = digits(text, ++at, 1)) {
    stamp.millisecond += digit * Math.trunc(scale)
    scale /= 10
  }
  stamp.end = at
}

/** `Z`, `+01:00` or macOS's `+0100`. */
function readZone(stamp: Stamp, text: string): void {
  const sign = text.charCodeAt(stamp.end)
  if (sign === LETTER_Z) {
    stamp.offset = 0
    stamp.end += 1
  } else if (sign === PLUS || sign === DASH) {
    const colon = text.charCodeAt(stamp.end + 3) === COLON ? 1 : 0
    const hours = digits(text, stamp.end + 1, 2)
    const minutes = digits(text, stamp.end + 3 + colon, 2)
    if (hours === -1 || minutes === -1) return
    stamp.offset = (sign === DASH ? -1 : 1) * (hours * 60 + minutes)
    stamp.end += 5 + colon
  }
}

// libtai counts from 2^62 and, having no table of leap seconds here, ten seconds ahead of UTC.
const TAI64 = /@4([0-9a-f]{15})([0-9a-f]{8})?(?= |$)/iy

function readTai64(text: string, from: number): Stamp | null {
  TAI64.lastIndex = from
  const match = TAI64.exec(text)
  if (match === null) return null
  const nanoseconds = Number.parseInt(match[2] ?? '0', 16)
  const at = new Date((Number.parseInt(match[1] ?? '', 16) - 10) * 1000)
  if (Number.isNaN(at.getTime())) return null
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
    millisecond: Math.min(999, Math.trunc(nanoseconds / 1e6)),
    offset: 0,
    end: TAI64.lastIndex,
  }
}

/** The number that `count` digits at `at` write; -1 where one of them is none. */
function digits(text: string, at: number, count: number): number {
  let number = 0
  for (let index = at; index < at + count; index++) {
    const digit = text.charCodeAt(index) - 48
    // NaN behind the end of the text is refused here too.
    if (!(digit >= 0 && digit <= 9)) return -1
    number = number * 10 + digit
  }
  return number
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function endsAt(text: string, at: number): boolean {
  return at >= text.length || text.charCodeAt(at) === BLANK
}
