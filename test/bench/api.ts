/**
 * Every address of the API, asked of a collector that holds five million findings. Each turn a fresh
 * server asks: answers kept from the turn before would make everything look fast.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createFeed } from '../../collector/fleet/feed.ts'
import { type Database, openDatabase } from '../../collector/store/database.ts'
import { openLog } from '../../collector/store/log.ts'
import { openPeople } from '../../collector/store/people.ts'
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
    return [await measured(path, quick ? 1 : 7, say)]
  },
}

const limit = 50

async function measured(path: string, turns: number, say: (text: string) => void): Promise<Table> {
  const db = openDatabase(path)
  const now = Number(db.prepare('SELECT max(at) AS at FROM finding').get()?.['at']) + 60_000
  const asked = questions(db)
  const costs = new Map<string, number[]>(asked.map((question) => [question, []]))
  const bytes = new Map<string, number>()
  let known: string[] = []
  for (let turn = 0; turn < turns; turn += 1) {
    const { ask, paths, close } = await openAsker(db, now)
    known = paths
    for (const question of asked) {
      say(`turn ${turn + 1} of ${turns}: ${question}`)
      const { cost, size } = await ask(question)
      costs.get(question)?.push(cost)
      bytes.set(question, size)
    }
    await close()
  }
  const many = Number(db.prepare('SELECT count(*) AS many FROM finding').get()?.['many'])
  db.close()
  const rows = asked.map((question) => {
    const all = costs.get(question) ?? []
    return { question, all, cost: median(all) }
  })
  const slow = rows.filter(({ cost }) => cost > limit).map(({ question }) => question)
  const left = known.filter((path) => !asked.some((one) => one.split('?', 1)[0] === path))
  return {
    title: `${many.toLocaleString('en')} findings`,
    columns: ['question', 'CPU ms, median', 'most', 'kB'],
    rows: rows.map(({ question, all, cost }) => [
      question.replace(/^\/api\/v1\//, ''),
      figure(cost),
      figure(quantile(all, 1)),
      figure((bytes.get(question) ?? 0) / 1000, 2),
    ]),
    notes: [
      slow.length === 0
        ? `None takes more than ${limit} ms at the median.`
        : `More than ${limit} ms at the median: ${slow.join(', ')}.`,
      ...(left.length === 0 ? [] : [`Not asked: ${left.join(', ')} (a stream).`]),
    ],
  }
}

// Every route with each of the ways the page and scripts ask it.
function questions(db: Database): string[] {
  const busiest = `SELECT name FROM subject WHERE kind = 'ip' ORDER BY attempts DESC LIMIT 1 OFFSET ?`
  const ip = (rank: number) => String(db.prepare(busiest).get(rank)?.['name'])
  const host = String(db.prepare('SELECT label FROM host LIMIT 1 OFFSET 3').get()?.['label'])
  const spans = ['24h', '7d', '30d', '90d'].map((span) => `since=${span}`)
  const brushed = 'since=10h&until=8h'
  const times = [...spans, brushed, `since=90d&host=${host}`]
  const under = (path: string, all: readonly string[]) => all.map((query) => `${path}?${query}`)
  return [
    ...under('/api/v1/totals', times),
    '/api/v1/totals',
    ...under('/api/v1/chart', [...times, ...spans.map((span) => `${span}&by=host`)]),
    `/api/v1/chart?since=90d&by=host&ip=${ip(0)}`,
    ...under(
      '/api/v1/attackers',
      times.flatMap((span) => [`${span}&limit=10&users=0`, `${span}&limit=100`]),
    ),
    '/api/v1/attackers',
    ...under('/api/v1/attackers', [
      'since=24h&limit=25&users=5',
      'since=7d&limit=25&users=5',
      'since=30d&limit=25&users=5',
      'since=30d&limit=25&users=5&q=oracle',
      'since=30d&limit=25&users=5&q=name1234',
      'since=30d&limit=25&users=5&q=nobody-of-this-name',
      `since=30d&limit=25&users=5&q=${ip(500)}`,
      'since=90d&limit=100&users=1000',
      `ip=${ip(0)}`,
      `since=30d&ip=${ip(0)}`,
    ]),
    ...under(
      '/api/v1/top',
      times.flatMap((span) => [`by=user&${span}&limit=10`, `by=network&${span}&limit=10`]),
    ),
    ...under('/api/v1/top', ['by=user&since=30d&q=racl', 'by=network']),
    '/api/v1/hosts',
    `/api/v1/host?name=${host}`,
    '/api/v1/fleet',
    '/api/v1/findings',
    ...under('/api/v1/findings', [
      `host=${host}`,
      `ip=${ip(0)}`,
      `ip=${ip(500)}`,
      'kind=login',
      'kind=probe',
      'kind=blocked',
      'user=root',
      'user=name12345',
      'user=nobody-of-this-name',
      'q=oracle',
      'q=nothing-that-is-there',
      'since=30d&until=29d',
    ]),
    '/api/v1/alerts?since=24h',
    '/api/v1/reports',
    '/api/v1/log',
    '/api/v1/log?kind=audit',
    '/api/v1/settings',
    '/api/v1/codes',
    '/api/v1/openapi.json',
    '/metrics',
    '/healthz',
  ]
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
    const before = process.threadCpuUsage()
    const answer = await app.inject({ url: question, headers: { cookie } })
    const { user, system } = process.threadCpuUsage(before)
    if (answer.statusCode !== 200) throw new Error(`${question}: ${answer.body}`)
    return { cost: (user + system) / 1000, size: answer.rawPayload.length }
  }
  await ask('/healthz')
  const { paths = {} } = app.swagger() as { paths?: object }
  return { ask, paths: Object.keys(paths), close: () => app.close() }
}
