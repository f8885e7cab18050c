import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TSchema } from 'typebox'
import * as shapes from '../../../../collector/web/api/shapes.ts'
import { checker } from '../../../../shared/check.ts'
import { enrol } from '../../../support/findings.ts'
import { noon, startWeb, type Web } from '../../../support/web.ts'

const hour = 3_600_000
// What attackers type where a name belongs.
const hostile = [
  '__proto__',
  'constructor',
  '<script>alert(1)</script>',
  'root\nroot from 10.9.9.9',
  '\u202egnp.exe',
  '\u001b[31mred',
  '"; DROP TABLE finding; --',
  'a\u2028b',
  '💥',
]

let web: Web

before(async () => {
  web = await startWeb()
  const nas = enrol(web.db, 'nas', noon)
  const pi = enrol(web.db, 'pi', noon)
  nas.tell(
    {
      kind: 'attempt',
      at: noon - 60_000,
      ip: '203.0.113.9',
      port: 4711,
      user: 'root',
      method: 'password',
      count: 3,
    },
    { kind: 'probe', at: noon - 2 * hour, ip: '2001:db8::7' },
    { kind: 'change', at: noon, program: 'useradd', user: 'eve', text: 'new user eve' },
    ...hostile.map((user) => ({ kind: 'attempt' as const, at: noon, ip: '198.51.100.66', user })),
  )
  pi.tell(
    { kind: 'attempt', at: noon - 50_000, ip: '203.0.113.9', user: 'pi' },
    { kind: 'login', at: noon - 40_000, ip: '203.0.113.9', user: 'pi', method: 'password' },
  )
  web.log.append('agent', 'nas connected')
  web.db
    .prepare(
      `INSERT INTO report (kind, from_n, to_n, from_gap, to_gap, from_at, to_at, digest)
       VALUES ('period', 0, 3, 0, 0, ?, ?, '{}')`,
    )
    .run(noon - hour, noon)
  web.db
    .prepare(
      `INSERT INTO outbox (report, part, parts, text, entities, loud, state, due)
       VALUES (1, 1, 1, 'Quiet: nobody got in', '[]', 0, 'sent', ?)`,
    )
    .run(noon)
})
after(() => web.close())

const answers: [string, TSchema][] = [
  ['/api/v1/totals', shapes.TotalsAnswer],
  ['/api/v1/totals?since=24h', shapes.TotalsAnswer],
  ['/api/v1/attackers?since=24h&limit=5&q=203', shapes.AttackersAnswer],
  ['/api/v1/hosts', shapes.HostsAnswer],
  ['/api/v1/attackers?ip=203.0.113.9', shapes.AttackersAnswer],
  ['/api/v1/attackers?since=24h&until=1h&host=nas', shapes.AttackersAnswer],
  ['/api/v1/top?by=user&since=24h', shapes.TopAnswer],
  ['/api/v1/top?by=network', shapes.TopAnswer],
  ['/api/v1/chart?since=24h', shapes.ChartAnswer],
  ['/api/v1/chart?since=30d&by=host', shapes.ChartAnswer],
  ['/api/v1/host?name=nas', shapes.HostAnswer],
  ['/api/v1/fleet', shapes.FleetAnswer],
  ['/api/v1/findings', shapes.FindingsAnswer],
  ['/api/v1/findings?kind=login&q=pi&since=24h', shapes.FindingsAnswer],
  ['/api/v1/log?kind=agent', shapes.LogAnswer],
  ['/api/v1/alerts', shapes.AlertsAnswer],
  ['/api/v1/reports', shapes.ReportsAnswer],
  ['/api/v1/log', shapes.LogAnswer],
]

for (const [path, schema] of answers) {
  test(`${path} answers in the shape that is documented`, async () => {
    const { status, body } = await web.read(path)
    assert.equal(status, 200)
    assert.deepEqual(checker(schema)(body), { ok: true, value: body })
  })
}

test('totals and attackers agree, over all time and within a span', async () => {
  const { body: all } = await web.read('/api/v1/totals')
  assert.deepEqual(all, { attempts: 13, probes: 1, logins: 1, attackers: 3, hosts: 2 })
  const { body: hourly } = await web.read('/api/v1/totals?since=1h')
  assert.deepEqual(hourly, { attempts: 13, probes: 0, logins: 1, attackers: 2, hosts: 2 })
  const { body } = await web.read('/api/v1/attackers?since=1h&q=203.0.113.9')
  assert.deepEqual(body.attackers, [
    {
      ip: '203.0.113.9',
      attempts: 4,
      probes: 0,
      logins: 1,
      seenOn: 2,
      hosts: {
        nas: { attempts: 3, probes: 0, logins: 0 },
        pi: { attempts: 1, probes: 0, logins: 1 },
      },
      users: { root: 3, pi: 1 },
      first: '2026-11-22T12:19:00.000Z',
      last: '2026-11-22T12:19:20.000Z',
    },
  ])
  const few = await web.read('/api/v1/attackers?since=1h&q=203.0.113.9&hosts=1&users=0')
  const { hosts, ...others } = body.attackers[0]
  assert.deepEqual(few.body.attackers, [{ ...others, hosts: { nas: hosts.nas }, users: {} }])
})

