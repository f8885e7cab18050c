/** Rows of the store as the API shows them: times as ISO 8601, maps as objects. */
import type { FindingRow } from '../../store/history.ts'
import type { LogEntry } from '../../store/log.ts'
import type { PartState } from '../../store/reports/parts.ts'
import type { StoredReport } from '../../store/reports/reports.ts'
import type { HostDetail, HostRow } from '../../store/roster.ts'
import type { Attacker, Chart, Top } from '../../store/totals/totals.ts'
import type {
  AttackersAnswer,
  ChartAnswer,
  FindingAnswer,
  HostAnswer,
  HostsAnswer,
  LogLine,
  ReportsAnswer,
  TopAnswer,
} from './shapes.ts'

/** ms UTC as ISO 8601. */
export function iso(at: number): string {
  return new Date(at).toISOString()
}

export function findingAnswer(row: FindingRow): FindingAnswer {
  return { ...row, at: iso(row.at) }
}

export function logLine(entry: LogEntry): LogLine {
  return { ...entry, at: iso(entry.at) }
}

export function hostAnswer(row: HostRow): HostsAnswer['hosts'][number] {
  return { ...row, lastSeen: row.lastSeen === null ? null : iso(row.lastSeen) }
}

// Object.fromEntries defines: a user named "__proto__" becomes a key like any other.
export function attackerAnswer(row: Attacker): AttackersAnswer['attackers'][number] {
  return {
    ...row,
    hosts: Object.fromEntries(row.hosts),
    users: Object.fromEntries(row.users),
    first: iso(row.first),
    last: iso(row.last),
  }
}

export function topAnswer(row: Top): TopAnswer['top'][number] {
  return { ...row, first: iso(row.first), last: iso(row.last) }
}

export function chartAnswer(chart: Chart): ChartAnswer {
  return { ...chart, from: iso(chart.from) }
}

export function hostDetailAnswer({ skew, positions, gaps }: HostDetail): HostAnswer {
  return {
    skew,
    positions: positions.map((one) => ({ ...one, stored: iso(one.stored) })),
    gaps: gaps.map((one) => ({ ...one, at: iso(one.at) })),
  }
}

export function reportAnswer(report: StoredReport): ReportsAnswer['reports'][number] {
  const { number, kind, from, to, superseded, parts } = report
  return {
    id: number,
    kind,
    from: iso(from),
    to: iso(to),
    superseded,
    parts: parts.map(({ part, state, tries, why, due, text, entities }) => {
      const isWaiting = waiting.has(state)
      return { part, state, tries, why, due: isWaiting ? iso(due) : null, text, entities }
    }),
  }
}

const waiting: ReadonlySet<PartState> = new Set(['ready', 'unsure', 'held'])
