/** An agent and a collector that live and die inside this process, their edges wrapped and counted. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import pino from 'pino'
import type { WebSocket } from 'ws'
import type { Source } from '../../agent/source/source.ts'
import type { Database } from '../../collector/store/database.ts'
import type { Fleet, Row } from '../support/fleet.ts'
import type { Effects, Life } from './effects.ts'
import { Ended } from './effects.ts'
import { type End, openPipe } from './pipe.ts'
import type { Programs } from './programs.ts'

/** What a process is given. `now` is ms UTC, `pass` lets so many ms of it go by. */
export type Surroundings = {
  programs: Programs
  effects: Effects
  now: () => number
  pass: (ms: number) => void
}

/** Hands a connection of an agent to the collector; undefined where nobody listens. */
export type Connect = () => End | undefined

const settings = { patience: 40, poll: 100, stalled: 2_000 }
const key = `ed25519:${'A'.repeat(43)}`
/** Small enough that a crash falls between two slices of totals. */
const fewWrites = 20
const instance = '0'.repeat(32)

// --- the agent ------------------------------------------------------------------------------------

/** The agent `nas` on the log at `path`; resolves when its life has ended. */
export async function liveAsAgent(
  { programs, effects, now }: Surroundings,
  life: Life,
  path: string,
  connect: Connect,
): Promise<void> {
  const own = programs.logFile.openLogFile(path, settings)
  const source = counted(own, () => effects.take(life, 'read', () => undefined))
  while (!life.ended) {
    const socket = connect()
    if (socket !== undefined) await converse(socket)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }

  async function converse(socket: End): Promise<void> {
    const ended = new AbortController()
    const closed = new Promise<void>((resolve) => socket.once('close', resolve))
    socket.once('close', () => ended.abort())
    // What was sent before a death arrives all the same.
    life.signal.addEventListener('abort', socket.close, { once: true })
    const window = programs.window.openWindow(ended.signal, (frame) =>
      effects.take(life, `send ${frame.type}`, () => socket.send(JSON.stringify(frame))),
    )
    let working: Promise<void> | undefined
    socket.on('message', (text: string) => {
      const read = programs.wire.readFromCollector(text)
      if (!read.ok) throw new Error(`the collector said: ${read.why}`)
      const frame = read.value
      if (frame.type === 'ack') window.acknowledge(frame.upto)
      if (frame.type !== 'welcome') return
      working = programs.follow
        .follow({
          source,
          link: { submit: window.submit, signal: ended.signal },
          checkpoint: frame.resume[0]?.checkpoint,
          since: null,
          timeZone: 'UTC',
          isOwn: (host) => host === 'nas',
          now,
          stands: () => undefined,
        })
        .catch((error: unknown) => passOver(error, ended.signal.aborted))
        .finally(socket.close)
    })
    await closed
    await working
  }
}

function counted(source: Source, take: () => void): Source {
  return {
    name: 'auth.log',
    async *read(opening) {
      for await (const reading of source.read(opening)) {
        if (reading.kind !== 'waiting') take()
        yield reading
      }
    },
  }
}

// --- the collector --------------------------------------------------------------------------------

export type Collector = {
  life: Life
  accept: () => End
  /** Closes a report's period, as its schedule does. */
  report: () => Promise<void>
  /** Whether all totals are written; else writes some of them. */
  hasSummed: () => boolean
  /** Whether nothing waits to be sent to the person. */
  hasTold: () => Promise<boolean>
  rows: Fleet['rows']
  /** After its end: lets go of the files. */
  bury: () => Promise<void>
}

