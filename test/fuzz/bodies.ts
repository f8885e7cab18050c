/**
 * Requests as no page and no script of ours would send them: addresses, queries, headers and bodies of
 * every route. Nothing fails inside (no 5xx), an error is our own sentence, and without a session or a
 * token nothing is given away.
 */
import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { createFeed } from '../../collector/fleet/feed.ts'
import { openDatabase } from '../../collector/store/database.ts'
import { openLog } from '../../collector/store/log.ts'
import { openPeople } from '../../collector/store/people/people.ts'
import { openServer } from '../../collector/web/server.ts'
import { enrol } from '../support/findings.ts'
import type { Random } from '../support/random.ts'
import type { Target } from './campaign.ts'
import { mutateJson, mutateText, shorterTexts } from './mutate.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
type Asked = {
  method: Method
  url: string
  /** Who asks. */
  as: 'nobody' | 'ana' | 'token'
  headers: Record<string, string>
  body?: string
}

type World = { app: FastifyInstance; cookie: string; token: string; close: () => Promise<void> }

const askedPerWorld = 5000
const secret = 'onlyAnaMayReadThis'

/** The collector's web server, asked in bytes and in-process. */
export async function bodiesTarget(): Promise<Target<Asked>> {
  let world = await openWorld()
  let asked = 0
  return {
    name: 'bodies',
    seeds,
    mutate: mutateAsked,
    run: async (one) => {
      if (++asked % askedPerWorld === 0) {
        await world.close()
        world = await openWorld()
      }
      await ask(world, one)
      return 1
    },
    smaller: function* smaller(one) {
      for (const url of shorterTexts(one.url)) yield { ...one, url }
      for (const body of shorterTexts(one.body ?? '')) yield { ...one, body }
    },
    end: () => world.close(),
  }
}

async function openWorld(): Promise<World> {
  const now = () => Date.UTC(2026, 10, 22, 12)
  const db = openDatabase(':memory:')
  const feed = createFeed(100)
  const log = openLog(db, now, feed)
  const people = openPeople(db, now)
  enrol(db, secret, now()).tell(
    { kind: 'attempt', at: now() - 1000, ip: '203.0.113.9', user: '__proto__' },
    { kind: 'login', at: now(), ip: '203.0.113.9', user: 'root' },
  )
  const wait = async (): Promise<void> => undefined
  const options = { db, feed, log, people, now, version: '2', trustProxy: [], wait }
  const app = await openServer(options)
  return {
    app,
    cookie: `s=${people.startSession('ana')}`,
    token: people.addToken('t') ?? '',
    close: async () => {
      await app.close()
      db.close()
    },
  }
}

async function ask({ app, cookie, token }: World, asked: Asked): Promise<void> {
  // The stream of news has no end to wait for.
  const as = /live/i.test(decoded(asked.url)) ? 'nobody' : asked.as
  const known = { nobody: {}, ana: { cookie }, token: { authorization: `Bearer ${token}` } }[as]
  // On the collector itself anybody may read the metrics.
  const from = as === 'nobody' ? '192.0.2.9' : '127.0.0.1'
  const answer = await send(app, from, bytesOf(asked, known))
  const { status, head, body } = parted(answer)
  // 503: too many passwords are being looked at.
  assert.ok(status >= 200 && (status < 500 || status === 503), answer.slice(0, 500))
  if (as === 'nobody') assert.ok(!body.includes(secret), 'given away')
  if (status >= 400 && body !== '' && head.includes('application/json')) {
    assert.match(body, /"(?:error|message)":"/)
  }
}

function bytesOf({ method, url, headers, body = '' }: Asked, known: object): string {
  const payload = Buffer.from(body)
  const all = { host: 'localhost', ...headers, ...known, connection: 'close' }
  const lines = Object.entries({ ...all, 'content-length': payload.length }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const target = Buffer.from(url).toString('latin1').replaceAll(/[\s]/g, '+')
  const head = [`${method} ${target === '' ? '/' : target} HTTP/1.1`, ...lines, '', ''].join('\r\n')
  return head + payload.toString('latin1')
}

/** Latin-1 bytes to the server over an in-memory pair of streams, and all it says before it hangs up. */
function send(app: FastifyInstance, from: string, bytes: string): Promise<string> {
  const [theirs, ours] = duplexPair()
  app.server.emit('connection', Object.assign(theirs, { remoteAddress: from }))
  return new Promise((resolve, reject) => {
    let answer = ''
    const end = (): void => {
      clearTimeout(timer)
      ours.destroy()
      theirs.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => reject(new Error(`no answer to ${bytes}`)), answersWithin)
    ours.setEncoding('latin1').on('data', (text) => {
      answer += text
    })
    ours.once('error', reject)
    ours.once('end', end)
    // What is no HTTP is cut off; over such a pair its 400 may be lost with the rest.
    theirs.once('close', () => {
      if (answer === '' && theirs.errored) answer = 'HTTP/1.1 400 Bad Request\r\n\r\n'
      setImmediate(end)
    })
    ours.write(bytes, 'latin1')
  })
}

const answersWithin = 20_000

function parted(answer: string): { status: number; head: string; body: string } {
  const end = answer.indexOf('\r\n\r\n')
  const head = answer.slice(0, end)
  return { status: Number(head.slice(9, 12)), head, body: answer.slice(end + 4) }
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url)
  } catch {
    return `${url} live`
  }
}

