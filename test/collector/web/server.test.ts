import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { bounds } from '../../../collector/web/server.ts'
import { agentPath } from '../../../shared/wire.ts'
import { eventually, sessionCookie, startWeb } from '../../support/web.ts'

// Sends bytes as they are and gives all that came back before the end.
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
      socket.end()
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

test('headers over 8 KiB are refused', async () => {
  const web = await startWeb()
  const answer = await raw(
    web.port,
    `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(bounds.headers)}\r\n\r\n`,
  )
  assert.match(answer, /^HTTP\/1\.1 431 /)
  await web.close()
})

test('a request that is no HTTP gets 400 and the end of the connection', async () => {
  const web = await startWeb()
  assert.match(await raw(web.port, 'SSH-2.0-OpenSSH_9.6\r\n\r\n'), /^HTTP\/1\.1 400 /)
  assert.match(await raw(web.port, 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'), /^HTTP\/1\.1 4/)
  assert.match(await raw(web.port, 'GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /)
  await web.close()
})

test('headers and bodies that drip in are cut off within their limit (S2)', async (t) => {
  const web = await startWeb()
  t.after(() => web.close())
  assert.equal(web.app.server.headersTimeout, 10_000)
  assert.equal(web.app.server.requestTimeout, 10_000)
  assert.equal(web.app.server.timeout, 30_000)
  assert.equal(web.app.server.maxRequestsPerSocket, 100)
  // Thousands of agents are on the same port.
  assert.equal(web.app.server.maxConnections, 12_000)
  web.app.server.headersTimeout = 200
  web.app.server.requestTimeout = 400
  for (const begun of [
    'GET /healthz HTTP/1.1\r\nHost: x\r\n',
    `POST /login HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`,
  ]) {
    const answer = await raw(web.port, begun)
    assert.match(answer, /^HTTP\/1\.1 408 /)
  }
})

test('the agents’ socket has room on the same server', async () => {
  const web = await startWeb()
  const sockets = new WebSocketServer({ noServer: true })
  web.app.server.on('upgrade', (request, socket, head) => {
    if (request.url === agentPath) {
      sockets.handleUpgrade(request, socket, head, (agent) => agent.send('hello'))
    } else socket.destroy()
  })
  const agent = new WebSocket(`ws://127.0.0.1:${web.port}${agentPath}`)
  const said = await new Promise((resolve) =>
    agent.on('message', (frame) => resolve(String(frame))),
  )
  assert.equal(said, 'hello')
  agent.close()
  await eventually(() => agent.readyState === WebSocket.CLOSED)
  assert.equal(
    (await web.ask(agentPath)).status,
    401,
    'without an upgrade it is an address like any',
  )
  await web.close()
})

test('a proxy is believed only when it is a configured one', async () => {
  const password = 'a lamp, three boats and the moon'
  const behind = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cibot.example' }
  const logIn = async (trustProxy: string[]) => {
    const web = await startWeb(':memory:', { trustProxy })
    await web.people.setPassword('ana', password)
    const answer = await web.ask('/login', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': '198.51.100.7',
        origin: 'https://cibot.example',
        ...behind,
      },
      body: JSON.stringify({ name: 'ana', password }),
    })
    const line = web.log.newest({ limit: 1 })[0]?.text
    await web.close()
    return { answer, line, cookie: answer.headers.getSetCookie()[0] ?? '' }
  }
  const trusted = await logIn(['127.0.0.1'])
  assert.equal(trusted.line, 'ana logged in from 198.51.100.7')
  assert.match(trusted.cookie, /^__Host-s=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
  assert.equal(trusted.answer.headers.get('strict-transport-security'), 'max-age=31536000')
  const stranger = await logIn(['192.0.2.1'])
  assert.equal(stranger.answer.status, 403, 'its Origin is not what this server is called')
})

test('logging in over plain HTTP from elsewhere is refused', async () => {
  const web = await startWeb(':memory:', { trustProxy: [] })
  const link = `/login/${web.people.makeLink('ana')}`
  const answer = await web.app.inject({ url: link, remoteAddress: '192.0.2.55' })
  assert.equal(answer.statusCode, 403)
  assert.match(String(answer.json().error), /plain HTTP/)
  const form = await web.app.inject({
    url: '/login',
    headers: { accept: 'text/html' },
    remoteAddress: '192.0.2.55',
  })
  assert.equal(form.statusCode, 403, 'before a password is typed')
  assert.match(form.body, /Logging in over plain HTTP works on the collector itself only/)
  assert.doesNotMatch(form.body, /<input/)
  assert.equal((await web.ask(link)).status, 303, 'and does not use the link up')
  await web.close()
})

test('under TLS the cookie is bound to this host, and the plain one opens nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const at = (name: string) => join(folder, name)
  try {
    execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout ${at('key.pem')} -out ${at('cert.pem')}`.split(
        ' ',
      ),
      { stdio: 'ignore' },
    )
  } catch {
    return t.skip('needs the openssl command to make a certificate: apt-get install openssl')
  }
  const cert = readFileSync(at('cert.pem'), 'utf8')
  const web = await startWeb(':memory:', {
    tls: { cert, key: readFileSync(at('key.pem'), 'utf8') },
  })
  const { port } = web.app.server.address() as AddressInfo
  const ask = (path: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number | undefined; headers: Record<string, unknown> }>(
      (resolve, reject) => {
        httpsRequest({ host: '127.0.0.1', port, path, headers, ca: cert, agent: false }, (answer) =>
          resolve({ status: answer.resume().statusCode, headers: answer.headers }),
        )
          .on('error', reject)
          .end()
      },
    )
  const login = await ask(`/login/${web.people.makeLink('ana')}`)
  const [cookie = ''] = login.headers['set-cookie'] as string[]
  assert.match(cookie, /^__Host-s=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
  assert.equal(login.headers['strict-transport-security'], 'max-age=31536000')
  assert.equal((await ask('/', { cookie: cookie.split(';')[0] ?? '' })).status, 200)
  assert.equal((await ask('/', { cookie: sessionCookie(web) })).status, 401)
  await web.close()
})