/** A collector on a database; `seen` receives the text of each message a person gets to see. */
export function startCollector(
  { programs, effects, now, pass }: Surroundings,
  life: Life,
  database: string,
  seen: string[],
): Collector {
  const files = programs.database.openDatabase(database)
  const db = watched(files, effects, life)
  const feed = programs.feed.createFeed()
  const reports = programs.reports.openReports(db)
  const agents = programs.agents.openAgents(db)
  const log = programs.log.openLog(db, now, feed)
  const fleet = programs.fleetLog.openFleetLog({
    ...{ agents, log, feed, now, own: pino({ level: 'silent' }) },
  })
  const outbox = programs.outbox.openOutbox({
    reports,
    send: async ({ text }) => {
      effects.take(life, 'telegram', () => seen.push(text))
      return { kind: 'sent', id: seen.length }
    },
    clock: { now, wait },
    random: () => 0.5,
    owner: `${now()}`,
    chat: '1',
    note: (text) => log.append('report', text),
  })
  const intake = programs.intake.openIntake(db, now)
  const ingest = programs.ingest.openIngest(
    db,
    intake,
    now,
    (alert) => programs.report.queueAlert(reports, alert, 'UTC', now()),
    (ingested) => {
      fleet.ingested(ingested)
      if (ingested.alerts.length > 0) outbox.wake()
    },
  )
  const sockets = new Set<End>()
  const present = new Map()
  agents.forgetConnections()
  const delivering = outbox.run().catch((error: unknown) => passOver(error, life.ended))

  async function wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    if (Number.isFinite(ms)) {
      pass(ms)
      await new Promise((resolve) => setImmediate(resolve))
      return
    }
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
  return {
    life,
    accept: () => {
      const [theirs, ours] = openPipe()
      sockets.add(ours)
      const agent = agents.byKey(key)
      if (agent === undefined) throw new Error('the agent is not enrolled')
      const socket = ours as unknown as WebSocket
      const send = (frame: unknown) => {
        if (life.ended || ours.readyState !== ours.OPEN) return
        const { type } = frame as { type: string }
        quietly(() => effects.take(life, `send ${type}`, () => ours.send(JSON.stringify(frame))))
      }
      const listener = programs.conversation.converse(
        { agent, instance, socket, send, end: () => ours.close() },
        helloOf(now),
        '192.0.2.1',
        present,
        {
          collector: '0'.repeat(32),
          now,
          ingest,
          agentByKey: agents.byKey,
          resume: ({ id }) => intake.resume(id),
          tell: (event) => {
            if (!life.ended) quietly(() => fleet.told(event))
          },
        },
      )
      ours.on('message', (text: string) => {
        const read = programs.wire.readFromAgent(text)
        if (!read.ok) throw new Error(`the agent said: ${read.why}`)
        if (!life.ended) listener(read.value)
      })
      return theirs
    },
    report: async () => {
      const silence = { after: Number.POSITIVE_INFINITY, listening: now() }
      const ask = { zone: 'UTC', heartbeat: false, silence }
      await programs.report
        .closePeriod(reports, ask, now())
        .catch((error: unknown) => passOver(error, life.ended))
      outbox.wake()
    },
    hasSummed: () => {
      if (intake.sums.pending() === 0) return true
      quietly(() => intake.sums.slice(fewWrites))
      return false
    },
    hasTold: async () => (await reports.nextDue()) === null,
    rows: (sql, ...values) => files.prepare(sql).all(...values) as Row[],
    bury: async () => {
      for (const socket of sockets) socket.terminate()
      outbox.stop()
      await delivering
      ingest.close()
      files.close()
    },
  }
}

/** Copies a database as it lies on disk at this instant, in the middle of whatever is done to it. */
export function copyDatabase(from: string, to: string): void {
  for (const ending of ['', '-wal']) {
    if (existsSync(from + ending)) copyFileSync(from + ending, to + ending)
  }
}

const empty = new WeakMap<Programs, Buffer>()

/** Makes a database in which the agent is enrolled. */
export function makeDatabase({ programs, now }: Surroundings, path: string): void {
  const made = empty.get(programs)
  if (made !== undefined) {
    writeFileSync(path, made)
    return
  }
  const db = programs.database.openDatabase(path)
  programs.agents.openAgents(db).add('nas', key, now())
  db.close()
  empty.set(programs, readFileSync(path))
}

function watched(db: Database, effects: Effects, life: Life): Database {
  return {
    ...db,
    prepare: (sql) =>
      new Proxy(db.prepare(sql), {
        get(statement, name) {
          const value = Reflect.get(statement, name)
          if (typeof value !== 'function') return value
          const does = value.bind(statement)
          if (name !== 'run') return does
          return (...values: unknown[]) => effects.take(life, 'write', () => does(...values))
        },
      }),
    transaction: (work, isAwaited) =>
      effects.take(life, 'transaction', () => db.transaction(work, isAwaited)),
  }
}

function helloOf(now: () => number) {
  return {
    type: 'hello' as const,
    protocol: { min: 1, max: 1 },
    key,
    instance,
    nonce: 'A'.repeat(43),
    version: `${now()}`,
    hostname: 'nas',
  }
}

function quietly(work: () => void): void {
  try {
    work()
  } catch (error) {
    passOver(error, false)
  }
}

function passOver(error: unknown, expected: boolean): void {
  if (!expected && !(error instanceof Ended)) throw error
}
