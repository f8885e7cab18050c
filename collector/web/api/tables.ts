/** Rows of the store as tables for files. */
import type { FindingRow } from '../../store/history.ts'
import type { LogEntry } from '../../store/log.ts'
import type { StoredReport } from '../../store/reports/reports.ts'
import type { HostRow } from '../../store/roster.ts'
import type { Attacker, Top } from '../../store/totals/totals.ts'
import type { Table } from './files.ts'
import {
  attackerAnswer,
  findingAnswer,
  hostAnswer,
  iso,
  logLine,
  reportAnswer,
  topAnswer,
} from './present.ts'

const counts = ['attempts', 'probes', 'logins'] as const
/** Most names of hosts and users that stand in one cell. */
export const mostNames = 20

export const attackersTable: Table<Attacker> = {
  name: 'attackers',
  columns: ['address', ...counts, 'first', 'last', 'hosts', 'users'],
  cells: (row) => [
    [
      row.ip,
      ...counts.map((name) => row[name]),
      iso(row.first),
      iso(row.last),
      [...row.hosts.keys()].slice(0, mostNames).join(' '),
      [...row.users.keys()].slice(0, mostNames).join(' '),
    ],
  ],
  shown: attackerAnswer,
}

export function topTable(by: 'user' | 'network'): Table<Top> {
  return {
    name: 'top',
    columns: [by, ...counts, 'first', 'last'],
    cells: (row) => [[row.name, ...counts.map((name) => row[name]), iso(row.first), iso(row.last)]],
    shown: topAnswer,
  }
}

export const hostsTable: Table<HostRow> = {
  name: 'hosts',
  columns: ['host', 'online', 'last heard', 'version', 'bytes behind', 'gaps', 'attempts'],
  cells: (row) => [
    [
      row.name,
      row.online ? 'yes' : 'no',
      row.lastSeen === null ? null : iso(row.lastSeen),
      row.version,
      row.lag,
      row.gaps,
      row.attempts,
    ],
  ],
  shown: hostAnswer,
}

const ofFinding = [
  ...(['host', 'kind', 'ip', 'port', 'user', 'method', 'count', 'program', 'text'] as const),
]

export const findingsTable: Table<FindingRow> = {
  name: 'findings',
  columns: ['at', ...ofFinding],
  cells: (row) => [[iso(row.at), ...ofFinding.map((name) => row[name])]],
  shown: findingAnswer,
}

export const reportsTable: Table<StoredReport> = {
  name: 'reports',
  columns: ['number', 'kind', 'from', 'to', 'part', 'state', 'tries', 'why', 'text'],
  cells: ({ number, kind, from, to, parts }) =>
    parts.map((one) => [
      number,
      kind,
      iso(from),
      iso(to),
      one.part,
      one.state,
      one.tries,
      one.why,
      { whole: one.text },
    ]),
  shown: reportAnswer,
}

export const logTable: Table<LogEntry> = {
  name: 'log',
  columns: ['at', 'kind', 'text'],
  cells: ({ at, kind, text }) => [[iso(at), kind, text]],
  shown: logLine,
}
