import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readAgentConfig } from '../../agent/config.ts'
import { readCollectorConfig } from '../../collector/config.ts'
import { findConfig } from '../../shared/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'cibot-config-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('without a file and without variables everything has a default', () => {
  const config = readCollectorConfig({ file: undefined, env: {} })
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 8787 })
  assert.equal(config.report.schedule, '59 * * * *')
  assert.equal(config.findingsDays, 90)
  assert.equal(config.telegram.token, undefined)
  const agent = readAgentConfig({ file: undefined, env: {} })
  assert.deepEqual(agent.sources, ['auto'])
  assert.equal(agent.since, 24 * 3_600_000)
})

test('every key is also a variable, which goes before the file; comments are allowed', () => {
  const path = file('c.json', '{ /* home */ "timeZone": "Europe/Rome", "listen": { "port": 1 }, }')
  const env = {
    CIBOT_LISTEN_PORT: '9000',
    CIBOT_REPORT_SCHEDULE: '0 8 * * *',
    CIBOT_REPORT_HEARTBEAT: 'true',
    CIBOT_RETENTION_FINDINGS_DAYS: '7',
    CIBOT_TELEGRAM_TOKEN: '1:a',
    CIBOT_TELEGRAM_CHAT_ID: '-100123',
    CIBOT_TRUST_PROXY: '10.0.0.1, 10.0.0.2',
  }
  const config = readCollectorConfig({ file: path, env })
  assert.equal(config.listen.port, 9000)
  assert.equal(config.timeZone, 'Europe/Rome')
  assert.deepEqual(config.report, { schedule: '0 8 * * *', heartbeat: true })
  assert.equal(config.findingsDays, 7)
  assert.equal(config.telegram.chatId, '-100123')
  assert.deepEqual(config.trustProxy, ['10.0.0.1', '10.0.0.2'])
})

test('a secret comes from a file, named relative to the settings, without its newline', () => {
  file('telegram.token', '1:secret\n')
  const path = file('t.json', '{ "telegram": { "tokenFile": "telegram.token", "chatId": 42 } }')
  assert.equal(readCollectorConfig({ file: path, env: {} }).telegram.token, '1:secret')
})

test('a database is named relative to the settings, from whatever folder a command is given', () => {
  const read = (database: string) =>
    readCollectorConfig({ file: file('d.json', JSON.stringify({ database })), env: {} }).database
  assert.equal(read('sqlite:cibot.db'), join(folder, 'cibot.db'))
  assert.equal(read('sqlite:/srv/cibot.db'), '/srv/cibot.db')
  assert.equal(read('sqlite::memory:'), ':memory:')
})

test('the agent’s key lies beside its settings, or where systemd hands it over', () => {
  const path = file('agent.json', '{ "collector": "https://nas.lan:8787/" }')
  assert.equal(readAgentConfig({ file: path, env: {} }).keyFile, join(folder, 'agent.key'))
  assert.equal(readAgentConfig({ file: path, env: {} }).collector, 'wss://nas.lan:8787')
  const env = { CREDENTIALS_DIRECTORY: '/run/credentials/x' }
  assert.equal(readAgentConfig({ file: path, env }).keyFile, '/run/credentials/x/key')
})

test('an empty CIBOT_CONFIG, as a compose file leaves it, names no file', () => {
  const places = [join(folder, 'nowhere.json'), file('found.json', '{}')]
  assert.equal(findConfig(undefined, places, { CIBOT_CONFIG: '' }), join(folder, 'found.json'))
  assert.equal(findConfig(undefined, places, { CIBOT_CONFIG: '/named.json' }), '/named.json')
  assert.equal(findConfig('/mine.json', places, { CIBOT_CONFIG: '/named.json' }), '/mine.json')
})
