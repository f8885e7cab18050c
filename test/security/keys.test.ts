/** A key is changed without a gap: two open the door until the agent has come with the new one. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openAgents } from '../../collector/store/agents.ts'
import { openDatabase } from '../../collector/store/database.ts'
import { makePrivateKey, publicKeyOf, readPrivateKey } from '../../shared/handshake.ts'
import { closeCodes } from '../../shared/wire.ts'
import { runCommand } from '../support/daemon.ts'
import { openFleet } from '../support/fleet.ts'
import { enter } from '../support/stranger.ts'
import { until } from '../support/until.ts'

const newKey = () => readPrivateKey(makePrivateKey())

// test/recordings/attic.auth.log
const line = (port: number) =>
  `2026-11-22T17:00:00.000000+00:00 nas sshd[${port}]: Failed password for alice from 203.0.113.9 port ${port} ssh2\n`

test('an agent changes its key without a gap, and the old key is void from then on', {
  timeout: 60_000,
}, async (t) => {
  const fleet = await openFleet({ logLevel: 'warn' })
  t.after(fleet.close)
  const log = join(fleet.folder, 'auth.log')
  writeFileSync(log, line(40_001))
  const agent = await fleet.addAgent('nas', { log })
  const attempts = async (): Promise<number> =>
    (await fleet.ask<{ attempts: number }>('/api/v1/totals')).attempts
  await agent.start()
  await until('the first attempt', async () => (await attempts()) === 1)

  const old = readPrivateKey(readFileSync(join(fleet.folder, 'nas.key'), 'utf8'))
  const settings = join(fleet.folder, 'nas.json')
  const key = await runCommand('agent', '-c', settings, 'key', '--new')
  assert.match(await fleet.command('agents', 'add', 'nas', key), /the old one opens the door until/)
  assert.match(await fleet.command('agents', 'add', 'nas', key), /already/)
  const told = await runCommand('agent', '-c', settings, 'check')
  assert.match(told, /nas/)
  // Its process still has the old one, and nothing has ended.
  appendFileSync(log, line(40_002))
  await until('what it tells with the old key', async () => (await attempts()) === 2)
  assert.equal(
    fleet.rows("SELECT count(*) AS n FROM log WHERE text LIKE '%went away%'")[0]?.['n'],
    0,
  )
  await agent.stop()
  await agent.start()
  appendFileSync(log, line(40_003))
  await until('what it tells with the new key', async () => (await attempts()) === 3)
  await assert.rejects(enter(fleet.url, old), /closed with 4401/)
  assert.match(await fleet.command('log'), /nas has changed to its new key; the old one is void/)
})

test('who holds the new key puts out who came with the old one, and is not put out by it', async (t) => {
  const fleet = await openFleet({ logLevel: 'warn' })
  t.after(fleet.close)
  const [old, next] = [newKey(), newKey()]
  await fleet.command('agents', 'add', 'nas', publicKeyOf(old))
  const thief = await enter(fleet.url, old)
  await fleet.command('agents', 'add', 'nas', publicKeyOf(next))
  const own = await enter(fleet.url, next, { instance: '2'.repeat(32) })
  assert.equal(await thief.closed, closeCodes.unknownAgent)
  await assert.rejects(enter(fleet.url, old), /closed with 4401/)
  assert.equal(own.socket.readyState, own.socket.OPEN)
})

test('revoking takes both keys away, and a key replaced after it is void at once', async (t) => {
  const fleet = await openFleet({ logLevel: 'warn' })
  t.after(fleet.close)
  const [old, next, last] = [newKey(), newKey(), newKey()]
  await fleet.command('agents', 'add', 'nas', publicKeyOf(old))
  const one = await enter(fleet.url, old)
  await fleet.command('agents', 'add', 'nas', publicKeyOf(next))
  await fleet.command('agents', 'revoke', 'nas')
  assert.equal(await one.closed, closeCodes.unknownAgent)
  await assert.rejects(enter(fleet.url, next), /closed with 4401/)
  await fleet.command('agents', 'add', 'nas', publicKeyOf(last))
  await assert.rejects(enter(fleet.url, old), /closed with 4401/)
  await assert.rejects(enter(fleet.url, next), /closed with 4401/)
  await enter(fleet.url, last)
})

test('what a key is, whoever it is given to', () => {
  const agents = openAgents(openDatabase(':memory:'))
  const id = () => agents.list().find(({ name }) => name === 'nas')?.id ?? 0
  assert.equal(agents.add('nas', 'a', 1), 'added')
  // It has never come: there is nothing to go on with.
  assert.equal(agents.add('nas', 'b', 2), 'renewed')
  assert.equal(agents.byKey('a'), undefined)
  agents.connected(id(), 'nas', '1', 3)
  assert.equal(agents.add('nas', 'c', 4), 'awaited')
  assert.equal(agents.add('pi', 'c', 4), 'taken')
  assert.deepEqual([agents.byKey('b')?.next, agents.byKey('c')?.next], ['c', null])
  assert.equal(agents.changedKey(id(), 'b'), false)
  // Another instead of it, and then the old one again.
  assert.equal(agents.add('nas', 'd', 5), 'awaited')
  assert.equal(agents.byKey('c'), undefined)
  assert.equal(agents.add('nas', 'b', 6), 'renewed')
  assert.equal(agents.byKey('d'), undefined)
  assert.equal(agents.add('nas', 'e', 7), 'awaited')
  assert.equal(agents.changedKey(id(), 'e'), true)
  assert.equal(agents.byKey('b'), undefined)
  assert.equal(agents.byKey('e')?.key, 'e')
})
