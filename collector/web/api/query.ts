/**
 * What may stand behind the question mark. Everything there is text; nothing is coerced, so each
 * value is read here, or refused with a sentence that says what would be right.
 */
import Type from 'typebox'
import { normaliseAddress } from '../../../shared/address.ts'
import { FindingKind } from '../../../shared/finding.ts'
import { Refusal } from '../refusal.ts'

const text = (description: string, maxLength: number) =>
  Type.Optional(Type.String({ description, maxLength }))

const since = text(
  'From when on: a time (2026-11-22T10:00:00Z), a day (2026-11-22), ms since 1970, or a span (90m, 24h, 7d); without it, all there ever was.',
  40,
)
const limit = text('At most this many, 1 to 500; 100 if not given. Of a file all.', 10)
const before = text('Only what came before this number; `next` of the page before.', 20)

const strict = { additionalProperties: false } as const

const until = text('Up to when, in whole hours; like `since`. Without it, until now.', 40)
const host = text('Only this host.', 255)
const span = { since, until, host }
const format = Type.Optional(
  Type.Enum(['json', 'csv', 'all'], {
    description:
      'csv gives the whole table as a file for spreadsheets, all the whole table as this answer.',
  }),
)

export const NoQuery = Type.Object({}, strict)
export const SinceQuery = Type.Object({ since }, strict)
export const SpanQuery = Type.Object(span, strict)
export const PageQuery = Type.Object({ before, limit, format }, strict)
export const LogQuery = Type.Object(
  {
    kind: text('Only lines of this kind.', 40),
    q: text('Part of the text.', 256),
    before,
    limit,
    format,
  },
  strict,
)
export const FormatQuery = Type.Object({ format }, strict)
export const HostQuery = Type.Object(
  { name: Type.String({ maxLength: 255, description: 'The host.' }) },
  strict,
)
export const AttackersQuery = Type.Object(
  {
    ...span,
    limit,
    q: text(
      'Part of an address or of a user name tried, or a network as /api/v1/top names it.',
      256,
    ),
    ip: text('Exactly this address.', 255),
    users: text(
      'Most user names given of each, 0 to 1000; where not given 1000 of one address (ip), 20 of each of many.',
      10,
    ),
    hosts: text('Most hosts given of each, 0 to 1000; where not given all of them.', 10),
    format,
  },
  strict,
)
export const TopQuery = Type.Object(
  {
    by: Type.Enum(['user', 'network'], { description: 'What to list.' }),
    ...span,
    limit,
    q: text('Part of the name.', 256),
    format,
  },
  strict,
)
export const ChartQuery = Type.Object(
  {
    since: Type.String({ maxLength: 40, description: 'From when on; see /api/v1/totals.' }),
    until,
    host,
    by: Type.Optional(Type.Literal('host', { description: 'One series per host.' })),
    ip: text('Only this address, in steps of whole days.', 255),
  },
  strict,
)
export const FindingsQuery = Type.Object(
  {
    ...span,
    until: text('Up to when, to the millisecond; like `since`. Without it, until now.', 40),
    ip: text('The address.', 255),
    user: text('The user name, exactly.', 256),
    kind: Type.Optional(Type.Enum(FindingKind.enum, { description: 'Only of this kind.' })),
    q: text('Part of an address, name, method, program or text.', 256),
    before,
    limit,
    format,
  },
  strict,
)
export const LiveQuery = Type.Object(
  { after: text('An event id to go on behind; the header Last-Event-ID wins.', 40) },
  strict,
)

const units = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
])

/** Reads `since`; gives ms UTC, undefined where it was not asked. Throws a Refusal (400). */
export function readSince(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const at = instantOf(value, now)
  if (at !== undefined) return at
  throw new Refusal(
    400,
    `since: ${quoted(value)} is no time; right would be 2026-11-22T10:00:00Z, 2026-11-22, ms since 1970, or a span such as 90m, 24h or 7d`,
  )
}

/** Reads `until`, likewise. */
export function readUntil(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const at = instantOf(value, now)
  if (at !== undefined) return at
  throw new Refusal(400, `until: ${quoted(value)} is no time; see since`)
}

const mostRows = 500

/** Reads `limit`; 100 where it was not asked. Throws a Refusal (400). */
export function readLimit(value: string | undefined): number {
  return value === undefined ? 100 : wholeLimit(value, mostRows)
}

/** Reads the `limit` of a file: all there is where it was not asked. Throws a Refusal (400). */
export function readFileLimit(value: string | undefined): number {
  return value === undefined ? Number.POSITIVE_INFINITY : wholeLimit(value, 999_999_999)
}

function wholeLimit(value: string, most: number): number {
  if (/^\d{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= most) return Number(value)
  throw new Refusal(400, `limit: ${quoted(value)} is not a whole number from 1 to ${most}`)
}

/** Reads `users` or `hosts`; undefined where it was not asked. Throws a Refusal (400). */
export function readMost(name: 'users' | 'hosts', value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,4}$/.test(value) && Number(value) <= 1000) return Number(value)
  throw new Refusal(400, `${name}: ${quoted(value)} is not a whole number from 0 to 1000`)
}

/** Reads `before`. Throws a Refusal (400). */
export function readBefore(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new Refusal(400, `before: ${quoted(value)} is not a whole number`)
}

/** An address as the fleet writes it; a host name stays what it is. */
export function readAddress(value: string | undefined): string | undefined {
  return value === undefined ? undefined : (normaliseAddress(value) ?? value)
}

/** Place in the live log: number of the last finding and id of the last log line seen. */
export type Cursor = { n: number; log: number }

/** Reads an event id; undefined where it is none of ours. */
export function readCursor(value: string): Cursor | undefined {
  const parts = /^(\d{1,15})-(\d{1,15})$/.exec(value)
  return parts === null ? undefined : { n: Number(parts[1]), log: Number(parts[2]) }
}

function instantOf(value: string, now: number): number | undefined {
  const span = /^(\d{1,6})([smhdw])$/.exec(value)
  if (span !== null) return now - Number(span[1]) * (units.get(span[2] ?? '') ?? 0)
  if (/^\d{1,15}$/.test(value)) return Number(value)
  // "+02:00" not escaped arrives as " 02:00".
  const iso =
    /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:(Z)|[+ -](\d\d:\d\d)))?$/.exec(
      value,
    )
  if (iso === null) return undefined
  const at = Date.parse(value.replace(' ', '+'))
  return Number.isNaN(at) || !isDay(iso[1] ?? '') ? undefined : at
}

// To Date the 31st of February is the 3rd of March.
function isDay(day: string): boolean {
  const at = Date.parse(day)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

function quoted(value: string): string {
  return JSON.stringify(value.slice(0, 40))
}
