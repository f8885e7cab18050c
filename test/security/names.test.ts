/**
 * What an attacker typed, from the log of a host to every place where somebody reads it: it is text
 * there, counted like any other name, and it moves, hides and colours nothing.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { makePrivateKey, publicKeyOf, readPrivateKey } from '../../shared/handshake.ts'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { runMain } from '../support/run-main.ts'
import { enter } from '../support/stranger.ts'
import { until } from '../support/until.ts'

const ESC = '\u001b'
const hostile: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  `${ESC}[31mred${ESC}[0m`,
  `${ESC}]0;title\u0007`,
  '\u009b31mC1',
  'gnp\u202eexe.',
  `=cmd|' /C calc'!A0`,
  '<img src=x onerror=alert(1)>',
]
// No sshd writes one so long (it cuts at 100 bytes): it is shown, and counts for nothing.
const endless = 'x'.repeat(5000)
const address = '203.0.113.9'
const log = [...hostile, endless]
  .map((name, at) => {
    const stamp = `2026-11-22T17:00:${String(at).padStart(2, '0')}.000000+00:00`
    return `${stamp} nas sshd[${at + 1}]: Failed password for invalid user ${name} from ${address} port ${40_000 + at} ssh2\n`
  })
  .join('')
let fleet: Fleet
let file: string
let config: string

before(async () => {
  fleet = await openFleet()
  file = join(fleet.folder, 'auth.log')
  config = join(fleet.folder, 'nas.json')
  writeFileSync(file, log)
  const agent = await fleet.addAgent('nas', { log: file })
  await agent.start()
  // An agent that was taken over may send anything that fits the schema, in every field.
  const key = readPrivateKey(makePrivateKey())
  await fleet.command('agents', 'add', 'pi', publicKeyOf(key))
  const taken = await enter(fleet.url, key)
  const text = `${ESC}[31mall\u202e\u009b31m`
  const finding = { file: 'f', at: Date.UTC(2026, 10, 22, 17), count: 1, ordinal: 0 }
  const from = { host: text, program: text, ip: text, user: text, method: text }
  const entries = [
    { ...finding, ...from, offset: 1, kind: 'attempt' },
    { ...finding, program: text, offset: 2, kind: 'change', text },
  ]
  taken.say({ type: 'findings', seq: 1, source: text, entries })
  taken.say({
    type: 'gap',
    seq: 2,
    source: text,
    gap: { file: 'f', offset: 3, kind: 'torn', at: 1, text },
  })
  taken.say({
    type: 'pulse',
    at: 1,
    sources: [{ source: text, reading: text, lag: 0, trouble: text }],
  })
  await until('all stored', () => {
    return Number(fleet.rows('SELECT count(*) AS n FROM finding')[0]?.['n']) === hostile.length + 2
  })
})
after(() => fleet.close())

// Every control but the line's end, and everything that turns text around.
const acts = /(?!\n)\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

function harmless(text: string, longestLine = 10_000): void {
  assert.doesNotMatch(text, acts)
  for (const line of text.split('\n')) assert.ok(line.length <= longestLine, `${line.length}`)
}

const agent = (...words: string[]) => runMain('agent', ['-c', config, ...words])

test('scan: the terminal shows it, and --json gives each name its own count', async () => {
  const shown = await agent('scan', file)
  harmless(shown.stdout, 300)
  assert.match(shown.stdout, /^9 attempts by 1 address/)
  const { stdout } = await agent('scan', '--json', file)
  harmless(stdout)
  const { attackers } = JSON.parse(stdout) as { attackers: { users: Record<string, number> }[] }
  const users = new Map(Object.entries(attackers[0]?.users ?? {}))
  for (const name of ['__proto__', 'constructor', 'toString'])
    assert.equal(users.get(name), 1, name)
  assert.equal(users.size, hostile.length)
})

test('scan and explain: under a tag that a local user chose, as the journal has it', async () => {
  const of = (program: string, message: string) =>
    JSON.stringify({ SYSLOG_IDENTIFIER: program, _PID: '7', _UID: '1000', MESSAGE: message })
  const failure = 'authentication failure; logname= uid=0 euid=0 tty= ruser= rhost= '
  const journal = join(fleet.folder, 'tags.json')
  const tags = [`x${ESC}[2J\nnobody by sudo: 9\u202e`, 'y']
  writeFileSync(journal, tags.map((tag) => `${of(tag, `pam_unix(x:auth): ${failure}`)}\n`).join(''))
  const { stdout } = await agent('scan', journal)
  harmless(stdout, 300)
  assert.equal(stdout.split('at the machine itself:\n')[1]?.trimEnd().split('\n').length, 2)
  assert.match(stdout, / {2}\(empty name\) by y: 1\n/)
  harmless((await agent('explain', journal)).stdout, 300)
})

test('explain: a line for each line, and the name as JSON reads back as it was', async () => {
  const shown = await agent('explain', file)
  harmless(shown.stdout, 300)
  assert.equal(shown.stdout.trimEnd().split('\n').length, hostile.length + 1)
  const { stdout } = await agent('explain', '--json', file)
  harmless(stdout)
  const users = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: { user: string } | null }).event?.user)
  assert.equal(users[0], '__proto__')
  assert.equal(users[3], hostile[3])
  assert.equal(users[6], hostile[6])
})

test('a file whose name would colour the complaint about it', async () => {
  const { stderr, code } = await agent('scan', join(fleet.folder, `${ESC}[31mno\u202e.log`))
  assert.equal(code, 2)
  harmless(stderr)
})

test('check: what a collector that is none says comes out as text', async () => {
  const liar = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  liar.on('connection', (socket) => {
    socket.send(JSON.stringify({ type: 'bye', why: `${ESC}[2J${ESC}[31mall is well\u202e` }))
    socket.close(1000)
  })
  await once(liar, 'listening')
  const { port } = liar.address() as { port: number }
  const settings = JSON.parse(readFileSync(config, 'utf8')) as object
  const other = join(fleet.folder, 'lied-to.json')
  writeFileSync(other, JSON.stringify({ ...settings, collector: `http://127.0.0.1:${port}` }))
  try {
    for (const more of [[], ['--json']]) {
      const { stdout, code } = await runMain('agent', ['-c', other, 'check', ...more])
      assert.equal(code, 2)
      harmless(stdout)
      assert.match(stdout, /all is well/)
    }
  } finally {
    liar.close()
  }
})

test('the collector’s log, its report and its list of agents', async () => {
  const said = await Promise.all([
    fleet.command('log'),
    fleet.command('log', '--json'),
    fleet.command('report', '--dry-run'),
    fleet.command('report'),
    fleet.command('agents', 'list'),
  ])
  for (const text of said) {
    assert.notEqual(text, '')
    harmless(text, 6000)
  }
  assert.match(said[0], /__proto__/)
  assert.match(said[3], /10 attempts by 2 addresses/)
})

test('the API counts each by its name, in JSON and as a table', async () => {
  const { attackers } = await fleet.ask<{ attackers: { users: Record<string, number> }[] }>(
    '/api/v1/attackers',
  )
  const users = new Map(Object.entries(attackers[0]?.users ?? {}))
  for (const name of ['__proto__', 'constructor', hostile[3] ?? '', hostile[6] ?? '']) {
    assert.equal(users.get(name), 1, name)
  }
  const top = await fleet.ask<{ top: { name: string }[] }>('/api/v1/top?by=user')
  assert.ok(top.top.some(({ name }) => name === '__proto__'))
  const only = await fleet.ask<{ findings: unknown[] }>('/api/v1/findings?user=__proto__')
  assert.equal(only.findings.length, 1)
  const token = await fleet.command('token', 'add', 'csv')
  const headers = { authorization: `Bearer ${token}` }
  const csv = await fetch(`${fleet.url}/api/v1/findings?format=csv`, { headers })
  const table = (await csv.text()).replaceAll('\r\n', '\n')
  harmless(table)
  assert.match(table, /"__proto__"/)
  assert.match(table, /"'=cmd/)
  assert.doesNotMatch(table, /,"[=+@-]/)
})