const own = { origin: 'http://localhost:80', 'sec-fetch-site': 'same-origin' }
const json = { ...own, 'content-type': 'application/json' }
const form = { ...own, 'content-type': 'application/x-www-form-urlencoded' }
const settings = { schedule: '59 * * * *', zone: 'UTC', quiet: { from: '22:00', to: '06:00' } }

const seeds: readonly Asked[] = [
  ...[
    '/',
    '/app.js',
    '/style.css',
    '/login',
    '/login?to=%3Fpage%3Dlog',
    '/login/AAAAAAAAAAAAAAAA',
    '/api',
    '/healthz',
    '/metrics',
    '/agent',
    '/api/v1/openapi.json',
    '/api/v1/hosts?format=csv',
    '/api/v1/totals?since=24h&until=1h&host=nas',
    '/api/v1/attackers?since=7d&limit=5&q=203&users=3',
    '/api/v1/attackers?ip=203.0.113.9&format=csv',
    '/api/v1/top?by=user&since=24h&limit=9&q=r',
    '/api/v1/top?by=network&format=csv',
    '/api/v1/chart?since=24h&by=host',
    '/api/v1/chart?since=2026-11-22&until=2026-11-23T00:00:00Z&ip=203.0.113.9',
    '/api/v1/host?name=nas',
    '/api/v1/fleet',
    '/api/v1/alerts?since=90m',
    '/api/v1/live?after=1',
    '/api/v1/findings?kind=login&q=r&before=9&limit=2&user=root&ip=::ffff:203.0.113.9',
    '/api/v1/reports?before=5&limit=1',
    '/api/v1/log?kind=agent&before=3&format=csv',
    '/api/v1/settings',
    '/api/v1/codes',
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
  ].flatMap((url): Asked[] => [
    { method: 'GET', url, as: 'ana', headers: {} },
    { method: 'GET', url, as: 'nobody', headers: { accept: 'text/html' } },
  ]),
  ...(
    [
      [
        'POST',
        '/login',
        json,
        { name: 'ana', password: 'x'.repeat(15), code: '1', to: '?page=log' },
      ],
      ['PUT', '/api/v1/settings', json, settings],
      ['PUT', '/api/v1/settings', json, { ...settings, quiet: null }],
      ['POST', '/api/v1/reports/1/resend', json, {}],
      ['POST', '/api/v1/test-message', json, {}],
      ['POST', '/api/v1/codes/new', json, {}],
      ['PUT', '/api/v1/codes', json, { secret: 'A'.repeat(32), code: '123456' }],
      ['DELETE', '/api/v1/codes', json, { code: '123456' }],
    ] as const
  ).map(([method, url, headers, body]): Asked => {
    return { method, url, as: 'ana', headers, body: JSON.stringify(body) }
  }),
  {
    method: 'POST',
    url: '/login',
    as: 'nobody',
    headers: form,
    body: 'name=ana&password=x&to=%3F',
  },
]

const words = [
  '%00',
  '%2e%2e%2f',
  '..\\',
  '%c0%ae',
  '%',
  '%zz',
  '&since=',
  '&limit=',
  '=',
  '?',
  '#',
  ';',
  '//',
  '__proto__',
  'constructor',
  '[]',
  '[0]',
  '1e9',
  '9999999999999999999',
  '-1',
  '24h',
  '0d',
  '999999w',
  'NaN',
  'null',
  'true',
  "'",
  '"',
  '<script>',
  '*/',
  '--',
  'GLOB',
  '%25',
  '_',
  '\u202e',
  '\ud83d\ude00',
  '1970-01-01',
  '+275760-09-13T00:00:00Z',
  '-271821-04-20',
  '2026-02-30',
  'csv',
  'login',
  '::1',
  '%E2%80%AE',
]
const headerWords = [
  'origin',
  'host',
  'cookie',
  'authorization',
  'content-type',
  'accept',
  'sec-fetch-site',
  'x-forwarded-for',
  'x-forwarded-proto',
  'last-event-id',
  'range',
  'if-none-match',
]

function mutateAsked(asked: Asked, random: Random, other: Asked): Asked {
  switch (random.whole(0, 9)) {
    case 0:
      return { ...asked, method: random.pick<Method>(['GET', 'POST', 'PUT', 'DELETE', 'HEAD']) }
    case 1:
      return { ...asked, as: random.pick<Asked['as']>(['nobody', 'ana', 'token']) }
    case 2: {
      const value = mutateText(
        random.pick(Object.values({ ...own, ...json })),
        random,
        asked.url,
        words,
      )
      const sent = value.replaceAll(/[\r\n]/g, '')
      return { ...asked, headers: { ...asked.headers, [random.pick(headerWords)]: sent } }
    }
    case 3:
      return { ...asked, body: mutateText(asked.body ?? '', random, other.body ?? '', words) }
    case 4:
    case 5:
      return { ...asked, body: otherJson(asked.body ?? 'null', random) }
    default:
      return { ...asked, url: mutateText(asked.url, random, other.url, words) }
  }
}

function otherJson(body: string, random: Random): string {
  try {
    return JSON.stringify(mutateJson(JSON.parse(body), random, words)) ?? 'null'
  } catch {
    return body
  }
}
