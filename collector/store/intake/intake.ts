/**
 * What agents tell, written down exactly once. A finding counts when its row is new: above the
 * high-water mark of its file, and not the relayed copy of an event another agent told of. Everything
 * here runs inside one transaction that its caller opens (../../intake/ingest.ts): rows, marks and alerts
 * are on disk together or not at all. Totals follow, by exactly the new rows (../totals/sums.ts).
 */
import type { Checkpoint } from '../../../shared/checkpoint.ts'
import type { Amendment, Finding, Gap } from '../../../shared/finding.ts'
import type { Alert } from '../../report/alert.ts'
import type { Database } from '../database.ts'
import { type Into, putRows, type Value } from '../rows.ts'
import { inHostRun, type Placed, secondOf } from '../runs.ts'
import { openSums, type Sums } from '../totals/sums.ts'
import { openAlarms } from './alarms.ts'
import { type Files, openFiles, type ToldFile } from './files.ts'
import { openHosts } from './hosts.ts'
import { moveMark, readCheckpoints, storeCheckpoint } from './marks.ts'
import { openRecent, type Recent } from './recent.ts'
import type { Stored } from './stored.ts'

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
  /** To be told of new rows once they are committed, in their order: the totals are moved by them. */
  committed: (stored: readonly Stored[]) => void
  /** The totals on their way to disk. */
  sums: Pick<Sums, 'pending' | 'slice' | 'settle'>
}

/**
 * Opens the intake on a database; `now` gives ms UTC. There is one at a time: what it has committed and
 * not yet summed is in its memory, and the next one begins by adding that up again.
 */
export function openIntake(db: Database, now: () => number): Intake {
  const sums = openSums(db)
  const recent = openRecent(db, sums)
  const hosts = openHosts(db)
  const store = { db, recent, hosts, files: openFiles(db, recent) }
  return {
    sums,
    committed: (stored) => sums.add(stored.map(countable), recent.committed()),
    findings: (agent, source, entries) => storeFindings(store, now(), agent, source, entries),
    checkpoint: (agent, source, checkpoint, at) => {
      storeCheckpoint(db, agent, source, checkpoint, at)
      store.files.forget(agent)
    },
    gap: (agent, source, gap, at) => storeGap(db, agent, source, gap, at),
    resume: (agent) => readCheckpoints(db, agent),
    alerts: openAlarms(db, recent, hosts.label),
  }
}

// As the row gives it back: half a surrogate pair is stored as U+FFFD, and the totals must find the same
// names in the same order when they are made from the rows again.
function countable({ n, host, finding: { kind, at, ip = '', user = '', count } }: Stored) {
  return { n, host, kind, at, ip: ip.toWellFormed(), user: user.toWellFormed(), count }
}

type Hosts = ReturnType<typeof openHosts>
type Store = { db: Database; recent: Recent; hosts: Hosts; files: Files }

function storeFindings(
  { db, recent, hosts, files }: Store,
  now: number,
  agent: number,
  source: string,
  entries: readonly (Finding | Amendment)[],
): Stored[] {
  const told = new Map<string, ToldFile>()
  const places = new Map<string | undefined, { host: number; isRelayed: boolean }>()
  const placeOf = (name: string | undefined) => {
    const host = hosts.of(agent, name)
    return { host, isRelayed: hosts.isRelayed(host) }
  }
  const fresh: Fresh[] = []
  const methods: Method[] = []
  for (const entry of entries) {
    const file = told.getOrInsertComputed(entry.file, (it) => files.of(agent, source, it, now))
    if (entry.kind === 'amend') {
      amend(file, entry, fresh, methods)
      continue
    }
    if (entry.offset <= file.mark) continue
    file.mark = entry.offset
    const { host, isRelayed } = places.getOrInsertComputed(entry.host, placeOf)
    if (isRelayed && isKnownFromAnother(db, recent, agent, host, entry)) continue
    fresh.push({ file: file.id, host, finding: entry })
  }
  for (const file of told.values()) moveMark(db, file)
  putMethods(db, methods)
  const last = putRows(db, findingTable, valuesOf(fresh))
  const first = last - fresh.length + 1
  noteNumbers(told, fresh, first)
  return fresh.map(({ file, host, finding }, at) => {
    const n = first + at
    recent.add(placed(n, file, host, finding))
    // Only now: the first word of a host may give it another label.
    return { n, host, label: hosts.label(host), finding }
  })
}

type Fresh = { file: number; host: number; finding: Finding }

function placed(n: number, file: number, host: number, { offset, at, ip }: Finding): Placed {
  return { n, file, offset, host, at, ip: ip ?? null }
}

// A frame is nearly always of one file; where it is not, what stands where is found in the runs.
function noteNumbers(told: Map<string, ToldFile>, fresh: readonly Fresh[], first: number): void {
  if (told.size !== 1 || fresh.length === 0) return
  const offsets = fresh.map(({ finding }) => finding.offset)
  for (const file of told.values()) file.note(first, offsets)
}

/** What findings stored before, numbered without a hole, were tried with. */
type Method = { from: number; to: number; method: string }

function amend(
  { id, numberOf }: ToldFile,
  { offset, method }: Amendment,
  fresh: readonly Fresh[],
  methods: Method[],
): void {
  const here = fresh.findLast((one) => one.finding.offset === offset && one.file === id)
  if (here !== undefined) {
    here.finding = { ...here.finding, method }
    return
  }
  const n = numberOf(offset)
  if (n === undefined) return
  const before = methods.at(-1)
  if (before?.method === method && before.to === n - 1) before.to = n
  else methods.push({ from: n, to: n, method })
}

function putMethods(db: Database, methods: readonly Method[]): void {
  for (const { from, to, method } of methods) db.prepare(methodSql).run(method, from, to)
}

const methodSql = 'UPDATE OR ROLLBACK finding SET method = ? WHERE n BETWEEN ? AND ?'

// One event, two tellers: its own host's agent and a log host, or two log hosts.
function isKnownFromAnother(
  db: Database,
  recent: Recent,
  agent: number,
  host: number,
  found: Finding,
): boolean {
  const second = secondOf(found.at)
  const { kind, program, pid = null, ip = null, port = null, ordinal } = found
  const event = { kind, program, pid, ip, port, ordinal }
  const runs = recent.ofSecond(host, second)
  return db.prepare(knownSql).get({ agent, host, second, runs, ...event }) !== undefined
}

const knownSql = `
  SELECT 1 FROM (
    SELECT host, second, n, upto FROM host_run WHERE host = :host AND second = :second
    UNION ALL SELECT :host, :second, value ->> 0, value ->> 1 FROM json_each(:runs)) r
  CROSS JOIN finding f ON ${inHostRun('f')}
  CROSS JOIN file ON file.id = f.file
  WHERE f.kind = :kind AND f.program = :program AND f.pid IS :pid AND f.ip IS :ip
    AND f.port IS :port AND f.ordinal = :ordinal AND file.agent <> :agent LIMIT 1`

const findingTable: Into = {
  table: 'finding',
  columns: 'file,offset,kind,at,host,program,pid,ip,port,user,method,count,ordinal,text'.split(','),
}

function valuesOf(fresh: readonly Fresh[]): Value[] {
  const values: Value[] = []
  for (const { file, host, finding } of fresh) {
    const { offset, kind, at, program, pid, ip, port, user, method, count, ordinal, text } = finding
    values.push(file, offset, kind, at, host, program, pid ?? null, ip ?? null, port ?? null)
    values.push(user ?? null, method ?? null, count, ordinal, text ?? null)
  }
  return values
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
