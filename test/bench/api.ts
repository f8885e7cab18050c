/**
 * Every address of the API, asked of a collector that holds five million findings: as its pages ask, and
 * as scripts do. Each turn a fresh server answers: what it kept from the turn before would make
 * everything look fast.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFeed } from '../../collector/fleet/feed.ts'
import { type Database, openDatabase } from '../../collector/store/database.ts'
import { openLog } from '../../collector/store/log.ts'
import { openPeople } from '../../collector/store/people/people.ts'
import { openServer } from '../../collector/web/server.ts'
import { type Bench, figure, median, quantile, type Table } from './bench.ts'
import { seed } from './seed.ts'

export const bench: Bench = {
  about:
    'CPU that one answer costs the collector (its main thread: question, sums, JSON), over 200 hosts, 30,000 addresses and 90 days.',
  run: async ({ quick, folder, say }) => {
    const findings = quick ? 20_000 : 5_000_000
    const path = process.env['CIBOT_BENCH_DB'] ?? join(folder, 'api.db')
    if (!existsSync(path)) {
      say(`storing ${findings.toLocaleString('en')} findings`)
      seed(path, findings, Date.now())
    }
    return measured(path, quick ? 1 : 9, say)
  },
}

const goal = 50

async function measured(
  path: string,
  turns: number,
  say: (text: string) => void,
): Promise<Table[]> {
  const db = openDatabase(path)
  const now = Number(db.prepare('SELECT max(at) AS at FROM finding').get()?.['at']) + 60_000
  const { pages, scripts } = questions(db)
  const asked = [...pages, ...scripts]
  const costs = new Map<string, number[]>(asked.map((question) => [question, []]))
  const bytes = new Map<string, number>()
  let known: string[] = []
  for (let turn = 0; turn < turns; turn += 1) {
    say(`turn ${turn + 1} of ${turns}: ${asked.length} questions`)
    const { ask, paths, close } = await openAsker(db, now)
    known = paths
    for (const question of asked) {
      const { cost, size } = await ask(question)
      costs.get(question)?.push(cost)
      bytes.set(question, size)
    }
    await close()
  }
  const many = Number(db.prepare('SELECT count(*) AS many FROM finding').get()?.['many'])
  db.close()
  const left = known.filter((path) => !asked.some((one) => one.split('?', 1)[0] === path))
  const title = `${many.toLocaleString('en')} findings: what`
  return [
    table(`${title} the pages ask`, pages, costs, bytes),
    withNotes(table(`${title} only scripts ask`, scripts, costs, bytes), [
      `Median of ${turns} turns, a fresh server in each.`,
      ...(left.length === 0 ? [] : [`Not asked: ${left.join(', ')} (a stream).`]),
    ]),
  ]
}

function table(
  title: string,
  asked: readonly string[],
  costs: ReadonlyMap<string, number[]>,
  bytes: ReadonlyMap<string, number>,
): Table {
  const rows = asked.map((question) => {
    const all = costs.get(question) ?? []
    return { question, all, cost: median(all) }
  })
  const slow = rows.filter(({ cost }) => cost > goal).map(({ question }) => shortened(question))
  return {
    title,
    columns: ['question', 'CPU ms, median', 'most', 'goal', 'kB'],
    rows: rows.map(({ question, all, cost }) => [
      shortened(question),
      figure(cost),
      figure(quantile(all, 1)),
      String(goal),
      figure((bytes.get(question) ?? 0) / 1000, 2),
    ]),
    notes: [
      slow.length === 0
        ? `None takes more than ${goal} ms at the median.`
        : `More than ${goal} ms at the median: ${slow.join(', ')}.`,
    ],
  }
}

function withNotes(one: Table, notes: readonly string[]): Table {
  return { ...one, notes: [...one.notes, ...notes] }
}

function shortened(question: string): string {
  return question.replace(/^\/api\/v1\//, '')
}

// Every route with each of the ways the pages and scripts ask it.
function questions(db: Database): { pages: string[]; scripts: string[] } {
  const busiest = `SELECT name FROM subject WHERE kind = 'ip' ORDER BY attempts DESC LIMIT 1 OFFSET ?`
  const ip = (rank: number) => String(db.prepare(busiest).get(rank)?.['name'])
  const host = String(db.prepare('SELECT label FROM host LIMIT 1 OFFSET 3').get()?.['label'])
  const spans = ['24h', '7d', '30d'].map((span) => `since=${span}`)
  const brushed = ['since=10h&until=8h', 'since=5d&until=4d', 'since=20d&until=8d']
  const shown = [...spans, ...brushed, `since=30d&host=${host}`]
  const names = [ip(0), ip(500), 'oracle', 'name1234', 'nobody-of-this-name']
  const pages = {
    totals: [...shown, ''],
    chart: [...shown, ...[...spans, ...brushed].map((span) => `${span}&by=host`)],
    attackers: [
      ...shown.map((span) => `${span}&limit=10&users=0&hosts=0`),
      ...[...shown, ''].map((span) => `${span}&limit=25&users=5&hosts=4`),
      ...names.map((q) => `since=30d&limit=25&users=5&hosts=4&q=${q}`),
      `ip=${ip(0)}`,
      `ip=${ip(500)}`,
    ],
    top: shown.flatMap((span) => [`by=user&${span}&limit=10`, `by=network&${span}&limit=10`]),
    hosts: [''],
    host: [`name=${host}`],
    fleet: [''],
    findings: [
      '',
      `host=${host}`,
      ...['login', 'probe', 'blocked'].map((kind) => `kind=${kind}`),
      ...[ip(0), ip(500)].map((one) => `ip=${one}`),
      ...['root', 'name12345', 'nobody-of-this-name'].map((user) => `user=${user}`),
      ...['oracle', 'nothing-that-is-there'].map((q) => `q=${q}`),
      'since=30d&until=29d',
    ],
    alerts: ['since=24h'],
    reports: [''],
    log: ['', 'kind=audit'],
    settings: [''],
    codes: [''],
  }
  const ever = ['since=90d', `since=90d&host=${host}`]
  const scripts = {
    totals: ever,
    chart: [...ever, 'since=90d&by=host', `since=90d&by=host&ip=${ip(0)}`],
    attackers: [
      ...[...spans, ...brushed, ...ever, ''].map((span) => `${span}&limit=100`),
      'since=90d&limit=100&users=1000',
      `since=30d&ip=${ip(0)}`,
    ],
    top: [...ever.flatMap((span) => [`by=user&${span}`, `by=network&${span}`]), 'by=network'],
    'openapi.json': [''],
  }
  return { pages: asking(pages), scripts: [...asking(scripts), '/metrics', '/healthz'] }
}

function asking(routes: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(routes).flatMap(([path, queries]) =>
    queries.map((query) => `/api/v1/${path}?${query}`.replace(/\?&?$/, '').replace('?&', '?')),
  )
}

type Asker = {
  ask: (question: string) => Promise<{ cost: number; size: number }>
  paths: string[]
  close: () => Promise<void>
}

async function openAsker(db: Database, now: number): Promise<Asker> {
  const clock = () => now
  const feed = createFeed()
  const log = openLog(db, clock, feed)
  const people = openPeople(db, clock)
  const app = await openServer({ db, feed, log, people, now: clock, version: '', trustProxy: [] })
  const cookie = `s=${people.startSession('bench')}`
  const ask: Asker['ask'] = async (question) => {
    const before = spent()
    const answer = await app.inject({ url: question, headers: { cookie } })
    const cost = spent() - before
    if (answer.statusCode !== 200) throw new Error(`${question}: ${answer.body}`)
    return { cost, size: answer.rawPayload.length }
  }
  await ask('/healthz')
  const { paths = {} } = app.swagger() as { paths?: object }
  return { ask, paths: Object.keys(paths), close: () => app.close() }
}

const pause = new Int32Array(new SharedArrayBuffer(4))

// ms of CPU of this thread. The kernel's usual account goes by its ticks, of 4 ms; this one is exact
// whenever the thread has just slept.
function spent(): number {
  Atomics.wait(pause, 0, 0, 1)
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ', 1)[0]) / 1e6
}
