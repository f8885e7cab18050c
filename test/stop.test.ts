/** Asked to end, both programs do so at once and cleanly, also in the middle of work. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Truth } from './fleet/deeds.ts'
import { wordsOf } from './support/daemon.ts'
import { openFleet } from './support/fleet.ts'
import { temporaryFolder } from './support/log-writer.ts'
import { openProxy } from './support/proxy.ts'
import { until } from './support/until.ts'

const recordings = fileURLToPath(new URL('recordings', import.meta.url))

test('SIGTERM ends agent and collector within two seconds with code 0, and nothing is lost by it', {
  timeout: 60_000,
}, async (t) => {
  const fleet = await openFleet()
  t.after(() => fleet.close())
  const log = join(fleet.folder, 'auth.log')
  writeFileSync(log, readFileSync(join(recordings, 'attic.auth.log'), 'utf8'))
  const whole = async (): Promise<number> =>
    (await fleet.ask<{ attempts: number }>('/api/v1/totals')).attempts
  const agent = await fleet.addAgent('attic', { log })
  await agent.start()
  await until('something is stored', async () => (await whole()) > 0)

  for (const daemon of [agent, fleet.collector]) {
    const asked = performance.now()
    assert.equal(await daemon.stop(), 0, daemon.said())
    assert.ok(performance.now() - asked < 2000, `${daemon.name} took its time`)
  }
  await fleet.collector.start()
  await agent.start()
  const { deeds } = JSON.parse(readFileSync(join(recordings, 'truth.json'), 'utf8')) as Truth
  const done = deeds.filter(({ host, ip }) => host === 'attic' && ip !== null)
  const attempts = done.reduce((sum, deed) => sum + deed.attempts, 0)
  await until(`${attempts} attempts`, async () => (await whole()) === attempts)
})

test('so it ends an agent whose network swallows all', { timeout: 60_000 }, async (t) => {
  const fleet = await openFleet()
  const proxy = await openProxy(fleet.port)
  t.after(async () => {
    await fleet.close()
    await proxy.close()
  })
  const log = join(fleet.folder, 'auth.log')
  writeFileSync(log, readFileSync(join(recordings, 'attic.auth.log'), 'utf8'))
  const agent = await fleet.addAgent('attic', { log, collector: proxy.url })
  await agent.start()
  await until('something is stored', () => fleet.checkpoint('attic') !== undefined)
  proxy.blackhole()
  const asked = performance.now()
  assert.equal(await agent.stop(), 0, agent.said())
  assert.ok(performance.now() - asked < 2000, 'it waited for an answer')
})

test('Ctrl-C ends a command that waits for somebody else', { timeout: 60_000 }, async (t) => {
  const folder = temporaryFolder()
  t.after(folder.remove)
  let asked = false
  const silent = createServer(() => {
    asked = true
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const telegram = { token: '1:a', chatId: 1, apiRoot: `http://127.0.0.1:${port}` }
  writeFileSync(join(folder.path, 'collector.json'), JSON.stringify({ telegram }))
  const child = spawn(process.execPath, [...wordsOf('collector'), 'check'], { cwd: folder.path })
  await until('Telegram is asked', () => asked)
  child.kill('SIGINT')
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.deepEqual([code, signal], [null, 'SIGINT'])
})
