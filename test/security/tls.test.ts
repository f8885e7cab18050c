/** Who is on the other side is always looked at; nothing in files or in the environment turns that off. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readAgentConfig } from '../../agent/config.ts'
import { makeCertificates } from '../../ansible/roles/collector/files/certificate.ts'
import { readCollectorConfig } from '../../collector/config.ts'
import { openFleet } from '../support/fleet.ts'
import { runMain } from '../support/run-main.ts'

const folder = mkdtempSync(join(tmpdir(), 'cibot-tls-'))
const at = (name: string): string => join(folder, name)
const token = '123456789:AAF-aVerySecretTokenOfTestsOnly_0123'
/** Everything that is known to make Node look away, all at once. */
const looseEnvironment = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' }
let asked = 0
let impostor: Server

before(async () => {
  makeCertificates(folder, ['127.0.0.1', 'localhost'], Date.now(), false)
  const tls = { cert: readFileSync(at('collector.crt')), key: readFileSync(at('collector.key')) }
  impostor = createServer(tls, (_request, response) => {
    asked += 1
    response.end(JSON.stringify({ ok: true, result: { username: 'impostor', message_id: 1 } }))
  })
  await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve))
})
after(() => {
  impostor.close()
  impostor.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

test('an agent tells nothing to a collector whose certificate it cannot check, whatever the environment says', {
  timeout: 120_000,
}, async () => {
  const fleet = await openFleet({
    tls: { certFile: at('collector.crt'), keyFile: at('collector.key') },
  })
  try {
    const collector = `https://127.0.0.1:${fleet.port}`
    const settings = { collector, keyFile: at('agent.key'), source: at('auth.log') }
    writeFileSync(at('auth.log'), '')
    writeFileSync(at('loose.json'), JSON.stringify(settings))
    writeFileSync(at('good.json'), JSON.stringify({ ...settings, caFile: at('ca.crt') }))
    const { stdout: key } = await runMain('agent', ['-c', at('good.json'), 'key'])
    await fleet.command('agents', 'add', 'nas', key.trim())
    const loose = await runMain('agent', ['-c', at('loose.json'), 'check'], '', {
      env: looseEnvironment,
    })
    assert.equal(loose.code, 2)
    assert.match(loose.stdout, /certificate is not signed by an authority this agent trusts/)
    const good = await runMain('agent', ['-c', at('good.json'), 'check'])
    assert.match(good.stdout, /knows this host as nas/)
  } finally {
    await fleet.close()
  }
})

test('the bot token is told to no Bot API whose certificate cannot be checked', async () => {
  const { port } = impostor.address() as { port: number }
  const telegram = { token, chatId: 42, apiRoot: `https://127.0.0.1:${port}` }
  const database = `sqlite:${at('c.db')}`
  writeFileSync(at('collector.json'), JSON.stringify({ telegram, database, listen: { port: 0 } }))
  const script = at('send.mjs')
  const module = new URL('../../collector/report/telegram.ts', import.meta.url).href
  writeFileSync(
    script,
    `import { openTelegram } from '${module}'
     const message = { chat: '42', text: 'x', entities: [], silent: false }
     process.stdout.write(JSON.stringify(await openTelegram(${JSON.stringify(telegram)})(message)))
     process.exit(0)`,
  )
  // Run beside the program in its own process: the variable is read when Node starts.
  const sent = await runMain('collector', ['--version'], '', {
    env: { ...looseEnvironment, NODE_OPTIONS: `--import ${script}` },
  })
  assert.match(sent.stdout, /"kind":"later"/)
  const check = await runMain('collector', ['-c', at('collector.json'), 'check'], '', {
    env: looseEnvironment,
  })
  assert.equal(check.code, 2)
  assert.doesNotMatch(check.stdout, /impostor/)
  assert.equal(asked, 0)
})

test('there is no setting to look away', () => {
  for (const key of ['insecure', 'rejectUnauthorized', 'skipVerify', 'verify', 'tlsVerify']) {
    for (const read of [readAgentConfig, readCollectorConfig]) {
      writeFileSync(at('x.json'), JSON.stringify({ [key]: false }))
      assert.throws(() => read({ file: at('x.json'), env: {} }), /is not known here/)
    }
  }
  const variables = { CIBOT_INSECURE: '1', CIBOT_REJECT_UNAUTHORIZED: 'false' }
  const read = readAgentConfig({ file: undefined, env: variables })
  assert.deepEqual(read, readAgentConfig({ file: undefined, env: {} }))
})
