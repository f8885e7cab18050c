import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import { sessionCookie, startWeb, type Web } from '../../../support/web.ts'

const password = 'a lamp, three boats and the moon'
const form = 'application/x-www-form-urlencoded'

let web: Web
before(async () => {
  web = await startWeb()
  await web.people.setPassword('ana', password)
})
after(() => web.close())

const own = () => ({ origin: web.url })

function logIn(name: string, secret: string, headers: Record<string, string> = own()) {
  return web.ask('/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ name, password: secret }),
  })
}

async function errorOf(answer: Response): Promise<string> {
  return ((await answer.json()) as { error: string }).error
}

function cookieOf(answer: Response): string {
  return answer.headers.getSetCookie()[0] ?? ''
}

const shut = [
  '/',
  '/?page=log',
  '/app.js',
  '/api/v1/chart?since=24h',
  '/api/v1/top?by=user',
  '/api/v1/host?name=nas',
  '/api/v1/fleet',
  '/api/v1/settings',
  '/api/v1/codes',
  '/api/v1/findings?format=csv',
  '/tables.js',
  '/api',
  '/api/v1/totals',
  '/api/v1/attackers',
  '/api/v1/hosts',
  '/api/v1/findings',
  '/api/v1/alerts',
  '/api/v1/reports',
  '/api/v1/log',
  '/api/v1/live',
  '/api/v1/openapi.json',
  '/agent',
  '/nothing',
  '/api/v1/',
  '/login/../api/v1/totals',
  '//api/v1/totals',
  '/api/v1/totals/',
  '/API/V1/TOTALS',
  '/page/index.html',
]

test('without a session or token nothing but the login page is answered', async () => {
  const cookies = ['', 's=', `s=${'A'.repeat(43)}`, '__Host-s=x', `s=${'x'.repeat(5000)}`]
  for (const path of shut) {
    for (const cookie of cookies) {
      const answer = await web.ask(path, { headers: { cookie } })
      assert.equal(answer.status, 401, `${path} with ${cookie.slice(0, 20)}`)
      assert.match(await errorOf(answer), /^log in first/)
    }
    const answer = await web.ask(path, {
      headers: { authorization: 'Bearer AAAAAAAAAAAAAAAAAAAAAAAA' },
    })
    assert.equal(answer.status, 401, path)
  }
})

test('a browser without a session is led to the login page, which needs none', async () => {
  const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'
  const answer = await web.ask('/', { headers: { accept } })
  assert.deepEqual([answer.status, answer.headers.get('location')], [303, './login'])
  assert.equal((await web.ask('/api/v1/totals', { headers: { accept } })).status, 401)
  const page = await web.ask('/login')
  assert.equal(page.status, 200)
  assert.equal((await web.ask('/style.css')).status, 200)
  const loggedIn = await web.ask('/login', { headers: { cookie: sessionCookie(web) } })
  assert.equal(loggedIn.status, 303)
})

test('a session or a token opens the same addresses', async () => {
  const cookie = sessionCookie(web)
  const authorization = `Bearer ${web.people.addToken('script')}`
  for (const path of ['/', '/app.js', '/api', '/api/v1/totals', '/api/v1/hosts', '/metrics']) {
    assert.equal((await web.ask(path, { headers: { cookie } })).status, 200, path)
    assert.equal((await web.ask(path, { headers: { authorization } })).status, 200, path)
  }
  assert.equal((await web.ask('/nothing', { headers: { cookie } })).status, 404)
  const wrong = { cookie, authorization: 'Bearer AAAAAAAAAAAAAAAAAAAAAAAA' }
  assert.equal(
    (await web.ask('/', { headers: wrong })).status,
    401,
    'a wrong token is not made good',
  )
})

test('every answer carries the headers that keep a page to itself', async () => {
  for (const path of ['/login', '/api/v1/totals', '/nothing', '/healthz']) {
    const { headers } = await web.ask(path)
    assert.equal(
      headers.get('content-security-policy'),
      "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'",
    )
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('strict-transport-security'), null, 'not over plain HTTP')
    assert.equal(headers.get('server'), null)
  }
})

