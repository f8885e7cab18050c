/**
 * What agents tell, written down exactly once. A finding counts when its row is new: above the
 * high-water mark of its file, and not the relayed copy of an event another agent told of. Totals move
 * by exactly the new rows. Everything here runs inside one transaction that its caller opens
 * (../intake/ingest.ts): rows, totals, marks and alerts are on disk together or not at all.
 */
import { checker } from '../../shared/check.ts'
import { Checkpoint } from '../../shared/checkpoint.ts'
import type { Amendment, Finding, Gap } from '../../shared/finding.ts'
import { failuresBefore, type Login } from '../fleet/alerts.ts'
import type { Alert } from '../report/alert.ts'
import type { Database } from './database.ts'
import { openHosts } from './hosts.ts'
import { addToSums, type Counted } from './sums.ts'

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

const checkCheckpoint = checker(Checkpoint)

const hourMs = 3_600_000
const newsAgainAfter = 24 * hourMs
/** A file not seen on disk for this long is gone, and its mark with it. */
const markKept = 7 * 24 * hourMs

/** Opens the intake on a database; `now` gives ms UTC. */
export function openIntake(db: Database, now: () => number): Intake {
  const hosts = openHosts(db)
  return {
    findings: (agent, source, entries) => storeFindings(db, hosts, now(), agent, source, entries),
    checkpoint: (agent, source, checkpoint, at) =>
      storeCheckpoint(db, agent, source, checkpoint, at),
    gap: (agent, source, gap, at) => storeGap(db, agent, source, gap, at),
    resume: (agent) =>
      db
        .prepare('SELECT source, body FROM checkpoint WHERE agent = ? ORDER BY source')
        .all(agent)
        .flatMap(({ source, body }) => {
          // One that another version wrote otherwise is no loss: read again from the start, every
          // finding is known by its mark.
          const checked = checkCheckpoint(JSON.parse(String(body)))
          return checked.ok ? [{ source: String(source), checkpoint: checked.value }] : []
        }),
    alerts: (stored) => raiseAlerts(db, hosts.label, stored),
  }
}

// --- findings ----------------------------------------------------------------------------------

type FileRow = { id: number; mark: number }

