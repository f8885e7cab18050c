/** A login after failures anywhere in the fleet reaches the phone within two seconds of its line. */
import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFleet } from './support/fleet.ts'
import { openFakeTelegram } from './support/telegram.ts'
import { until } from './support/until.ts'

function line(host: string, pid: number, message: string): string {
  return `${new Date().toISOString().replace('Z', '000+00:00')} ${host} sshd[${pid}]: ${message}\n`
}

test('failures on nas, then a login on pi: one urgent message within two seconds', {
  timeout: 60_000,
}, async (t) => {
  const telegram = await openFakeTelegram()
  const fleet = await openFleet({
    telegram: { token: telegram.token, chatId: 42, apiRoot: telegram.apiRoot },
  })
  t.after(async () => {
    await fleet.close()
    await telegram.close()
  })
  const logs = new Map(['nas', 'pi'].map((name) => [name, join(fleet.folder, `${name}.log`)]))
  for (const [name, log] of logs) {
    writeFileSync(log, line(name, 1, 'Server listening on 0.0.0.0 port 22.'))
    await (await fleet.addAgent(name, { log })).start()
  }
  const write = (name: string, message: string): void =>
    appendFileSync(logs.get(name) ?? '', line(name, 7, message))

  for (let port = 40000; port < 40061; port++) {
    write('nas', `Failed password for root from 203.0.113.9 port ${port} ssh2`)
  }
  await until('61 attempts', async () => (await attempts(fleet)) === 61)
  const written = performance.now()
  write('pi', 'Accepted password for pi from 203.0.113.9 port 50000 ssh2')
  await until('the message', () => telegram.seen.length > 0)
  const took = performance.now() - written

  const [message] = telegram.seen
  assert.match(
    message?.text ?? '',
    /^LOOK: 203\.0\.113\.9 failed 61 times on nas, then logged in to pi as pi/,
  )
  assert.ok(took < 2000, `it took ${Math.round(took)} ms`)
  t.diagnostic(`${Math.round(took)} ms from the line to the message`)
  write('pi', 'Accepted password for pi from 203.0.113.9 port 50001 ssh2')
  await until('the second login', async () => (await logins(fleet)) === 2)
  assert.equal(telegram.seen.length, 1, 'a repeat raises a counter and sends nothing')
})

type Fleet = Awaited<ReturnType<typeof openFleet>>

async function attempts(fleet: Fleet): Promise<number> {
  return (await fleet.ask<{ attempts: number }>('/api/v1/totals')).attempts
}

async function logins(fleet: Fleet): Promise<number> {
  return (await fleet.ask<{ logins: number }>('/api/v1/totals')).logins
}