test('the addresses of a network are those its counts are made of, and no others', async (t) => {
  const web = await startWeb()
  t.after(web.close)
  const of = [
    '1.2.3.4',
    '1.2.3.99',
    '11.2.3.4',
    '2001:db8:1::9',
    '2001:db8:1:2::9',
    '2001:db8:12::9',
  ]
  const told = of.map((ip, at) => ({ kind: 'attempt', at: noon, ip, count: at + 1 }) as const)
  const named = { kind: 'attempt', at: noon, ip: '192.0.2.1', user: '1.2.3.' } as const
  enrol(web.db, 'nas', noon).tell(...told, named)
  const { body } = await web.read('/api/v1/top?by=network&since=1h')
  const networks = new Map<string, number>()
  for (const { name, attempts } of body.top) networks.set(name, attempts)
  assert.deepEqual([networks.get('1.2.3.0/24'), networks.get('2001:db8:1::/48')], [3, 9])
  for (const [network, attempts] of networks) {
    const { body } = await web.read(`/api/v1/attackers?since=1h&q=${encodeURIComponent(network)}`)
    const sum = body.attackers.reduce(
      (all: number, one: { attempts: number }) => all + one.attempts,
      0,
    )
    assert.equal(sum, attempts, network)
  }
})

test('a span can be said in every documented way', async () => {
  const at = noon - 30 * 60_000
  for (const since of [
    '30m',
    '1800s',
    String(at),
    '2026-11-22T11:50:00Z',
    '2026-11-22T11:50:00.000Z',
    '2026-11-22T13:50:00+02:00',
    encodeURIComponent('2026-11-22T13:50:00+02:00'),
    '2026-11-22T09:50-02:00',
  ]) {
    const { body } = await web.read(`/api/v1/totals?since=${since}`)
    assert.deepEqual([body.attempts, body.probes], [13, 0], since)
  }
  for (const since of ['2026-11-22', '0', '1d', '2w']) {
    const { body } = await web.read(`/api/v1/totals?since=${since}`)
    assert.deepEqual([body.attempts, body.probes], [13, 1], since)
  }
})

test('a wrong value is refused with a sentence that names it and says what is right', async () => {
  const wrong: [string, RegExp][] = [
    ['totals?since=yesterday', /^since: "yesterday" is no time; right would be /],
    ['totals?since=', /^since: "" is no time/],
    ['totals?since=2026-13-45', /^since: /],
    ['totals?since=2026-02-29', /^since: "2026-02-29" is no time/],
    ['totals?until=2026-06-31T10:00:00Z', /^until: /],
    ['totals?since=2026-11-22T10:00:00', /^since: /],
    ['totals?since=-5', /^since: /],
    ['totals?since=1e9', /^since: /],
    ['totals?since=24h&since=7d', /^query: since: /],
    ['totals?until=soon', /^until: "soon" is no time/],
    ['totals?before=24h', /^query: "before" is not known here$/],
    ['totals?__proto__=1', /^query: "__proto__" is not known here$/],
    ['attackers?limit=0', /^limit: "0" is not a whole number from 1 to 500$/],
    ['attackers?limit=501', /^limit: /],
    ['attackers?limit=1.5', /^limit: /],
    ['attackers?limit=%20', /^limit: /],
    ['attackers?limit=NaN', /^limit: /],
    ['attackers?hosts=all', /^hosts: "all" is not a whole number from 0 to 1000$/],
    ['attackers?users=1001', /^users: "1001" is not a whole number from 0 to 1000$/],
    [`attackers?q=${'x'.repeat(300)}`, /^query: q: /],
    ['findings?kind=bogus', /^query: kind: must be one of /],
    ['findings?before=x', /^before: "x" is not a whole number$/],
    ['findings?limit=99999999999999999999', /^query: limit: /],
    ['live?after=1', /^after: /],
    ['hosts?x=1', /^query: "x" is not known here$/],
  ]
  for (const [path, sentence] of wrong) {
    const { status, body } = await web.read(`/api/v1/${path}`)
    assert.equal(status, 400, path)
    assert.match(body.error, sentence)
    assert.match(body.request, /^req-/)
  }
})

test('whatever an attacker types comes back as it is, and as nothing else', async () => {
  const answer = await web.ask('/api/v1/attackers?q=198.51.100.66', {
    headers: { authorization: `Bearer ${web.people.addToken('raw')}` },
  })
  const text = await answer.text()
  const users = new Map(
    Object.entries(JSON.parse(text).attackers[0].users as Record<string, number>),
  )
  assert.deepEqual([...users.keys()].sort(), [...hostile].sort())
  assert.equal(users.get('__proto__'), 1)
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  for (const user of hostile) {
    const { body } = await web.read(`/api/v1/findings?user=${encodeURIComponent(user)}`)
    assert.deepEqual(
      body.findings.map((finding: { user: string }) => finding.user),
      [user],
    )
  }
})

