/**
 * What agents tell, written down exactly once. A finding counts when its row is new: above the
 * high-water mark of its file, and not the relayed copy of an event another agent told of. Totals move
 * by exactly the new rows. Everything here runs inside one transaction that its caller opens
 * (../intake/ingest.ts): rows, totals, marks and alerts are on disk together or not at all.
 */
import type { Checkpoint } from '../../shared/checkpoint.ts'
import type { Amendment, Finding, Gap } from '../../shared/finding.ts'
import type { Alert } from '../report/alert.ts'
import { raiseAlerts } from './alarms.ts'
import { addToTotals } from './counts.ts'
import type { Database } from './database.ts'
import { openHosts } from './hosts.ts'
import { type MarkedFile, markedFile, moveMark, readCheckpoints, storeCheckpoint } from './marks.ts'

/** A finding newly stored: its place in the order of arrival, its host and what people call that. */
export type Stored = { n: number; host: number; label: string; finding: Finding }

export type Intake = {
  /** Stores what is new of these entries (in the order of their anchors) and gives the new rows. */
  findings: (agent: number, source: string, entries: readonly (Finding | Amendment)[]) => Stored[]
  /** Stores where the agent stands, and moves the mark of its file up to there. */
  checkpoint: (agent: number, source: string, checkpoint: Checkpoint, now: number) => void
  /** Stores what could not be read; false where it is known already. */
  gap: (agent: number, source: string, gap: Gap, now: number) => boolean
  /** Where every source of this agent stands. */
  resume: (agent: number) => { source: string; checkpoint: Checkpoint }[]
  /** Alerts that these new rows give rise to, noted so that each is raised once. */
  alerts: (stored: readonly Stored[]) => Alert[]
}

/** Opens the intake on a database; `now` gives ms UTC. */
export function openIntake(db: Database, now: () => number): Intake {
  const hosts = openHosts(db)
  return {
    findings: (agent, source, entries) => storeFindings(db, hosts, now(), agent, source, entries),
    checkpoint: (agent, source, checkpoint, at) =>
      storeCheckpoint(db, agent, source, checkpoint, at),
    gap: (agent, source, gap, at) => storeGap(db, agent, source, gap, at),
    resume: (agent) => readCheckpoints(db, agent),
    alerts: (stored) => raiseAlerts(db, hosts.label, stored),
  }
}

function storeFindings(
  db: Database,
  hosts: ReturnType<typeof openHosts>,
  now: number,
  agent: number,
  source: string,
  entries: readonly (Finding | Amendment)[],
): Stored[] {
  const files = new Map<string, MarkedFile>()
  const stored: Stored[] = []
  for (const entry of entries) {
    const file = files.get(entry.file) ?? markedFile(db, agent, source, entry.file, now)
    files.set(entry.file, file)
    if (entry.kind === 'amend') {
      amend(db, file.id, entry)
      continue
    }
    if (entry.offset <= file.mark) continue
    file.mark = entry.offset
    const host = hosts.of(agent, entry.host)
    if (hosts.isRelayed(host) && isKnownFromAnother(db, agent, host, entry)) continue
    const n = insert(db, file.id, host, entry)
    stored.push({ n, host, label: hosts.label(host), finding: entry })
  }
  for (const file of files.values()) moveMark(db, file)
  addToTotals(db, stored)
  return stored
}

function amend(db: Database, file: number, { offset, method }: Amendment): void {
  db.prepare('UPDATE finding SET method = ? WHERE file = ? AND offset = ?').run(
    method,
    file,
    offset,
  )
}

// One event, two tellers: its own host's agent and a log host, or two log hosts.
function isKnownFromAnother(db: Database, agent: number, host: number, found: Finding): boolean {
  const second = Math.floor(found.at / 1000) * 1000
  const { kind, program, pid, ip, port, ordinal } = found
  const row = db
    .prepare(
      `SELECT 1 FROM finding JOIN file ON file.id = finding.file
       WHERE finding.host = ? AND at >= ? AND at < ? AND kind = ? AND program = ?
         AND pid IS ? AND ip IS ? AND port IS ? AND ordinal = ? AND file.agent <> ? LIMIT 1`,
    )
    .get(
      host,
      second,
      second + 1000,
      kind,
      program,
      pid ?? null,
      ip ?? null,
      port ?? null,
      ordinal,
      agent,
    )
  return row !== undefined
}

function insert(db: Database, file: number, host: number, found: Finding): number {
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO finding
         (file, offset, kind, at, host, program, pid, ip, port, user, method, count, ordinal, text)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      file,
      found.offset,
      found.kind,
      found.at,
      host,
      found.program,
      found.pid ?? null,
      found.ip ?? null,
      found.port ?? null,
      found.user ?? null,
      found.method ?? null,
      found.count,
      found.ordinal,
      found.text ?? null,
    )
  return Number(lastInsertRowid)
}

function storeGap(db: Database, agent: number, source: string, gap: Gap, now: number): boolean {
  return (
    db
      .prepare(
        `INSERT INTO gap (agent, source, file, offset, kind, at, text, received)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      )
      .run(agent, source, gap.file, gap.offset, gap.kind, gap.at, gap.text, now).changes > 0
  )
}
