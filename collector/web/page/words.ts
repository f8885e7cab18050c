/** Words, numbers and times as people read them. */
import { signal } from '@preact/signals'

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}]|(?! )\p{Zs}/gu
const marks = /(\p{M}{3})\p{M}+/gu
const longest = 300
const numbers = new Intl.NumberFormat('en')

/** Hostile text with what cannot be seen, or turns its surroundings around, written out; cut where long. */
export function visible(text: string, most = longest): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text
  return cut
    .replace(unseen, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`)
    .replace(marks, '$1…')
}

export function number(value: number): string {
  return numbers.format(value)
}

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** 1,234 up to ten thousand, then 12.3K. */
export function compact(value: number): string {
  return value < 10_000 ? number(value) : short.format(value)
}

/** "1 host", "3 hosts". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`
}

type Counts = { attempts: number; probes: number; logins: number }

/** What was counted somewhere, shortly: the attempts; where there are none, what there is instead. */
export function tally({ attempts, probes, logins }: Counts): string {
  if (attempts > 0 || probes + logins === 0) return compact(attempts)
  return probes > 0 ? counted(probes, 'probe') : counted(logins, 'login')
}

export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

const steps = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
] as const

/** A length of time, roughly; takes ms. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  for (const [size, name] of steps) {
    if (seconds >= size) return `${number(Math.floor(seconds / size))} ${name}`
  }
  return `${seconds} s`
}

/** How long ago, roughly. */
export function ago(iso: string, now: number): string {
  return now - Date.parse(iso) < 5000 ? 'just now' : `${span(now - Date.parse(iso))} ago`
}

export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  let power = 0
  let value = bytes
  while (value >= 1000 && power < units.length - 1) {
    value /= 1000
    power += 1
  }
  return `${number(Math.round(value * 10) / 10)} ${units[power]}`
}

/** Time zone of the fleet; the browser's until the collector has said. */
export const zone = signal<string | undefined>(undefined)

type Formats = Record<'full' | 'clock' | 'day' | 'hour', Intl.DateTimeFormat>
const made = new Map<string | undefined, Formats>()

function formats(): Formats {
  const known = made.get(zone.value)
  if (known !== undefined) return known
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone.value })
  const all = {
    full: format({ dateStyle: 'medium', timeStyle: 'long' }),
    clock: format({ timeStyle: 'medium' }),
    day: format({ day: 'numeric', month: 'short' }),
    hour: format({ hour: '2-digit', minute: '2-digit' }),
  }
  made.set(zone.value, all)
  return all
}

/** A moment in full, in the fleet's zone. */
export function moment(at: number): string {
  return formats().full.format(at)
}

/** The time of day; with the day where it is another than today. */
export function clock(at: number, now: number): string {
  const { clock, day } = formats()
  return day.format(at) === day.format(now)
    ? clock.format(at)
    : `${day.format(at)} ${clock.format(at)}`
}

/** Day and time to the minute, in the fleet's zone. */
export function start(at: number): string {
  const { hour, day } = formats()
  return `${day.format(at)} ${hour.format(at)}`
}

/** From and to, in the fleet's zone. */
export function range(from: number, to: number): string {
  const { hour, day } = formats()
  const one = start(from)
  return day.format(from) === day.format(to) ? `${one}–${hour.format(to)}` : `${one} – ${start(to)}`
}