test('the right password gives a strict cookie and a fresh token each time', async () => {
  const first = await logIn('ana', password)
  assert.equal(first.status, 200)
  assert.match(cookieOf(first), /^s=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
  const second = await logIn('ana', password)
  assert.notEqual(cookieOf(first), cookieOf(second))
  const cookie = cookieOf(second).split(';')[0] ?? ''
  assert.equal((await web.ask('/api/v1/totals', { headers: { cookie } })).status, 200)
})

test('a wrong password, an unknown name and no password at all look the same', async () => {
  const bodies = []
  for (const [name, secret] of [
    ['ana', 'wrong'],
    ['nobody', password],
    ['__proto__', password],
    ['', ''],
    ["' OR 1=1 --", password],
  ] as const) {
    const answer = await logIn(name, secret)
    assert.equal(answer.status, 401)
    assert.deepEqual(answer.headers.getSetCookie(), [])
    bodies.push(await errorOf(answer))
  }
  assert.equal(new Set(bodies).size, 1)
  const texts = web.log.newest({ limit: 5 }).map(({ text }) => text)
  assert.ok(texts.some((text) => text.endsWith('for ana')))
  assert.ok(
    texts.every((text) => !text.includes('OR 1=1')),
    'what was typed is not repeated',
  )
})

test('the form works without JavaScript and says what was wrong', async () => {
  const post = (body: string) =>
    web.ask('/login', { method: 'POST', headers: { 'content-type': form, ...own() }, body })
  const wrong = await post('name=ana&password=wrong')
  assert.equal(wrong.status, 401)
  assert.match(await wrong.text(), /Name, password or code is wrong/)
  const right = await post(`name=ana&password=${encodeURIComponent(password)}`)
  assert.deepEqual([right.status, right.headers.get('location')], [303, './'])
  assert.equal((await post('name=ana')).status, 400)
  assert.equal((await post('name=ana&password=x&__proto__=1')).status, 400)
})

test('a body that is no login is refused before any password is tried', async () => {
  const post = (type: string, body: string) =>
    web.ask('/login', { method: 'POST', headers: { 'content-type': type, ...own() }, body })
  const json = 'application/json'
  assert.equal((await post(json, '{"name":1,"password":"x"}')).status, 400)
  assert.equal((await post(json, '{"name":"a","password":"x","admin":true}')).status, 400)
  assert.equal((await post(json, '{"__proto__":{"name":"ana"}}')).status, 400)
  assert.equal((await post(json, '{"name":')).status, 400)
  assert.equal((await post('text/plain', 'name=ana')).status, 415)
  assert.equal((await post('multipart/form-data', 'x')).status, 415)
  const long = JSON.stringify({ name: 'ana', password: 'x'.repeat(70_000) })
  assert.equal((await post(json, long)).status, 413)
})

test('a POST from another page, or from none, is refused (S4)', async () => {
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `${web.url}.evil.example` },
    { origin: web.url.replace('http:', 'https:') },
    { origin: web.url, 'sec-fetch-site': 'cross-site' },
    { origin: web.url, 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    {},
  ]
  const cookie = sessionCookie(web)
  for (const headers of foreign) {
    assert.equal((await logIn('ana', password, headers)).status, 403, JSON.stringify(headers))
    const out = await web.ask('/logout', { method: 'POST', headers: { cookie, ...headers } })
    assert.equal(out.status, 403)
  }
  assert.equal((await web.ask('/', { headers: { cookie } })).status, 200, 'still logged in')
  for (const headers of [{}, { origin: 'null' }, { origin: web.url }]) {
    const answer = await logIn('ana', password, { 'sec-fetch-site': 'same-origin', ...headers })
    assert.equal(answer.status, 200)
  }
})

test('GET changes nothing: /logout is not one', async () => {
  const cookie = sessionCookie(web)
  assert.equal((await web.ask('/logout', { headers: { cookie } })).status, 404)
  assert.equal((await web.ask('/', { headers: { cookie } })).status, 200)
})

test('logging out ends the session on the server', async () => {
  const cookie = sessionCookie(web)
  const out = await web.ask('/logout', { method: 'POST', headers: { cookie, ...own() } })
  assert.equal(out.status, 200)
  assert.match(cookieOf(out), /^s=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970/)
  assert.equal((await web.ask('/api/v1/totals', { headers: { cookie } })).status, 401)
})

test('HEAD is answered as GET is, without the body', async () => {
  const cookie = sessionCookie(web)
  const csv = '/api/v1/attackers?format=csv'
  for (const path of ['/', '/login', '/api', '/app.js', '/api/v1/totals', '/metrics', csv, '/no']) {
    const [get, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => web.ask(path, { method, headers: { cookie } })),
    )
    assert.equal(head?.status, get?.status, path)
    assert.equal(head?.headers.get('content-type'), get?.headers.get('content-type'), path)
    assert.equal(await head?.text(), '', path)
  }
  const stranger = await web.ask('/api/v1/totals', { method: 'HEAD' })
  assert.equal(stranger.status, 401)
})

test('a person is told no in a page, a script in JSON', async () => {
  const cookie = sessionCookie(web)
  const accept = 'text/html,*/*;q=0.8'
  const shown = await web.ask('/a/b?x=<b>', { headers: { cookie, accept } })
  assert.equal(shown.status, 404)
  assert.match(shown.headers.get('content-type') ?? '', /^text\/html/)
  const page = await shown.text()
  assert.match(page, /<p class="wrong" role="alert">There is nothing under this address\.<\/p>/)
  assert.match(page, /href="\.\.\/style\.css"/)
  assert.match(page, /<a href="\.\.\/\.\/">/)
  for (const [path, asked] of [
    ['/a/b', '*/*'],
    ['/api/v1/nothing', accept],
  ] as const) {
    const told = await web.ask(path, { headers: { cookie, accept: asked } })
    const { error } = (await told.json()) as { error: string }
    assert.equal(error, 'there is nothing under this address')
  }
  const broken = await web.ask('/api/v1/%zz', { headers: { cookie } })
  assert.equal(broken.status, 400)
  assert.deepEqual(Object.keys((await broken.json()) as object), ['error', 'request'])
})

