/** The small words of a report: numbers with their nouns, lists, times in the fleet's zone. Pure. */

/** 1 → "1 attempt", 4120 → "4,120 attempts", 0 → "no attempts"; the plural is the noun with an s unless given. */
export function counted(n: number, noun: string, nouns = `${noun}s`): string {
  return n === 0 ? `no ${nouns}` : `${figure(n)} ${n === 1 ? noun : nouns}`
}

/** 1 → "once", 61 → "61 times". */
export function times(n: number): string {
  return n === 1 ? 'once' : `${figure(n)} times`
}

/** 4120 → "4,120". */
export function figure(n: number): string {
  return n.toLocaleString('en-US')
}

/** What a reader of the given IANA zone calls this moment (ms UTC): "22 Nov 14:03". */
export function moment(at: number, zone: string): string {
  const { day, time } = inZone(at, zone)
  return `${day} ${time}`
}

/** A stretch of time (ms UTC) in the given IANA zone: "22 Nov 13:59–14:59", "21 Nov 23:59 – 22 Nov 00:59". */
export function stretch(from: number, to: number, zone: string): string {
  const a = inZone(from, zone)
  const b = inZone(to, zone)
  if (a.day === b.day && from <= to) return `${a.day} ${a.time}–${b.time}`
  return `${a.day} ${a.time} – ${b.day} ${b.time}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

function inZone(at: number, zone: string): { day: string; time: string } {
  const parts = new Map(
    format(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  return {
    day: `${parts.get('day')} ${parts.get('month')}`,
    time: `${parts.get('hour')}:${parts.get('minute')}`,
  }
}

function format(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  formats.set(zone, made)
  return made
}
