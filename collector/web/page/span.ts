/** The span of time a page shows, out of its address: a last so-long, narrowed by from and to. */
import { now } from './ask.ts'
import { at } from './route.ts'

export const spans = [
  ['24h', '24 h'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const

const hour = 3_600_000
const day = 24 * hour
// With the steps that a chart of so long a time is made of; of many hosts those are days.
const lengths = new Map([
  ['24h', { length: day, step: hour }],
  ['7d', { length: 7 * day, step: 2 * hour }],
  ['30d', { length: 30 * day, step: day }],
])

export type Chosen = {
  /** What the chart covers. */
  span: string
  /**
   * ms UTC: where it begins, with a whole step. Numbers that began within one would be others than those
   * of the chart, and of the hosts' cards, beside them.
   */
  since: number
  /** ms UTC, where somebody narrowed it. */
  narrowed: { from: number; to: number } | undefined
}

export function chosen(): Chosen {
  const span = lengths.has(at('span')) ? at('span') : '24h'
  const from = Number(at('from'))
  const to = Number(at('to'))
  const narrowed = from > 0 && to > from ? { from, to } : undefined
  return { span, since: since(span), narrowed }
}

/** Where a span that ends now begins, ms UTC. */
export function since(span: string): number {
  const { length, step } = lengths.get(span) ?? { length: day, step: hour }
  return Math.floor((now.peek() - length) / step) * step
}

/** The same for the API. */
export function asked({ since, narrowed }: Chosen): Record<string, string> {
  return narrowed === undefined
    ? { since: String(since) }
    : { since: String(narrowed.from), until: String(narrowed.to) }
}

/** A path of the API with its query; empty values are left out. */
export function path(name: string, query: Record<string, string | undefined>): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1])
  return entries.length === 0 ? name : `${name}?${new URLSearchParams(entries)}`
}
