/**
 * The hosts of the fleet as people see them: one row per label. A host is an agent's own machine
 * or one whose lines an agent relays; two of them may share a label and are then one row.
 */
import Type from 'typebox'
import { checker } from '../../shared/check.ts'
import { Checkpoint } from '../../shared/checkpoint.ts'
import { SourceState } from '../../shared/wire.ts'
import type { Database } from './database.ts'
import { inHostRun } from './runs.ts'
import { openTotals } from './totals/totals.ts'

export type HostRow = {
  name: string
  /** Its agent is connected, or for a relayed host one of those that relay it. */
  online: boolean
  /** ms UTC: when its agent was last heard, or for a relayed host its newest finding. */
  lastSeen: number | null
  version: string | null
  sources: SourceState[]
  /** Bytes of log not read yet; null where nobody can know. */
  lag: number | null
  /** Times that something could not be read. */
  gaps: number
  /** Attempts with an address, all time. */
  attempts: number
}

/** What else is known of one host; times are ms UTC. */
export type HostDetail = {
  /** ms its clock is ahead of the collector's. */
  skew: number | null
  /** Where the agent stands in each of its sources. */
  positions: { source: string; reading: string; offset: number; open: number; stored: number }[]
  /** What could not be read, newest first, at most 100. */
  gaps: { at: number; kind: string; source: string; text: string }[]
}

export type Roster = {
  hosts: () => HostRow[]
  detail: (label: string) => HostDetail
}

/** Takes the open database; gives the fleet's hosts, by label. */
export function openRoster(db: Database): Roster {
  const totals = openTotals(db)
  return {
    hosts: () => {
      const counts = totals.byHost()
      const rows = new Map<string, HostRow>()
      for (const member of members(db)) {
        const row = rows.get(member.name)
        rows.set(member.name, row === undefined ? member : merged(row, member))
      }
      for (const row of rows.values()) row.attempts = counts.get(row.name)?.attempts ?? 0
      return [...rows.values()]
    },
    detail: (label) => detail(db, label),
  }
}

const itsAgents = `SELECT agent.id FROM agent LEFT JOIN host ON host.agent = agent.id
  WHERE coalesce(host.label, agent.name) = ?`
const checkCheckpoint = checker(Checkpoint)

function detail(db: Database, label: string): HostDetail {
  const skew = db
    .prepare(`SELECT skew FROM agent WHERE id IN (${itsAgents}) ORDER BY seen DESC LIMIT 1`)
    .get(label)?.['skew']
  const checkpoints = db
    .prepare(
      `SELECT source, body, stored FROM checkpoint WHERE agent IN (${itsAgents}) ORDER BY source`,
    )
    .all(label)
  return {
    skew: typeof skew === 'number' ? skew : null,
    positions: checkpoints.flatMap((row) => {
      const checked = checkCheckpoint(JSON.parse(String(row['body'])))
      if (!checked.ok) return []
      const { position, open } = checked.value
      const reading = position.kind === 'file' ? position.name : 'journal'
      const { offset } = position
      const stored = Number(row['stored'])
      return [
        { source: String(row['source']), reading, offset, open: open.sessions.length, stored },
      ]
    }),
    gaps: db
      .prepare(
        `SELECT at, kind, source, text FROM gap WHERE agent IN (${itsAgents})
         ORDER BY id DESC LIMIT 100`,
      )
      .all(label)
      .map((row) => ({
        at: Number(row['at']),
        kind: String(row['kind']),
        source: String(row['source']),
        text: String(row['text']),
      })),
  }
}

// A revoked agent's host stays while it has anything to show: its attacks did happen. An agent that
// was added and never came is shown too: that is what its owner has to see.
function members(db: Database): HostRow[] {
  return db
    .prepare(
      `SELECT host.label AS name,
         iif(agent.id IS NOT NULL, agent.online, EXISTS (
           SELECT 1 FROM sighting JOIN agent AS relay ON relay.id = sighting.agent
           WHERE sighting.host = host.id AND relay.online = 1)) AS online,
         iif(agent.id IS NOT NULL, agent.seen,
           (SELECT max(at) FROM host_run r
            CROSS JOIN finding f ON ${inHostRun('f')}
            WHERE r.host = host.id
              AND r.second = (SELECT max(second) FROM host_run WHERE host = host.id))) AS seen,
         agent.version, agent.sources,
         (SELECT count(*) FROM gap WHERE gap.agent = agent.id) AS gaps
       FROM host LEFT JOIN agent ON agent.id = host.agent
       WHERE agent.revoked IS NULL
         OR EXISTS (SELECT 1 FROM host_run WHERE host_run.host = host.id)
       UNION ALL
       SELECT agent.name, agent.online, agent.seen, agent.version, agent.sources,
         (SELECT count(*) FROM gap WHERE gap.agent = agent.id)
       FROM agent
       WHERE agent.revoked IS NULL AND agent.id NOT IN (SELECT agent FROM host WHERE agent IS NOT NULL)
       ORDER BY name, seen DESC`,
    )
    .all()
    .map((row) => {
      const sources = sourcesOf(row['sources'])
      return {
        name: String(row['name']),
        online: row['online'] === 1,
        lastSeen: row['seen'] === null ? null : Number(row['seen']),
        version: row['version'] === null ? null : String(row['version']),
        sources,
        lag: lagOf(sources.map((source) => source.lag)),
        gaps: Number(row['gaps']),
        attempts: 0,
      }
    })
}

const checkSources = checker(Type.Array(SourceState))

// The column was written from a checked frame; one that no longer fits is an older version's.
function sourcesOf(column: unknown): SourceState[] {
  if (typeof column !== 'string') return []
  const checked = checkSources(JSON.parse(column))
  return checked.ok ? checked.value : []
}

// Rows come newest first within a label: what is single valued is the newest one's.
function merged(row: HostRow, older: HostRow): HostRow {
  return {
    name: row.name,
    online: row.online || older.online,
    lastSeen: row.lastSeen ?? older.lastSeen,
    version: row.version ?? older.version,
    sources: [...row.sources, ...older.sources],
    lag: lagOf([row.lag, older.lag]),
    gaps: row.gaps + older.gaps,
    attempts: 0,
  }
}

function lagOf(lags: (number | null)[]): number | null {
  const known = lags.filter((lag) => lag !== null)
  return known.length === 0 ? null : known.reduce((sum, lag) => sum + lag, 0)
}