function storeFindings(
  db: Database,
  hosts: ReturnType<typeof openHosts>,
  now: number,
  agent: number,
  source: string,
  entries: readonly (Finding | Amendment)[],
): Stored[] {
  const files = new Map<string, FileRow>()
  const stored: Stored[] = []
  for (const entry of entries) {
    const file = files.get(entry.file) ?? fileRow(db, agent, source, entry.file, now)
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
  for (const { id, mark } of files.values()) {
    db.prepare('UPDATE file SET mark = ? WHERE id = ?').run(mark, id)
  }
  addToTotals(db, stored)
  return stored
}

function fileRow(
  db: Database,
  agent: number,
  source: string,
  identity: string,
  now: number,
): FileRow {
  const found = db
    .prepare('SELECT id, mark FROM file WHERE agent = ? AND source = ? AND identity = ?')
    .get(agent, source, identity)
  if (found !== undefined) return { id: Number(found['id']), mark: Number(found['mark']) }
  const { lastInsertRowid } = db
    .prepare('INSERT INTO file (agent, source, identity, mark, seen) VALUES (?, ?, ?, -1, ?)')
    .run(agent, source, identity, now)
  return { id: Number(lastInsertRowid), mark: -1 }
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

// --- totals ------------------------------------------------------------------------------------

type Sum = { attempts: number; probes: number; logins: number; first: number; last: number }

function addToTotals(db: Database, stored: readonly Stored[]): void {
  const hours = new Map<string, { key: [number, number, string, string]; sum: Sum }>()
  const attackers = new Map<string, { key: [string, number]; sum: Sum }>()
  const users = new Map<string, { key: [string, string]; sum: Sum }>()
  const counted: Counted[] = []
  for (const { host, finding } of stored) {
    const sum = sumOf(finding)
    if (sum === undefined) continue
    const ip = finding.ip ?? ''
    const user = finding.user ?? ''
    add(hours, [Math.floor(finding.at / hourMs), host, ip, user], sum)
    if (ip === '') continue
    counted.push({ host, ip, user, ...sum })
    add(attackers, [ip, host], sum)
    if (sum.attempts > 0) add(users, [ip, user], sum)
  }
  for (const { key, sum } of hours.values()) {
    db.prepare(
      `INSERT INTO hourly (hour, host, ip, user, attempts, probes, logins) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts,
         probes = probes + excluded.probes, logins = logins + excluded.logins`,
    ).run(...key, sum.attempts, sum.probes, sum.logins)
  }
  for (const { key, sum } of attackers.values()) {
    db.prepare(
      `INSERT INTO attacker (ip, host, attempts, probes, logins, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts,
         probes = probes + excluded.probes, logins = logins + excluded.logins,
         first = min(first, excluded.first), last = max(last, excluded.last)`,
    ).run(...key, sum.attempts, sum.probes, sum.logins, sum.first, sum.last)
  }
  for (const { key, sum } of users.values()) {
    db.prepare(
      `INSERT INTO attacker_user (ip, user, attempts) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts`,
    ).run(...key, sum.attempts)
  }
  addToSums(db, counted)
}

function sumOf({ kind, count, at }: Finding): Sum | undefined {
  const none = { attempts: 0, probes: 0, logins: 0, first: at, last: at }
  switch (kind) {
    case 'attempt':
      return { ...none, attempts: count }
    case 'probe':
      return { ...none, probes: count }
    case 'login':
      return { ...none, logins: count }
    case 'blocked':
    case 'change':
    case 'loss':
      return undefined
  }
}

function add<K extends (string | number)[]>(
  sums: Map<string, { key: K; sum: Sum }>,
  key: K,
  more: Sum,
): void {
  const name = key.join('\n')
  const known = sums.get(name)?.sum
  const sum =
    known === undefined
      ? more
      : {
          attempts: known.attempts + more.attempts,
          probes: known.probes + more.probes,
          logins: known.logins + more.logins,
          first: Math.min(known.first, more.first),
          last: Math.max(known.last, more.last),
        }
  sums.set(name, { key, sum })
}

// --- checkpoints and gaps ----------------------------------------------------------------------

function storeCheckpoint(
  db: Database,
  agent: number,
  source: string,
  checkpoint: Checkpoint,
  now: number,
): void {
  db.prepare(
    `INSERT INTO checkpoint (agent, source, body, stored) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET body = excluded.body, stored = excluded.stored`,
  ).run(agent, source, JSON.stringify(checkpoint), now)
  const { position } = checkpoint
  const identity = position.kind === 'file' ? position.file : position.boot
  const covered = position.kind === 'file' ? position.offset - 1 : position.offset
  const { id } = fileRow(db, agent, source, identity, now)
  db.prepare('UPDATE file SET mark = max(mark, ?), seen = ? WHERE id = ?').run(covered, now, id)
  if (position.kind === 'file') retireMarks(db, agent, source, position.finished, now)
}

function retireMarks(
  db: Database,
  agent: number,
  source: string,
  finished: readonly string[],
  now: number,
): void {
  for (const identity of finished) {
    db.prepare(
      'UPDATE file SET seen = ? WHERE agent = ? AND source = ? AND identity = ? AND seen < ?',
    ).run(now, agent, source, identity, now - hourMs)
  }
  db.prepare(
    `UPDATE file SET identity = identity || '~' || id
     WHERE agent = ? AND source = ? AND seen < ? AND identity NOT LIKE '%~%'`,
  ).run(agent, source, now - markKept)
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

// --- alerts ------------------------------------------------------------------------------------

function raiseAlerts(
  db: Database,
  labelOf: (host: number) => string,
  stored: readonly Stored[],
): Alert[] {
  const logins = new Map<number, Login>()
  const lateFor = new Map<string, number>()
  for (const { n, host, finding } of stored) {
    const { ip, user, at } = finding
    if (ip === undefined) continue
    if (finding.kind === 'login') logins.set(n, { n, ip, host, user: user ?? '', at })
    if (finding.kind === 'attempt') lateFor.set(ip, Math.min(lateFor.get(ip) ?? at, at))
  }
  // Failures that only now arrive from a host that was offline may precede a login stored before.
  for (const [ip, at] of lateFor)
    for (const login of loginsAfter(db, ip, at)) logins.set(login.n, login)
  return [...logins.values()].flatMap((login) => raise(db, labelOf, login))
}

function loginsAfter(db: Database, ip: string, at: number): Login[] {
  const known = db.prepare('SELECT 1 FROM attacker WHERE ip = ? AND logins > 0 LIMIT 1').get(ip)
  if (known === undefined) return []
  return db
    .prepare(
      `SELECT n, ip, host, coalesce(user, '') AS user, at FROM finding
       WHERE ip = ? AND kind = 'login' AND at >= ?`,
    )
    .all(ip, at) as Login[]
}

function raise(db: Database, labelOf: (host: number) => string, login: Login): Alert[] {
  const { ip, host, user, at } = login
  const standings = db
    .prepare(
      `SELECT host, sum(count) AS attempts, min(at) AS first FROM finding
       WHERE ip = ? AND kind = 'attempt' AND at <= ? GROUP BY host`,
    )
    .all(ip, at) as { host: number; attempts: number; first: number }[]
  const failedOn = failuresBefore(
    login,
    standings.map((one) => ({ ...one, label: labelOf(one.host) })),
  )
  if (failedOn.length === 0) return []
  const failed = failedOn.reduce((sum, one) => sum + one.attempts, 0)
  const known = db
    .prepare('SELECT id, login, times, last FROM alert WHERE ip = ? AND host = ? AND user = ?')
    .get(ip, host, user)
  if (known !== undefined) {
    if (login.n <= Number(known['login'])) return []
    const times = Number(known['times']) + 1
    db.prepare(
      'UPDATE alert SET login = ?, times = ?, failed = ?, failed_on = ?, last = max(last, ?) WHERE id = ?',
    ).run(login.n, times, failed, JSON.stringify(failedOn), at, Number(known['id']))
    // A repeat only raises the counter, which the next report shows; after a quiet day it is news again.
    const isNews = at - Number(known['last']) > newsAgainAfter
    return isNews ? [{ ip, host: labelOf(host), user, at, failed, failedOn, times }] : []
  }
  db.prepare(
    `INSERT INTO alert (ip, host, user, login, failed, failed_on, times, first, last)
     VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)`,
  ).run(ip, host, user, login.n, failed, JSON.stringify(failedOn), at, at)
  return [{ ip, host: labelOf(host), user, at, failed, failedOn, times: 1 }]
}
