/** The log's past: findings and the collector's own lines, merged by time, page by page. */
import type { FindingsAnswer, LogAnswer } from '../api/shapes.ts'
import { ask } from './ask.ts'
import { type Entry, findingEntry, lineEntry } from './live.ts'
import { path } from './span.ts'

export type Filters = {
  host?: string
  ip?: string
  user?: string
  /** A kind of finding, or one of the collector's own lines. */
  kind?: string
  q?: string
  /** Only findings of this time (ms UTC). */
  time?: { from: number; to: number }
}

/** Where older entries follow; null where there are none, undefined where nobody has looked yet. */
export type Cursor = { finding: number | null | undefined; line: number | null | undefined }

export type Page = { entries: Entry[]; next: Cursor }

export const findingKinds = ['attempt', 'probe', 'login', 'blocked', 'change', 'loss']
export const lineKinds = ['alert', 'agent', 'report', 'gap', 'trouble', 'audit']

const atStart: Cursor = { finding: undefined, line: undefined }

/** Entries before a cursor, newest first; may be few while there is more. Throws Refused. */
export async function readPage(filters: Filters, limit: number, from = atStart): Promise<Page> {
  const [findings, lines] = await Promise.all([
    isAsked('finding', filters) ? readFindings(filters, limit, from.finding) : none,
    isAsked('line', filters) ? readLines(filters, limit, from.line) : none,
  ])
  // What is older than the end of the other's page would stand above entries not read yet.
  const floor = Math.max(...[findings, lines].map(floorOf).filter(Number.isFinite))
  const entries = [...findings.entries, ...lines.entries]
    .filter(({ at }) => at >= floor)
    .sort((one, other) => other.at - one.at)
  return {
    entries,
    next: { finding: after(findings, entries), line: after(lines, entries) },
  }
}

/** Whether an entry passes. */
export function passes(entry: Entry, filters: Filters): boolean {
  if (entry.kind === 'skipped') return true
  const { host, ip, user, kind, q } = filters
  if (kind && entry.kind !== kind) return false
  const sought = q?.toLowerCase() ?? ''
  if ('line' in entry) {
    return !host && !ip && !user && entry.line.text.toLowerCase().includes(sought)
  }
  if (!('finding' in entry)) return false
  const { finding } = entry
  if ((host && finding.host !== host) || (ip && finding.ip !== ip)) return false
  if (user && finding.user !== user) return false
  const { program, method, text } = finding
  const words = [finding.ip, finding.user, method, program, text, finding.host]
  return words.some((word) => word?.toLowerCase().includes(sought)) || sought === ''
}

type Before = number | null | undefined
type Half = { entries: Entry[]; next: number | null }
const none: Half = { entries: [], next: null }

function isAsked(half: 'finding' | 'line', { host, ip, user, kind, time }: Filters): boolean {
  if (half === 'finding') return !kind || findingKinds.includes(kind)
  return !time && !host && !ip && !user && (!kind || !findingKinds.includes(kind))
}

async function readFindings(filters: Filters, limit: number, before: Before): Promise<Half> {
  if (before === null) return none
  const { host, ip, user, kind, q, time } = filters
  const times = { since: text(time?.from), until: text(time?.to) }
  const query = { host, ip, user, kind, q, ...times, before: text(before), limit: String(limit) }
  const { findings, next } = await ask<FindingsAnswer>(path('findings', query))
  return { entries: findings.map(findingEntry), next }
}

async function readLines(filters: Filters, limit: number, before: Before): Promise<Half> {
  if (before === null) return none
  const { kind, q } = filters
  const query = { kind, q, before: text(before), limit: String(limit) }
  const { log, next } = await ask<LogAnswer>(path('log', query))
  const entries = log.map(lineEntry).filter((entry) => passes(entry, filters))
  return { entries, next }
}

function text(before: number | undefined): string | undefined {
  return before === undefined ? undefined : String(before)
}

// By the time it happened; findings come in the order of their arrival, which may be another.
function floorOf({ entries, next }: Half): number {
  return next === null ? Number.NEGATIVE_INFINITY : Math.min(...entries.map(({ at }) => at))
}

// What was held back is asked for again, and with it some that were given: those are known by their key.
function after({ entries, next }: Half, given: readonly Entry[]): number | null {
  const kept = new Set(given.map(({ key }) => key))
  const held = entries.filter(({ key }) => !kept.has(key))
  if (held.length === 0) return next
  return Math.max(...held.map(({ key }) => Number(key.slice(1)))) + 1
}
