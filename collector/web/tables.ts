/** Rows of the store as tables for spreadsheets. */
import type { FindingRow } from '../store/history.ts'
import type { LogEntry } from '../store/log.ts'
import type { StoredReport } from '../store/reports.ts'
import type { HostRow } from '../store/roster.ts'
import type { Attacker, Top } from '../store/totals.ts'
import type { Table } from './csv.ts'
import { iso } from './present.ts'

const counts = ['attempts', 'probes', 'logins'] as const
const mostNames = 20

export function attackersTable(rows: readonly Attacker[]): Table {
  return {
    name: 'attackers',
    columns: ['address', ...counts, 'first', 'last', 'hosts', 'users'],
    rows: rows.map((row) => [
      row.ip,
      ...counts.map((name) => row[name]),
      iso(row.first),
      iso(row.last),
      [...row.hosts.keys()].slice(0, mostNames).join(' '),
      [...row.users.keys()].slice(0, mostNames).join(' '),
    ]),
  }
}

export function topTable(by: 'user' | 'network', rows: readonly Top[]): Table {
  return {
    name: `${by}s`,
    columns: [by, ...counts, 'first', 'last'],
    rows: rows.map((row) => [
      row.name,
      ...counts.map((name) => row[name]),
      iso(row.first),
      iso(row.last),
    ]),
  }
}

export function hostsTable(rows: readonly HostRow[]): Table {
  return {
    name: 'hosts',
    columns: ['host', 'online', 'last heard', 'version', 'bytes behind', 'gaps', 'attempts'],
    rows: rows.map((row) => [
      row.name,
      row.online ? 'yes' : 'no',
      row.lastSeen === null ? null : iso(row.lastSeen),
      row.version,
      row.lag,
      row.gaps,
      row.attempts,
    ]),
  }
}

const ofFinding = [
  ...(['host', 'kind', 'ip', 'port', 'user', 'method', 'count', 'program', 'text'] as const),
]

export function findingsTable(rows: readonly FindingRow[]): Table {
  return {
    name: 'findings',
    columns: ['at', ...ofFinding],
    rows: rows.map((row) => [iso(row.at), ...ofFinding.map((name) => row[name])]),
  }
}

export function reportsTable(rows: readonly StoredReport[]): Table {
  return {
    name: 'reports',
    columns: ['number', 'kind', 'from', 'to', 'part', 'state', 'tries', 'why', 'text'],
    rows: rows.flatMap(({ number, kind, from, to, parts }) =>
      parts.map((one) => [
        number,
        kind,
        iso(from),
        iso(to),
        one.part,
        one.state,
        one.tries,
        one.why,
        one.text,
      ]),
    ),
  }
}

export function logTable(rows: readonly LogEntry[]): Table {
  return {
    name: 'log',
    columns: ['at', 'kind', 'text'],
    rows: rows.map(({ at, kind, text }) => [iso(at), kind, text]),
  }
}
