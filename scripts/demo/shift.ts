import { cutPrefix } from '../../agent/parse/prefix/prefix.ts'
import { openTime } from '../../agent/parse/prefix/time.ts'

/**
 * Gives what writes a recorded line with another time, in the line's own form: moved so that the last
 * of `lines` falls on `now` (ms UTC), or at a given moment.
 */
export function shiftLine(
  lines: readonly string[],
  now: number,
): (line: string, at?: number) => string {
  const time = openTime({ zone: 'UTC', reference: now, last: null })
  const timeOf = (line: string): number | null => {
    const journal = journalTime(line)
    if (journal !== null) return journal
    const { stamp } = cutPrefix(line)
    return stamp === null ? null : time.at(stamp)
  }
  const last = lines.findLast((line) => timeOf(line) !== null)
  const by = now - ((last === undefined ? null : timeOf(last)) ?? now)
  return (line, at) => {
    const was = timeOf(line)
    return was === null ? line : restamp(line, at ?? was + by)
  }
}

const microseconds = /"__REALTIME_TIMESTAMP":"(\d+)"/

function journalTime(line: string): number | null {
  const match = line.startsWith('{') ? microseconds.exec(line) : null
  return match === null ? null : Math.floor(Number(match[1]) / 1000)
}

function restamp(line: string, at: number): string {
  if (line.startsWith('{')) return line.replace(microseconds, `"__REALTIME_TIMESTAMP":"${at}000"`)
  const iso = new Date(at).toISOString()
  if (/^\d{4}-/.test(line)) return line.replace(/^\S+/, iso.replace('Z', '000+00:00'))
  return line.replace(/^\w{3} [ \d]\d \d\d:\d\d:\d\d/, traditional(at))
}

// RFC 3164 section 4.1.2: local time, the day padded with a blank.
function traditional(at: number): string {
  const { month, day, hour, minute, second } = Temporal.Instant.fromEpochMilliseconds(
    at,
  ).toZonedDateTimeISO(Temporal.Now.timeZoneId())
  const name = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${name[month - 1]} ${String(day).padStart(2)} ${two(hour)}:${two(minute)}:${two(second)}`
}
