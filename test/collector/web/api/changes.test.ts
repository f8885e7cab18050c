import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { totpCode } from '../../../../collector/store/people/totp.ts'
import { noon, sessionCookie, startWeb, type Web } from '../../../support/web.ts'

let web: Web
const changed: unknown[] = []
let woken = 0

before(async () => {
  web = await startWeb(':memory:', {
    settingsChanged: (settings) => changed.push(settings),
    wake: () => {
      woken += 1
    },
  })
  await web.people.setPassword('ana', 'a lamp, three boats and the moon')
})
after(() => web.close())

const settings = { schedule: '0 8 * * *', zone: 'Europe/Rome', quiet: '22:00-07:00' }

async function send(method: string, path: string, body?: unknown, headers = {}) {
  const answer = await web.ask(`/api/v1/${path}`, {
    method,
    headers: {
      cookie: sessionCookie(web),
      origin: web.url,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what the tests look at
  return { status: answer.status, body: (await answer.json()) as any }
}

const lastLine = () => web.log.newest({ limit: 1 })[0]

test('a person changes settings; each change is in the audit log and told at once', async () => {
  assert.deepEqual(await send('PUT', 'settings', settings), { status: 200, body: settings })
  assert.deepEqual(changed, [settings])
  assert.deepEqual(
    web.log.newest({ limit: 10, kind: 'audit' }).map(({ text }) => text),
    [
      'ana changed quiet from none to 22:00-07:00',
      'ana changed zone from UTC to Europe/Rome',
      'ana changed schedule from 59 * * * * to 0 8 * * *',
    ],
  )
  await send('PUT', 'settings', settings)
  assert.equal(changed.length, 1, 'nothing changed, nothing told')
  assert.equal((await web.read('/api/v1/fleet')).body.zone, 'Europe/Rome')
})

test('what is no setting is refused and nothing is changed', async () => {
  for (const body of [
    { ...settings, zone: 'Rome' },
    { ...settings, schedule: '* * * * * *' },
    { ...settings, token: 'x' },
    { zone: 'UTC' },
    [],
  ]) {
    assert.equal((await send('PUT', 'settings', body)).status, 400)
  }
  assert.deepEqual((await send('GET', 'settings')).body, settings)
})

test('neither a token nor a foreign page nor a stranger changes anything', async () => {
  const bearer = { authorization: `Bearer ${web.people.addToken('script')}`, cookie: '' }
  const paths = [
    ['PUT', 'settings', settings],
    ['POST', 'test-message', undefined],
    ['POST', 'reports/1/resend', undefined],
    ['POST', 'codes/new', undefined],
    ['DELETE', 'codes', { code: '000000' }],
  ] as const
  for (const [method, path, body] of paths) {
    assert.equal((await send(method, path, body, bearer)).status, 403, `${path} with a token`)
    assert.equal((await send(method, path, body, { cookie: '' })).status, 401, path)
    const foreign = { origin: 'https://evil.example' }
    assert.equal((await send(method, path, body, foreign)).status, 403, `${path} from elsewhere`)
  }
})

test('a test message is a report of its own, and a report is sent again', async () => {
  woken = 0
  const { status, body } = await send('POST', 'test-message')
  assert.equal(status, 200)
  const { body: listed } = await web.read('/api/v1/reports')
  assert.match(listed.reports[0].parts[0].text, /^Test message, asked for by ana/)
  web.db.prepare("UPDATE outbox SET state = 'sent'").run()
  assert.deepEqual((await send('POST', `reports/${body.report}/resend`)).body, { parts: 1 })
  assert.equal(woken, 2)
  assert.equal(lastLine()?.text, `ana had report ${body.report} sent again`)
  assert.equal((await send('POST', 'reports/999/resend')).status, 404)
  assert.equal((await send('POST', 'reports/x/resend')).status, 400)
})

test('a code is asked for only once one has proven to work, and each works once', async () => {
  const password = 'a lamp, three boats and the moon'
  const logIn = async (code?: string) => {
    const body = JSON.stringify({ name: 'ana', password, ...(code && { code }) })
    const headers = { 'content-type': 'application/json', origin: web.url }
    return (await web.ask('/login', { method: 'POST', headers, body })).status
  }
  const { body: fresh } = await send('POST', 'codes/new')
  const code = (off: number) => totpCode(fresh.secret, Math.floor(noon / 30_000) + off)
  const wrong = await send('PUT', 'codes', { secret: fresh.secret, code: '000000' })
  assert.equal(wrong.status, 400)
  assert.equal(await logIn(), 200, 'not asked for yet')
  assert.equal((await send('PUT', 'codes', { secret: fresh.secret, code: code(-1) })).status, 200)
  assert.equal(await logIn(), 401)
  assert.match(lastLine()?.text ?? '', /gave a wrong password code for ana/)
  assert.equal(await logIn(code(-1)), 401, 'used when it was set up')
  assert.equal(await logIn(code(0)), 200)
  assert.equal(await logIn(code(0)), 401, 'used already')
  assert.equal((await send('DELETE', 'codes', { code: code(0) })).status, 400)
  assert.equal((await send('DELETE', 'codes', { code: code(1) })).status, 200)
  assert.equal(await logIn(), 200)
})
