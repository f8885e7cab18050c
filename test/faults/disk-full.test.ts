/**
 * The collector's disk is full for a while, in the middle of an attack: nothing is lost, the page, the
 * person and the health check say so, and it goes on by itself. DISK_FULL_SECONDS=60 for a whole minute.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openAttackedHost } from '../chaos/attacked-host.ts'
import { judge } from '../chaos/verdict.ts'
import { openFleet } from '../support/fleet.ts'
import { randomOf } from '../support/random.ts'
import { openSmallDisk } from '../support/small-disk.ts'
import { openFakeTelegram } from '../support/telegram.ts'
import { until } from '../support/until.ts'

type Alerts = { trouble: { why: string; since: string } | null }

test('a full disk loses nothing, is told to everybody, and is over by itself', {
  timeout: 300_000,
}, async (t) => {
  const disk = openSmallDisk(8)
  if (typeof disk === 'string') return t.skip(disk)
  const telegram = await openFakeTelegram()
  const { token, apiRoot } = telegram
  const fleet = await openFleet(
    { telegram: { token, chatId: 42, apiRoot }, logLevel: 'warn' },
    { disk: disk.path },
  )
  t.after(async () => {
    await fleet.close()
    await telegram.close()
    disk.remove()
  })
  const host = await openAttackedHost(fleet, 'nas', randomOf(5))
  await host.agent.start()
  await host.burst(2_000, async () => undefined)
  await host.caughtUp()
  const before = await fleet.ask<{ attempts: number }>('/api/v1/totals')

  disk.fill()
  await host.burst(2_000, async () => undefined)
  const { trouble } = await until('the page says so', async () => {
    const answer = await fleet.ask<Alerts>('/api/v1/alerts')
    return answer.trouble !== null && answer
  })
  assert.match(trouble?.why ?? '', /full/)
  const health = await fetch(`${fleet.url}/healthz`)
  assert.equal(health.status, 503)
  assert.match(await health.text(), /^nothing can be stored: .*full/)
  const said = (words: RegExp) => telegram.seen.filter(({ text }) => words.test(text)).length
  await until('the person is told', () => said(/can store nothing \(.*full.*\)/) > 0)
  // For as long as asked: agents come back, are refused, are killed, and go on waiting.
  await pause(1000 * Number(process.env['DISK_FULL_SECONDS'] ?? 4))
  await host.agent.kill()
  await host.agent.start()
  await host.burst(500, async () => undefined)
  assert.ok(fleet.collector.isRunning(), fleet.collector.said())
  assert.deepEqual(await fleet.ask('/api/v1/totals'), before, 'what is stored can still be read')

  disk.free()
  await host.caughtUp(120_000)
  const { lost, doubled, gaps, differences } = await judge(fleet, [host.told])
  assert.deepEqual({ lost, doubled, gaps, differences }, exact)
  await until('the page says that it is over', async () => {
    return (await fleet.ask<Alerts>('/api/v1/alerts')).trouble === null
  })
  assert.equal((await fetch(`${fleet.url}/healthz`)).status, 200)
  await until('the person is told that it is over', () => said(/stores again/) === 1)
  assert.equal(said(/can store nothing/), 1, 'once is enough')
  const { log } = await fleet.ask<{ log: { text: string }[] }>('/api/v1/log?kind=trouble')
  assert.ok(log.some(({ text }) => /could store nothing for \d+ min/.test(text)))
})

const exact = { lost: 0, doubled: 0, gaps: 0, differences: [] }
