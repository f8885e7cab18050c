/** The span of time a page shows, out of its address: a last so-long, narrowed by from and to. */
import { at } from './route.ts'

export const spans = [
  ['24h', '24 h'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const

const hour = 3_600_000
const lengths = new Map([
  ['24h', 24 * hour],
  ['7d', 7 * 24 * hour],
  ['30d', 30 * 24 * hour],
])

export type Chosen = {
  /** What the chart covers. */
  span: string
  length: number
  /** ms UTC, where somebody narrowed it. */
  narrowed: { from: number; to: number } | undefined
}

export function chosen(): Chosen {
  const span = lengths.has(at('span')) ? at('span') : '24h'
  const from = Number(at('from'))
  const to = Number(at('to'))
  const narrowed = from > 0 && to > from ? { from, to } : undefined
  return { span, length: lengths.get(span) ?? 24 * hour, narrowed }
}

/** The same for the API. */
export function asked({ span, narrowed }: Chosen): Record<string, string> {
  return narrowed === undefined
    ? { since: span }
    : { since: String(narrowed.from), until: String(narrowed.to) }
}

/** A path of the API with its query; empty values are left out. */
export function path(name: string, query: Record<string, string | undefined>): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1])
  return entries.length === 0 ? name : `${name}?${new URLSearchParams(entries)}`
}
