/** A whole fleet of real processes in a folder of its own on loopback: one collector, any agents. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Checkpoint } from '../../shared/checkpoint.ts'
import { type Daemon, openDaemon, type Program, runCommand } from './daemon.ts'
import { until } from './until.ts'

export type Fleet = {
  folder: string
  /** Where the collector listens, whether it runs or not. */
  url: string
  port: number
  /** Path of the collector's database. */
  database: string
  collector: Daemon
  /** Writes an agent's settings, makes its key and enrols it; it is not started. */
  addAgent: (name: string, options: AgentOptions) => Promise<Daemon>
  /** Another process with an agent's settings and key, as a cloned machine would run. */
  clone: (name: string) => Daemon
  /** Writes a copy of the database with the `backup` command. */
  backup: (file: string) => Promise<void>
  /** Puts a backup in the database's place; the collector must not be running. */
  restore: (file: string) => void
  /** Rows straight from the database. */
  rows: (sql: string, ...values: (string | number)[]) => Row[]
  /** Changes the database behind the collector's back. */
  meddle: (sql: string) => void
  /** Where the collector last heard that an agent stands; undefined before the first checkpoint. */
  checkpoint: (agent: string) => Checkpoint | undefined
  /** Asks the HTTP API with a token and gives the JSON answer. */
  ask: <T>(path: string) => Promise<T>
  /** Runs one of the collector's commands and gives what it printed. */
  command: (...words: string[]) => Promise<string>
  /** Ends every process and removes the folder. */
  close: () => Promise<void>
}

/** What a fleet runs: from the sources, or built. */
export type Programs = { agent: Program; collector: Program }

export type Row = Record<string, string | number | null>

export type AgentOptions = {
  /** Path of the log it reads, or "journal". */
  log: string
  /** Folder of programs that it finds before all others: a journalctl of its own. */
  programs?: string
  /** How far back it reads at first; "all" if not said. */
  since?: string
  /** Where it finds the collector, if not directly: http://host:port. */
  collector?: string
  /** More keys of agent.json. */
  settings?: Record<string, unknown>
}

/** What is not as usual with a fleet. */
export type FleetOptions = {
  /** Folder of the collector's database, where that is to lie on a disk of its own. */
  disk?: string
  /** What is run, where not the sources. */
  programs?: Programs
  /** Whether the wall clocks of all are to be shifted. */
  clocks?: boolean
}

/** Makes a fleet whose collector runs already; `settings` are more keys of collector.json. */
export async function openFleet(
  settings: Record<string, unknown> = {},
  { disk, clocks, programs = { agent: 'agent', collector: 'collector' } }: FleetOptions = {},
): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-fleet-'))
  const port = await freePort()
  const database = join(disk ?? folder, 'cibot.db')
  const config = join(folder, 'collector.json')
  const listen = { host: '127.0.0.1', port }
  writeJson(config, { listen, database: `sqlite:${database}`, timeZone: 'UTC', ...settings })
  const url = `http://127.0.0.1:${port}`
  const collector = openDaemon('collector', programs.collector, config, /^listening on /m, {
    clock: clocks ? `${config}.clock` : undefined,
  })
  const agents: Daemon[] = []
  const found = new Map<string, string>()
  const command = (...words: string[]) => runCommand(programs.collector, '-c', config, ...words)
  let token: string | undefined
  try {
    await collector.start()
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }

  const rows = (sql: string, ...values: (string | number)[]): Row[] =>
    using(database, true, (db) => db.prepare(sql).all(...values) as Row[])
  return {
    folder,
    url,
    port,
    database,
    collector,
    addAgent: async (name, options) => {
      const agent = await enrol(
        folder,
        url,
        name,
        { ...options, program: programs.agent, clocks },
        command,
      )
      agents.push(agent)
      if (options.programs !== undefined) found.set(name, options.programs)
      return agent
    },
    clone: (name) => {
      const settings = join(folder, `${name}.json`)
      const clone = openDaemon(`${name}'s clone`, programs.agent, settings, /"source":/, {
        programs: found.get(name),
      })
      agents.push(clone)
      return clone
    },
    backup: async (file) => void (await command('backup', file)),
    restore(file) {
      if (collector.isRunning()) throw new Error('stop the collector before restoring')
      for (const ending of ['', '-wal', '-shm']) rmSync(database + ending, { force: true })
      copyFileSync(file, database)
    },
    rows,
    meddle: (sql) => using(database, false, (db) => db.exec(sql)),
    checkpoint: (agent) => {
      const [row] = rows(
        'SELECT body FROM checkpoint JOIN agent ON agent.id = agent WHERE name = ?',
        agent,
      )
      return row === undefined ? undefined : (JSON.parse(String(row['body'])) as Checkpoint)
    },
    ask: async <T>(path: string) => {
      token ??= await command('token', 'add', 'test')
      const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
      if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
    command,
    close: async () => {
      await Promise.all([collector, ...agents].map((one) => one.kill()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Waits until an agent has read a file (of a journal: a boot) to `offset` and the collector has that on
 * disk; fails where it gets no further for `within` ms.
 */
export async function caughtUp(
  fleet: Fleet,
  agent: string,
  file: string,
  offset: number,
  within = 60_000,
): Promise<void> {
  let last = ''
  for (;;) {
    const position = fleet.checkpoint(agent)?.position
    const place = position?.kind === 'file' ? position.file : position?.boot
    if (place === file && position?.offset === offset) return
    const before = last
    last = JSON.stringify(position)
    await until(
      `${agent} at byte ${offset} of ${file}; it stands at ${last}`,
      () => JSON.stringify(fleet.checkpoint(agent)?.position) !== before,
      within,
    )
  }
}

async function enrol(
  folder: string,
  url: string,
  name: string,
  options: AgentOptions & { program: Program; clocks: boolean | undefined },
  command: Fleet['command'],
): Promise<Daemon> {
  const { log, since = 'all', collector = url, settings, program, clocks } = options
  const config = join(folder, `${name}.json`)
  const keyFile = join(folder, `${name}.key`)
  const own = { collector, keyFile, source: log, since, hostname: name, timeZone: 'UTC' }
  writeJson(config, { ...own, ...settings })
  const key = await runCommand(program, '-c', config, 'key')
  await command('agents', 'add', name, key)
  const clock = clocks ? `${config}.clock` : undefined
  return openDaemon(name, program, config, /"source":/, { clock, programs: options.programs })
}

function using<T>(path: string, readOnly: boolean, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path, { readOnly, timeout: 10_000 })
  try {
    return work(db)
  } finally {
    db.close()
  }
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, JSON.stringify(value, null, 2))
}

// Below the range of ports that the kernel lends to outgoing connections: a collector that is down
// would otherwise find its port taken, even by an agent that connects to itself.
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 15_000 + Math.floor(Math.random() * 15_000)
    if (await isFree(port)) return port
  }
  throw new Error('no free port between 15000 and 30000')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
