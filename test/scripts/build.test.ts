import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { flags } from '../../scripts/flags.ts'
import { openFleet } from '../support/fleet.ts'
import { temporaryFolder } from '../support/log-writer.ts'
import { runMain } from '../support/run-main.ts'
import { until } from '../support/until.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { path: folder, remove } = temporaryFolder()
after(remove)
const built = join(folder, 'dist') as `/${string}`
const programs = { agent: `${built}/agent.js`, collector: `${built}/collector.js` } as const
execFileSync(process.execPath, ['scripts/build.ts', built], { cwd: root })

/** What the agent from the sources and the built one say about the same. */
async function bothSay(words: string[]): Promise<[string, string]> {
  const source = await runMain('agent', words, '', { cwd: folder })
  const other = await runMain(`${built}/agent.js`, words, '', { cwd: folder })
  return [source.stdout + source.stderr, other.stdout + other.stderr]
}

test('the built agent counts what the one from the sources counts', async () => {
  const names = ['attic.auth.log', 'vault.auth.log', 'edge.journal.json', 'edge.journal.export']
  const logs = names.map((name) => join(root, 'test/recordings', name))
  const [source, other] = await bothSay(['scan', '--json', ...logs])
  assert.equal(other, source)
  assert.ok(JSON.parse(source).attempts > 100)
})

test('the built agent refuses wrong settings in the same words', async () => {
  const wrong = [
    { colector: 'https://nas.lan:8787' },
    { collector: 7 },
    { source: [] },
    { logLevel: 'loud' },
    { collector: '' },
  ]
  for (const settings of wrong) {
    writeFileSync(join(folder, 'agent.json'), JSON.stringify(settings))
    const [source, other] = await bothSay(['-c', 'agent.json', 'run'])
    assert.equal(other, source)
    assert.match(source, /^cibot-agent: .*agent\.json: \w/)
  }
})

test('the built agent refuses a wrong frame in the same words', { timeout: 240_000 }, async (t) => {
  const nonce = 'n'.repeat(43)
  const challenge = { type: 'challenge', protocol: 1, collector: 'a'.repeat(32), nonce }
  const frames = [
    { ...challenge, more: 1 },
    { ...challenge, nonce: 'short' },
    { ...challenge, protocol: '1' },
    { type: 'ack', upto: 0 },
    { type: 'welcome', name: 'nas', now: 0, resume: [{ source: 'journal', checkpoint: {} }] },
    { type: 'welcome', name: 'é'.repeat(65), now: 0, resume: [] },
    { type: 'hello' },
    7,
  ]
  let frame: unknown
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => socket.send(JSON.stringify(frame)))
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const settings = { collector: `http://127.0.0.1:${port}`, source: join(folder, 'agent.json') }
  writeFileSync(join(folder, 'agent.json'), JSON.stringify(settings))
  await runMain('agent', ['-c', 'agent.json', 'key'], '', { cwd: folder })
  for (frame of frames) {
    const [source, other] = await bothSay(['-c', 'agent.json', 'check'])
    assert.equal(other, source)
    assert.match(source, /the collector sent what this agent does not understand: \w/)
  }
})

test('the built agent understands logs as its sources do', async () => {
  const logs = ['attic.auth.log', 'edge.journal.json', 'nas.auth.log', 'vault.auth.log']
  for (const log of logs) {
    const file = join(root, 'test/recordings', log)
    for (const words of [
      ['scan', '--json', file],
      ['scan', file],
      ['explain', '--json', file],
    ]) {
      const [source, other] = await bothSay(words)
      assert.equal(other, source)
      assert.ok(source.length > 300, source)
    }
  }
})

test('the built programs tell an older Node in one sentence what they lack', async () => {
  const older = join(folder, 'older.cjs')
  writeFileSync(older, "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })\n")
  for (const name of ['agent', 'collector'] as const) {
    const said = spawnSync(process.execPath, ['-r', older, programs[name], 'check'], {
      encoding: 'utf8',
    })
    assert.equal(said.stderr, `cibot-${name}: needs Node 26 or newer, and this is Node 20.20.2\n`)
    assert.equal(said.status, 2)
  }
})

test('the built programs speak to each other, and are small', { timeout: 240_000 }, async (t) => {
  const fleet = await openFleet({}, { programs })
  t.after(fleet.close)
  const log = join(fleet.folder, 'auth.log')
  const line = 'sshd[7]: Failed password for root from 203.0.113.9 port 40000 ssh2'
  writeFileSync(log, `2026-11-22T12:00:00+00:00 nas ${line}\n`)
  await (await fleet.addAgent('nas', { log })).start()
  await until('the attempt', () => fleet.rows('SELECT 1 FROM finding').length === 1)
  assert.ok(statSync(join(built, 'agent.js')).size < 500_000)
})

test('the unit that is rolled out starts the agent with the flags it is measured with', () => {
  const unit = join(root, 'ansible/roles/agent/templates/cibot-agent.service.j2')
  const words = ['/opt/cibot/current/node', ...flags.agent, '/opt/cibot/current/agent.js']
  assert.ok(readFileSync(unit, 'utf8').includes(`\nExecStart=${words.join(' ')} `))
})
