/**
 * What nobody may read, looked for in everything that real processes write, say and show of themselves
 * while all that handles a secret is made to work and to fail.
 */
import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { runMain } from '../support/run-main.ts'
import { type FakeTelegram, openFakeTelegram } from '../support/telegram.ts'

const password = 'a lamp, three boats and the moon'
const folder = mkdtempSync(join(tmpdir(), 'cibot-secrets-'))
const at = (name: string): string => join(folder, name)
/** What was said, by commands and by HTTP; and what each secret is. */
const said: string[] = []
const secrets = new Map<string, string>()
let telegram: FakeTelegram
let fleet: Fleet

before(async () => {
  telegram = await openFakeTelegram()
  secrets.set('bot token', telegram.token)
  secrets.set('half of the bot token', telegram.token.split(':')[1] ?? '')
  secrets.set('password', password)
  writeFileSync(at('token'), `${telegram.token}\n`, { mode: 0o600 })
  const { apiRoot } = telegram
  const settings = { tokenFile: at('token'), chatId: 42, apiRoot }
  fleet = await openFleet({ telegram: settings, logFile: at('cibot.log'), logLevel: 'debug' })
  await handle(join(fleet.folder, 'collector.json'))
})
after(async () => {
  await fleet.close()
  await telegram.close()
  rmSync(folder, { recursive: true, force: true })
})

// Everything that has to do with a secret, right and wrong.
async function handle(config: string): Promise<void> {
  const run = async (words: string[], input = ''): Promise<string> => {
    const { stdout, stderr } = await runMain('collector', ['-c', config, ...words], input)
    said.push(stderr)
    return stdout.trim()
  }
  said.push(await run(['user', 'add', 'ana'], `${password}\n`))
  secrets.set('API token', await run(['token', 'add', 'script']))
  const link = await run(['link', 'ana'])
  secrets.set('login link', /login\/([\w-]+)/.exec(link)?.[1] ?? link)
  const body = (name: string, secret: string): string => JSON.stringify({ name, password: secret })
  const logIn = async (text: string): Promise<Response> => {
    const headers = { 'content-type': 'application/json', origin: fleet.url }
    return fetch(`${fleet.url}/login`, { method: 'POST', headers, body: text })
  }
  const answer = await logIn(body('ana', password))
  secrets.set('session', /s=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? '')
  // A password typed where the name belongs, a body that is none, one with too much in it.
  for (const text of [
    body(password, 'x'),
    `{"password":"${password}`,
    `${body('ana', password)}x`,
  ]) {
    said.push(await (await logIn(text)).text())
  }
  const bearer = { authorization: `Bearer ${secrets.get('API token')}x` }
  said.push(await (await fetch(`${fleet.url}/api/v1/totals`, { headers: bearer })).text())
  said.push(await (await fetch(`${fleet.url}/login/${secrets.get('login link')}/x`)).text())
  // Answers that repeat what they were asked, as a proxy's error page might; then nobody there.
  const description = `no bot${telegram.token}`
  for (const answer of [
    { kind: 'no', code: 403, description },
    { kind: 'broken', code: 502 },
  ] as const) {
    telegram.answer(answer)
    said.push(await run(['check']))
    telegram.answer(answer)
    await fetch(`${fleet.url}/api/v1/test-message`, {
      method: 'POST',
      headers: { origin: fleet.url, cookie: `s=${secrets.get('session')}` },
    })
  }
  await telegram.called(4)
  await telegram.close()
  said.push(await run(['check']), await run(['log']), await run(['agents', 'list']))
}

function missing(where: string, text: string): void {
  for (const [name, secret] of secrets) {
    assert.ok(secret.length >= 10, `${name} was made`)
    assert.ok(!text.includes(secret), `the ${name} stands in ${where}`)
    assert.ok(!text.includes(encodeURIComponent(secret)), `the ${name} stands in ${where}`)
  }
}

test('no secret stands in what the programs say, in cibot.log or in the fleet’s log', async () => {
  assert.ok(said.length > 10)
  missing('what was said', said.join('\n'))
  missing('what the daemon said', fleet.collector.said())
  const own = readFileSync(at('cibot.log'), 'utf8')
  assert.match(own, /listening/)
  missing('cibot.log', own)
  missing('the log of the fleet', JSON.stringify(fleet.rows('SELECT * FROM log')))
})

test('no secret is on a command line or in the environment of a running process (ps)', () => {
  const ours = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isOurs(pid))
  assert.ok(ours.length > 0)
  for (const pid of ours) {
    for (const part of ['cmdline', 'environ', 'comm']) {
      missing(`/proc/${pid}/${part}`, readFileSync(`/proc/${pid}/${part}`, 'latin1'))
    }
  }
})

function isOurs(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(fleet.folder)
  } catch {
    return false
  }
}

test('the database opens no door: passwords, sessions, links and tokens are hashes there', () => {
  const files = ['', '-wal'].map((end) => readFileSync(fleet.database + end, 'latin1')).join('')
  assert.match(files, /argon2id/)
  missing('the database', files)
})

test('the database and a backup of it can be read by the collector’s user alone', async () => {
  const config = at('own.json')
  writeFileSync(config, JSON.stringify({ database: `sqlite:${at('own.db')}` }))
  await runMain('collector', ['-c', config, 'agents', 'list'])
  const { code, stderr } = await runMain('collector', ['-c', config, 'backup', at('copy.db')])
  assert.equal(code, 0, stderr)
  for (const file of ['own.db', 'copy.db']) {
    assert.equal(statSync(at(file)).mode & 0o777, 0o600, file)
  }
})

test('an agent’s key can be read by its owner alone, and never leaves its file', async () => {
  const config = at('agent.json')
  writeFileSync(config, JSON.stringify({ collector: fleet.url, keyFile: at('agent.key') }))
  const made = await runMain('agent', ['-c', config, 'key'])
  assert.equal(statSync(at('agent.key')).mode & 0o777, 0o600)
  const secret = readFileSync(at('agent.key'), 'utf8').split('\n')[1] ?? ''
  assert.ok(secret.length > 40)
  const check = await runMain('agent', ['-c', config, 'check'])
  for (const { stdout, stderr } of [made, check]) {
    assert.ok(!(stdout + stderr).includes(secret.slice(10, 40)))
  }
  // One that came from elsewhere, or that somebody opened to all, closes with the new pair.
  chmodSync(at('agent.key'), 0o644)
  await runMain('agent', ['-c', config, 'key', '--new'])
  assert.equal(statSync(at('agent.key')).mode & 0o777, 0o600)
})
