/**
 * Findings a second that the collector has on disk: the real program as a process of its own, agents in
 * another one (ingest-load.ts), every frame through handshake, schema, marks, totals and commit.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openAgents } from '../../collector/store/agents.ts'
import { openDatabase } from '../../collector/store/database.ts'
import { makePrivateKey, publicKeyOf, readPrivateKey } from '../../shared/handshake.ts'
import { until } from '../support/until.ts'
import type { Load, LoadSettings } from './ingest-load.ts'
import { cpuOf, memoryOf } from './process.ts'

/** One load: `rate` findings a second over all agents, undefined for as many as are acknowledged. */
export type Case = {
  agents: number
  batch: number
  rate?: number | undefined
  /** Unacknowledged frames an agent has at most. */
  window: number
  tls: boolean
  /** Findings told before the measurement begins, so that the store is not empty. */
  stored?: number
}

/** What a case came to; times in ms, CPU in µs and disk in bytes per finding, memory in KiB. */
export type IngestRow = Case & {
  findingsPerSecond: number
  p50: number
  p99: number
  cpuPerFinding: number
  /** Share of one core that the collector used. */
  busy: number
  diskPerFinding: number
  /** Resident memory of the collector at the end, in MiB. */
  memory: number
  /** Memory each connection took, before anything was told. */
  perAgent: number
}

/**
 * Runs one case and gives its row. `program` is the collector's file; `seconds` are measured after
 * `warm` seconds.
 */
export async function ingest(
  program: string,
  one: Case,
  warm: number,
  seconds: number,
): Promise<IngestRow> {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-ingest-'))
  let collector: ChildProcess | undefined
  try {
    const ca = one.tls ? certificate(folder) : undefined
    const port = 15_000 + Math.floor(Math.random() * 15_000)
    const keys = enrolled(folder, one.agents)
    collector = await startCollector(program, folder, port, ca !== undefined)
    const url = `${one.tls ? 'wss' : 'ws'}://127.0.0.1:${port}`
    const common = { url, ca, keys, agents: one.agents, first: 0 }
    if (one.stored !== undefined && one.stored > 0) {
      const full = { batch: 250, window: 8, warm: 0, seconds: 0, most: one.stored }
      await load({ ...common, ...full, agents: Math.min(one.agents, 200) }, () => undefined)
      await summed(folder)
    }
    const { batch, rate, window } = one
    return await measure(collector, { ...common, batch, rate, window, warm, seconds }, one)
  } finally {
    collector?.kill('SIGKILL')
    if (collector !== undefined && collector.exitCode === null) await once(collector, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(
  collector: ChildProcess,
  settings: LoadSettings,
  one: Case,
): Promise<IngestRow> {
  const pid = collector.pid as number
  const before = memoryOf([pid]).rss
  let connected = before
  let [cpu, disk] = [0, 0]
  const end = await load(settings, (said) => {
    if (said.at === 'connected') connected = memoryOf([pid]).rss
    if (said.at === 'begin') [cpu, disk] = [cpuOf([pid]), diskOf(pid)]
    if (said.at === 'end') [cpu, disk] = [cpuOf([pid]) - cpu, diskOf(pid) - disk]
  })
  return {
    ...one,
    findingsPerSecond: end.findings / end.seconds,
    p50: end.p50,
    p99: end.p99,
    cpuPerFinding: (cpu * 1e6) / end.findings,
    busy: cpu / end.seconds,
    diskPerFinding: disk / end.findings,
    memory: memoryOf([pid]).rss,
    perAgent: ((connected - before) * 1024) / one.agents,
  }
}

/** Runs a load process to its end and gives its last word. Throws where it failed. */
async function load(
  settings: LoadSettings,
  heard: (said: Load) => void,
): Promise<Extract<Load, { at: 'end' }>> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('ingest-load.ts', import.meta.url)), JSON.stringify(settings)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let end: Load | undefined
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as Load
      heard(said)
      end = said
    }
  } finally {
    child.kill()
  }
  if (end?.at !== 'end') throw new Error(`the load ended early: ${JSON.stringify(end)}`)
  return end
}

async function startCollector(
  program: string,
  folder: string,
  port: number,
  tls: boolean,
): Promise<ChildProcess> {
  const config = join(folder, 'collector.json')
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  writeFileSync(
    config,
    JSON.stringify({
      listen: { host: '127.0.0.1', port },
      database: `sqlite:${join(folder, 'cibot.db')}`,
      timeZone: 'UTC',
      ...(tls ? { tls: files } : {}),
    }),
  )
  const child = spawn(process.execPath, [program, '-c', config, 'run'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < 10_000) said += text
  })
  await until('the collector to listen', () => /^listening on /m.test(said))
  return child
}

// Their totals were once written while what came after them was measured: a third more CPU for nothing.
async function summed(folder: string): Promise<void> {
  const db = openDatabase(join(folder, 'cibot.db'))
  const behind = 'SELECT max(n) > (SELECT through FROM summed) AS it FROM finding'
  await until('all totals', () => db.prepare(behind).get()?.['it'] === 0, 120_000)
  db.close()
}

function enrolled(folder: string, many: number): string {
  const db = openDatabase(join(folder, 'cibot.db'))
  const agents = openAgents(db)
  const keys = Array.from({ length: many }, makePrivateKey)
  for (const [at, pem] of keys.entries()) {
    agents.add(`host-${at}`, publicKeyOf(readPrivateKey(pem)), Date.now())
  }
  db.close()
  const file = join(folder, 'keys.json')
  writeFileSync(file, JSON.stringify(keys))
  return file
}

function certificate(folder: string): string {
  const cert = join(folder, 'cert.pem')
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout ${join(folder, 'key.pem')} -out ${cert}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  )
  return cert
}

// What reached the disk: the WAL, and what its checkpoints wrote.
function diskOf(pid: number): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1])
}
