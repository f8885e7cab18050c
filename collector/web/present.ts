/** Rows of the store as the API shows them: times as ISO 8601, maps as objects. */
import type { FindingRow } from '../store/history.ts'
import type { LogEntry } from '../store/log.ts'
import type { HostRow } from '../store/roster.ts'
import type { Attacker } from '../store/totals.ts'
import type { AttackersAnswer, FindingAnswer, HostsAnswer, LogLine } from './shapes.ts'

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