test('findings are filtered by host, address (however written), kind and place', async () => {
  const count = async (query: string) =>
    (await web.read(`/api/v1/findings?${query}`)).body.findings.length
  assert.equal(await count('host=pi'), 2)
  assert.equal(await count('ip=::ffff:203.0.113.9'), 3)
  assert.equal(await count('ip=2001:DB8:0::7'), 1)
  assert.equal(await count('kind=login'), 1)
  assert.equal(await count('kind=change&host=nas'), 1)
  assert.equal(await count('before=3'), 2)
  const { body } = await web.read('/api/v1/findings?limit=2')
  assert.equal(body.findings.length, 2)
  assert.equal(body.next, body.findings[1].n)
})

test('a login after failures anywhere is an alert', async () => {
  const { body } = await web.read('/api/v1/alerts?since=24h')
  assert.equal(body.gaps, 0)
  assert.deepEqual(body.alerts, [
    {
      ip: '203.0.113.9',
      host: 'pi',
      user: 'pi',
      failed: body.alerts[0].failed,
      times: 1,
      first: '2026-11-22T12:19:20.000Z',
      last: '2026-11-22T12:19:20.000Z',
    },
  ])
})

test('reports show how their delivery stands, the log what the collector did', async () => {
  const { body } = await web.read('/api/v1/reports')
  assert.deepEqual(body.reports[0], {
    id: 1,
    kind: 'period',
    from: '2026-11-22T11:20:00.000Z',
    to: '2026-11-22T12:20:00.000Z',
    superseded: null,
    parts: [
      {
        part: 1,
        state: 'sent',
        tries: 0,
        why: null,
        due: null,
        text: 'Quiet: nobody got in',
        entities: [],
      },
    ],
  })
  const { body: log } = await web.read('/api/v1/log?limit=1')
  assert.deepEqual(log.log[0].text, 'nas connected')
})

test('the OpenAPI document and its page list every address of the API', async () => {
  const { body } = await web.read('/api/v1/openapi.json')
  assert.deepEqual(
    Object.keys(body.paths).sort(),
    [
      'alerts',
      'attackers',
      'chart',
      'findings',
      'fleet',
      'host',
      'hosts',
      'live',
      'log',
      'reports',
      'top',
      'totals',
    ].map((name) => `/api/v1/${name}`),
  )
  assert.deepEqual(
    Object.keys(
      body.paths['/api/v1/totals'].get.responses['200'].content['application/json'].schema
        .properties,
    ),
    ['attempts', 'probes', 'logins', 'attackers', 'hosts'],
  )
  const page = await web.ask('/api', { headers: { cookie: `s=${web.people.startSession('ana')}` } })
  const html = await page.text()
  assert.match(html, /<code>GET \/api\/v1\/attackers<\/code>/)
  assert.match(html, /most active first/)
  assert.match(html, /<dt><code>by<\/code>: user, network \(needed\)<\/dt><dd>What to list\./)
  assert.match(html, /<dt><code>kind<\/code>: attempt, probe, /)
  assert.doesNotMatch(html, /<dd><\/dd>/, 'every parameter is explained')
})

test('metrics are read by Prometheus, whatever a host is called', async () => {
  web.db.prepare(`INSERT INTO host (name, label) VALUES ('odd', ?)`).run('a"b\\c\nd')
  const answer = await web.ask('/metrics')
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const lines = (await answer.text()).trimEnd().split('\n')
  assert.ok(lines.includes('cibot_attempts_total{host="nas"} 12'))
  assert.ok(lines.includes('cibot_host_online{host="a\\"b\\\\c\\nd"} 0'))
  assert.ok(lines.includes('cibot_outbox_parts{state="sent"} 1'))
  assert.ok(lines.includes('# HELP cibot_attackers Addresses with an attempt or a probe.'))
  for (const line of lines) {
    assert.match(
      line,
      /^(?:# (?:HELP|TYPE) .+|[a-z_]+(?:\{[a-z]+="(?:[^"\\\n]|\\.)*"\})? [0-9.e+-]+)$/,
    )
  }
})

test('healthz says ok and nothing else', async () => {
  const answer = await web.ask('/healthz')
  assert.equal(await answer.text(), 'ok\n')
  assert.equal((await web.ask('/healthz', { method: 'HEAD' })).status, 200)
})

test('an error inside is told by its request id alone', async () => {
  const broken = await startWeb()
  const { log } = broken
  log.newest = () => {
    throw new Error('SQLITE_CORRUPT in /var/lib/cibot/collector.db')
  }
  const { status, body } = await broken.read('/api/v1/log')
  assert.equal(status, 500)
  assert.match(body.request, /^req-/)
  assert.ok(!JSON.stringify(body).includes('SQLITE'))
  await broken.close()
})
