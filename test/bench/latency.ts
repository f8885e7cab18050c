import { appendFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { open, skip, startBrowser } from '../browser/person.ts'
import { openFleet } from '../support/fleet.ts'
import { randomOf } from '../support/random.ts'
import { openFakeTelegram } from '../support/telegram.ts'
import { until } from '../support/until.ts'
import { type Bench, figure, quantile, type Setting, type Table } from './bench.ts'

export const bench: Bench = {
  about:
    'One line is appended to a log; how long until it is where it belongs. Each waits for the one before and a random while; built agent and collector, over loopback.',
  run: async (setting) => {
    const ways = [await untilAcknowledged(setting), await untilInBrowser(setting)]
    const found = [...ways, await untilTelegram(setting)]
    return [tableOf(found)]
  },
}

type Way = { name: string; goal: string; times: number[]; note?: string }

function tableOf(ways: readonly Way[]): Table {
  return {
    title: 'From the line',
    columns: ['until', 'p50 ms', 'p99 ms', 'longest', 'lines', 'goal'],
    rows: ways
      .filter(({ times }) => times.length > 0)
      .map(({ name, goal, times }) => [
        name,
        figure(quantile(times, 0.5)),
        figure(quantile(times, 0.99)),
        figure(Math.max(...times)),
        String(times.length),
        goal,
      ]),
    notes: ways.flatMap(({ note }) => note ?? []),
  }
}

/** The moment in ms, the same in every process of this machine. */
function clock(): number {
  return performance.timeOrigin + performance.now()
}

function lineOf(message: string, pid = 7): string {
  return `${new Date().toISOString().replace('Z', '000+00:00')} nas sshd[${pid}]: ${message}\n`
}

function failure(ip: string): string {
  return lineOf(`Failed password for root from ${ip} port 40000 ssh2`)
}

async function untilAcknowledged({ quick, programs, say }: Setting): Promise<Way> {
  const lines = quick ? 20 : 1000
  const random = randomOf(1)
  const fleet = await openFleet({}, { programs })
  const tap = await openTap(fleet.port)
  const log = join(fleet.folder, 'nas.log')
  writeFileSync(log, failure('203.0.113.1'))
  const times: number[] = []
  try {
    await (await fleet.addAgent('nas', { log, collector: tap.url })).start()
    await until('the first attempt', () => fleet.rows('SELECT 1 FROM finding').length === 1)
    for (let line = -lines / 10; line < lines; line++) {
      if (line % 100 === 0) say(`durable acknowledgement, line ${line} of ${lines}`)
      await pause(random.whole(5, 25))
      const acknowledged = tap.next()
      const begun = clock()
      appendFileSync(log, failure('203.0.113.1'))
      const took = (await acknowledged) - begun
      if (line >= 0) times.push(took)
    }
  } finally {
    tap.close()
    await fleet.close()
  }
  return { name: 'durable, and the agent told so', goal: 'p99 5', times }
}

/** Passes bytes on, and tells when an acknowledgement came by on its way to the agent. */
async function openTap(
  target: number,
): Promise<{ url: string; next: () => Promise<number>; close: () => void }> {
  let heard = (_: number): void => undefined
  const server = createServer((agent) => {
    const collector = connect(target, '127.0.0.1')
    for (const socket of [agent, collector]) {
      socket.setNoDelay(true)
      socket.on('error', () => [agent, collector].map((one) => one.destroy()))
    }
    agent.pipe(collector)
    collector.on('data', (bytes) => {
      agent.write(bytes)
      if (bytes.includes('"type":"ack"')) heard(clock())
    })
    collector.on('end', () => agent.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    next: () => new Promise((resolve) => (heard = resolve)),
    close: () => server.close(),
  }
}

async function untilInBrowser({ quick, programs, say }: Setting): Promise<Way> {
  const way: Way = { name: 'in the browser’s live log', goal: 'p50 50, p99 150', times: [] }
  if (skip !== false) return { ...way, note: `The live log was left out: it ${skip}.` }
  const lines = quick ? 5 : 200
  const random = randomOf(2)
  const fleet = await openFleet({}, { programs })
  const log = join(fleet.folder, 'nas.log')
  writeFileSync(log, failure('203.0.113.1'))
  const browser = await startBrowser()
  try {
    await (await fleet.addAgent('nas', { log })).start()
    const { page } = await open(browser)
    await page.goto((await fleet.command('link', 'ana')).match(/http\S+/)?.[0] ?? '')
    await page.goto(`${fleet.url}/?page=log`)
    await page.waitForSelector('#connection[data-state="live"]')
    await page.evaluate(watchRows)
    for (let line = 0; line < lines; line++) {
      if (line % 20 === 0) say(`live log, line ${line} of ${lines}`)
      const ip = `198.51.100.${line + 1}`
      await pause(random.whole(50, 600))
      const begun = clock()
      appendFileSync(log, failure(ip))
      const shown = await until(
        `${ip} on the page`,
        async () => Number(await page.evaluate(`window.shown.get('${ip}') ?? 0`)) || undefined,
      )
      way.times.push(shown - begun)
    }
  } finally {
    await browser.close()
    await fleet.close()
  }
  return way
}

// Runs in the page: notes when an address is first in a row.
const watchRows = `window.shown = new Map()
new MutationObserver(() => {
  for (const row of document.querySelectorAll('#live li')) {
    const ip = /198\\.51\\.100\\.\\d+/.exec(row.textContent)?.[0]
    if (ip && !window.shown.has(ip)) window.shown.set(ip, performance.timeOrigin + performance.now())
  }
}).observe(document.body, { childList: true, subtree: true, characterData: true })`

async function untilTelegram({ quick, programs, say }: Setting): Promise<Way> {
  const turns = quick ? 1 : 10
  const telegram = await openFakeTelegram()
  const { token, apiRoot } = telegram
  const fleet = await openFleet({ telegram: { token, chatId: 42, apiRoot } }, { programs })
  const log = join(fleet.folder, 'nas.log')
  writeFileSync(log, lineOf('Server listening on 0.0.0.0 port 22.'))
  const times: number[] = []
  try {
    await (await fleet.addAgent('nas', { log })).start()
    for (let turn = 1; turn <= turns; turn++) {
      say(`Telegram, turn ${turn} of ${turns}`)
      const ip = `203.0.113.${turn}`
      appendFileSync(log, Array.from({ length: 20 }, () => failure(ip)).join(''))
      await until(
        'the failures',
        () => fleet.rows('SELECT 1 FROM finding').length === 21 * turn - 1,
      )
      // Messages to one chat go out a second apart at the fastest; that is not what is asked here.
      await pause(quick ? 0 : 3000)
      const before = telegram.calls.length
      const called = telegram.called(before + 1, 20_000)
      const begun = clock()
      appendFileSync(log, lineOf(`Accepted password for pi from ${ip} port 50000 ssh2`, 9))
      await called
      times.push(clock() - begun)
    }
  } finally {
    await fleet.close()
    await telegram.close()
  }
  return { name: 'login after failures at Telegram’s door', goal: '1000', times }
}