test('whoever logs out of a session that has ended is led to the login page', async () => {
  const headers = { ...own(), accept: 'text/html', 'content-type': form }
  const out = await web.ask('/logout', { method: 'POST', headers, body: '' })
  assert.equal(out.status, 303)
  assert.equal(out.headers.get('location'), './login')
})

test('a session planted before the login is worth nothing after it', async () => {
  const planted = web.people.startSession('mallory')
  const answer = await logIn('ana', password, { ...own(), cookie: `s=${planted}` })
  assert.equal(answer.status, 200)
  assert.ok(!cookieOf(answer).includes(planted))
  assert.equal(web.people.session(planted), undefined)
  const unknown = 'A'.repeat(43)
  const other = await logIn('ana', password, { ...own(), cookie: `s=${unknown}` })
  assert.ok(!cookieOf(other).includes(unknown))
  assert.equal(web.people.session(unknown), undefined)
})

test('a login link works once, and not for a browser that only looks ahead', async () => {
  const link = `/login/${web.people.makeLink('ana')}`
  assert.equal((await web.ask(link, { method: 'HEAD' })).status, 401)
  const ahead = await web.ask(link, { headers: { 'sec-purpose': 'prefetch;prerender' } })
  assert.equal(ahead.status, 403)
  const first = await web.ask(link)
  assert.deepEqual([first.status, first.headers.get('location')], [303, '../'])
  const cookie = cookieOf(first).split(';')[0] ?? ''
  assert.equal((await web.ask('/', { headers: { cookie } })).status, 200)
  const second = await web.ask(link)
  assert.equal(second.status, 401)
  assert.deepEqual(second.headers.getSetCookie(), [])
  assert.match(await second.text(), /used or is too old/)
  assert.equal((await web.ask('/login/x')).status, 401)
})

test('a login link opened out of another site leads on by a page of our own', async () => {
  const link = `/login/${web.people.makeLink('ana')}`
  const answer = await web.ask(link, { headers: { 'sec-fetch-site': 'cross-site' } })
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), /http-equiv="refresh" content="0; url=\.\.\/"/)
})

test('a link used before leads who is logged in already to the dashboard', async () => {
  const link = `/login/${web.people.makeLink('ana')}`
  const cookie = cookieOf(await web.ask(link)).split(';')[0] ?? ''
  const before = web.log.last()
  const again = await web.ask(link, { headers: { cookie } })
  assert.deepEqual([again.status, again.headers.get('location')], [303, '../'])
  assert.equal(again.headers.get('set-cookie'), null)
  assert.equal(web.log.last(), before)
  assert.equal((await web.ask(link)).status, 401)
})

test('two that use one link at the same time: one gets in', async () => {
  const link = `/login/${web.people.makeLink('ana')}`
  const answers = await Promise.all([1, 2, 3, 4].map(() => web.ask(link)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 401, 401, 401])
})

test('who fails waits, by address and by account; nobody is locked out', async () => {
  const slow = await startWeb()
  await slow.people.setPassword('ana', password)
  const post = (secret: string) =>
    slow.ask('/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: slow.url },
      body: JSON.stringify({ name: 'ana', password: secret }),
    })
  for (let turn = 0; turn < 8; turn += 1) await post('wrong')
  assert.deepEqual(slow.waits, [0, 250, 500, 1000, 2000, 4000, 8000, 8000])
  assert.equal((await post(password)).status, 200, 'the owner still gets in, a little later')
  await post('wrong')
  assert.equal(slow.waits.at(-1), 0, 'and has a clean slate')
  slow.clock.now += 16 * 60_000
  await post('wrong')
  assert.equal(slow.waits.at(-1), 0, 'failures are forgotten after 15 minutes')
  await slow.close()
})

test('more than 30 logins a minute from one address are not looked at', async () => {
  const busy = await startWeb()
  const codes: number[] = []
  for (let turn = 0; turn < 32; turn += 1) codes.push((await busy.ask('/login/x')).status)
  assert.deepEqual([codes[29], codes[30], codes[31]], [401, 429, 429])
  const refused = await busy.ask('/login/x')
  assert.equal(typeof (await errorOf(refused)), 'string')
  await busy.close()
})

test('metrics need a token unless asked for on this machine itself, by its own name', async () => {
  assert.equal((await web.ask('/metrics')).status, 200)
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip', 'x-forwarded-host']) {
    const answer = await web.ask('/metrics', { headers: { [name]: '127.0.0.1' } })
    assert.equal(answer.status, 401, name)
  }
  // A foreign page whose name was pointed at 127.0.0.1 sends its own name.
  const rebound = await new Promise<number | undefined>((resolve, reject) => {
    httpRequest(`${web.url}/metrics`, { headers: { host: 'evil.example' } }, (answer) =>
      resolve(answer.resume().statusCode),
    )
      .on('error', reject)
      .end()
  })
  assert.equal(rebound, 401)
})
