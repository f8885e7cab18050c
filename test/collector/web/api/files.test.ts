import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openReports } from '../../../../collector/store/reports/reports.ts'
import { enrol } from '../../../support/findings.ts'
import { noon, startWeb, type Web } from '../../../support/web.ts'

const many = 2345
let web: Web
let token = ''

before(async () => {
  web = await startWeb()
  token = web.people.addToken('script') ?? ''
  const nas = enrol(web.db, 'nas', noon)
  nas.tell(
    ...Array.from({ length: many }, (_, at) => ({
      kind: 'attempt' as const,
      at: noon - at * 60_000,
      ip: `2001:db8::${(at + 1).toString(16)}`,
      user: `name${at}`,
      count: 1 + (at % 3),
    })),
  )
  for (let at = 0; at < 1200; at += 1) web.log.append('agent', `line ${at}`)
})
after(() => web.close())

async function file(path: string) {
  const answer = await web.ask(`/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } })
  return { text: await answer.text(), headers: answer.headers, status: answer.status }
}

const linesOf = (text: string) => text.trimEnd().split('\r\n').slice(1)

test('a spreadsheet holds the whole table, however long', async () => {
  const asked = [
    ['attackers', many],
    ['attackers?since=7d', many],
    ['attackers?since=36h&host=nas', 36 * 60 + 1],
    // An end is counted in whole hours: this one is 12:00.
    ['attackers?since=26h&until=1h', 26 * 60 + 1 - 21],
    ['top?by=user', many],
    ['top?by=user&since=7d', many],
    ['findings?host=nas', many],
    ['log', 1200],
    ['hosts', 1],
    ['attackers?limit=1500', 1500],
    ['findings?limit=7', 7],
  ] as const
  for (const [path, rows] of asked) {
    const { text, status } = await file(`${path}${path.includes('?') ? '&' : '?'}format=csv`)
    assert.equal(status, 200, text)
    const lines = linesOf(text)
    assert.equal(lines.length, rows, path)
    assert.equal(new Set(lines).size, path === 'log' ? lines.length : rows, `${path}: none twice`)
  }
})

test('a report stands whole in its spreadsheet', async () => {
  const text = Array.from({ length: 300 }, (_, at) => `row ${at}`).join('; ')
  await openReports(web.db).ask(noon, noon, () => ({
    digest: null,
    parts: [{ text, entities: [] }],
    loud: true,
  }))
  const { text: table } = await file('reports?format=csv')
  assert.ok(table.includes(`"${text}"`), table)
})

test('the most active come first, with their hosts and names', async () => {
  const { text } = await file('attackers?since=7d&format=csv')
  const lines = linesOf(text)
  const attempts = lines.map((line) => Number(line.split(',')[1]))
  assert.deepEqual(
    attempts,
    attempts.toSorted((one, other) => other - one),
  )
  assert.match(lines[0] ?? '', /^"2001:db8::[0-9a-f]+",3,0,0,.*,"nas","name\d+"$/)
})

test('as JSON the file is the answer of the API, whole', async () => {
  const { text, headers } = await file('findings?format=all')
  assert.match(headers.get('content-disposition') ?? '', /filename="cibot-findings\.json"/)
  const { findings } = JSON.parse(text)
  const page = await web.read('/api/v1/findings?limit=2')
  assert.equal(findings.length, many)
  assert.deepEqual(findings.slice(0, 2), page.body.findings)
  const none = await file('findings?ip=192.0.2.9&format=all')
  assert.deepEqual(JSON.parse(none.text), { findings: [] })
  const hosts = await file('hosts?format=all')
  assert.deepEqual(JSON.parse(hosts.text), (await web.read('/api/v1/hosts')).body)
})

test('others have their turn while a file is written', async () => {
  let turns = 0
  let isDone = false
  const count = () => {
    turns += 1
    if (!isDone) setImmediate(count)
  }
  const answer = web.app.inject({
    url: '/api/v1/attackers?since=7d&format=csv',
    headers: { authorization: `Bearer ${token}` },
  })
  setImmediate(count)
  assert.equal(linesOf((await answer).body).length, many)
  isDone = true
  assert.ok(turns > many / 20, `${turns} turns`)
})
