import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { enrol, type Teller, type Told } from '../support/findings.ts'
import { sessionCookie, startWeb } from '../support/web.ts'
import { logIn, open, seen, skip, startBrowser } from './person.ts'

const users = ['root', 'admin', 'ubuntu', 'test', 'oracle', 'postgres', 'pi', 'git']

let browser: Browser
let folder: string

before(async () => {
  if (skip !== false) return
  folder = mkdtempSync(join(tmpdir(), 'cibot-browser-'))
  browser = await startBrowser()
})
after(async () => {
  if (skip !== false) return
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
})

function attempts(many: number, at: (index: number) => number, seed = 1): Told[] {
  return Array.from({ length: many }, (_, index) => ({
    kind: 'attempt',
    at: at(index),
    ip: `203.0.${(index * 7 * seed) % 8}.${(index * 31 + seed) % 250}`,
    user: users[(index + seed) % 8] ?? '',
    method: 'password',
  }))
}

test('with 100,000 findings and 200 hosts the page is there within a second, out of 60 kB of script', {
  skip,
}, async (t) => {
  const web = await startWeb(':memory:', { now: Date.now })
  const now = Date.now()
  for (let host = 0; host < 200; host += 1) {
    const teller = enrol(web.db, `host-${host}`, now)
    teller.tell(...attempts(500, (index) => now - index * 5_000_000 - host * 1000, host))
  }
  const script = await web.ask('/app.js', { headers: { cookie: sessionCookie(web) } })
  const size = gzipSync(await script.text()).length
  assert.ok(size <= 60_000, `the script is ${size} bytes gzipped`)

  const { page, close } = await open(browser)
  await logIn(page, web)
  const paints: number[] = []
  for (let turn = 0; turn < 3; turn += 1) {
    await page.reload()
    await page.waitForSelector('#verdict h1')
    const paint = await page.evaluate(
      'performance.getEntriesByName("first-contentful-paint")[0].startTime',
    )
    paints.push(Number(paint))
  }
  paints.sort((one, other) => one - other)
  assert.ok((paints[1] ?? 0) < 1000, `first contentful paint after ${paints.join(', ')} ms`)
  await page.waitForSelector('#hosts .spark')
  assert.match(await seen(page, '[aria-label="Hosts"]'), /^200 hosts/)

  const slow: string[] = []
  for (const span of ['24h', '7d', '30d', '90d']) {
    for (const path of [
      'totals?',
      'attackers?limit=10&users=0&hosts=0&',
      'top?by=user&limit=10&',
    ]) {
      const times: number[] = []
      for (let turn = 0; turn < 5; turn += 1) {
        const begun = performance.now()
        await web.read(`/api/v1/${path}since=${span}`)
        times.push(performance.now() - begun)
      }
      const median = times.sort((one, other) => one - other)[2] ?? 0
      if (median >= 50) slow.push(`${path}since=${span} took ${Math.round(median)} ms`)
    }
  }
  assert.deepEqual(slow, [])
  t.diagnostic(`script ${size} bytes gzipped, first paint ${paints.map(Math.round).join(', ')} ms`)
  await close()
  await web.close()
})

const perSecond = 5000
const burstSeconds = 30
const atLast = 1000

// Stores and tells as the collector does: each batch is on disk before anybody hears of it.
async function burst(teller: Teller, publish: (rows: ReturnType<Teller['tell']>) => void) {
  const begun = performance.now()
  const total = perSecond * burstSeconds
  for (let told = 0; told < total; ) {
    const due = Math.min(total, ((performance.now() - begun) / 1000) * perSecond)
    const batch = Math.min(500, Math.floor(due) - told)
    if (batch > 0) publish(teller.tell(...attempts(batch, () => Date.now(), 1 + (told % 7))))
    told += Math.max(0, batch)
    await sleep(batch < 500 ? 20 : 0)
  }
  // Of the last write a hundred rows may be left: few enough to be whole, enough to push what it says was
  // skipped out of the list. So the burst ends with more than any write holds.
  publish(teller.tell(...attempts(atLast, () => Date.now())))
  return total + atLast
}

test('5,000 findings a second for 30 s: the page stays awake, says what it skipped, and is right after', {
  skip,
}, async (t) => {
  const web = await startWeb(join(folder, 'burst.db'), { now: Date.now })
  const teller = enrol(web.db, 'nas', Date.now())
  const { page, troubles, close } = await open(browser)
  t.after(async () => {
    await close()
    await web.close()
  })
  await page.addInitScript(
    'window.long = []; new PerformanceObserver((list) => { for (const one of list.getEntries()) window.long.push(one.duration) }).observe({ type: "longtask" })',
  )
  await logIn(page, web)
  await page.goto(`${web.url}/?page=log`)
  await page.waitForSelector('#connection[data-state="live"]')
  const total = await burst(teller, (rows) => {
    for (const finding of rows) web.feed.publish({ kind: 'finding', finding })
  })
  await page.waitForSelector('#live li[data-kind="skipped"]')
  assert.ok((await page.locator('#live li').count()) <= 3100)
  const last = teller.tell({ kind: 'login', at: Date.now(), ip: '192.0.2.99', user: 'ana' })
  for (const finding of last) web.feed.publish({ kind: 'finding', finding })
  await page.waitForSelector('#live >> text=192.0.2.99')
  await page.click('#live li[data-kind="skipped"] button')
  await page.waitForSelector('#live li[data-kind="skipped"]', { state: 'detached' })
  await page.click('nav[aria-label="Pages"] >> text=Overview')
  await page.waitForSelector(`#verdict >> text=${total.toLocaleString('en')} attempts`)
  const long = (await page.evaluate('window.long')) as number[]
  assert.ok(Math.max(0, ...long) <= 200, `tasks of ${long.join(', ')} ms`)
  assert.deepEqual(troubles, [])
  t.diagnostic(`longest task ${Math.max(0, ...long)} ms of ${long.length} above 50 ms`)
})

test('a collector that starts again: the page goes on by itself and its list has no hole', {
  skip,
}, async () => {
  const path = join(folder, 'again.db')
  const first = await startWeb(path, { now: Date.now, live: { batch: 50 } })
  enrol(first.db, 'nas', Date.now()).tell(...attempts(5, () => Date.now()))
  const { page, close } = await open(browser)
  await logIn(page, first)
  await page.goto(`${first.url}/?page=log&kind=attempt`)
  await page.waitForSelector('#live li[data-kind]')
  await page.waitForSelector('#connection[data-state="live"]')
  await first.close()
  await page.waitForSelector('#connection[data-state="lost"]')
  const second = await startWeb(path, { now: Date.now, live: { batch: 50 } }, first.port)
  enrol(second.db, 'pi', Date.now()).tell(...attempts(20, () => Date.now(), 3))
  await page.waitForSelector('#connection[data-state="live"]', { timeout: 20_000 })
  await page.waitForSelector('#live >> text=pi')
  assert.equal(await page.locator('#live li[data-kind="attempt"]').count(), 25)
  await close()
  await second.close()
})

test('under a path of a reverse proxy everything works: links, login, live log, logout', {
  skip,
}, async () => {
  const web = await startWeb(':memory:', { now: Date.now, live: { batch: 50 } })
  enrol(web.db, 'nas', Date.now()).tell(...attempts(5, () => Date.now()))
  const outside: string[] = []
  const proxy = createServer((asked, answer) => {
    const path = asked.url ?? ''
    if (!path.startsWith('/fleet/cibot/')) {
      outside.push(path)
      answer.writeHead(404).end()
      return
    }
    const { method = 'GET', headers } = asked
    const onward = request(
      { port: web.port, path: path.slice('/fleet/cibot'.length), method, headers },
      (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers)
        got.pipe(answer)
      },
    )
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/fleet/cibot`
  await web.people.setPassword('ben', 'a lamp, three boats and the moon')
  const { page, troubles, close } = await open(browser)
  await page.goto(`${url}/?page=attackers`)
  assert.match(page.url(), /\/fleet\/cibot\/login\?to=/)
  await page.fill('[name=name]', 'ben')
  await page.fill('[name=password]', 'a lamp, three boats and the moon')
  await page.click('button')
  await page.waitForURL(`${url}/?page=attackers`)
  await page.waitForSelector('#connection[data-state="live"]')
  await page.click('#attackers .address')
  await page.waitForURL(/\/fleet\/cibot\/\?page=attacker/)
  await page.click('text=API')
  await page.waitForURL(`${url}/api`)
  await page.click('text=Dashboard')
  await page.waitForURL(`${url}/`)
  await page.click('#logout')
  await page.waitForURL(`${url}/login`)
  await page.goto(`${url}/login/${web.people.makeLink('ana')}`)
  await page.waitForURL(`${url}/`)
  await page.waitForSelector('#connection[data-state="live"]')
  assert.deepEqual(troubles, [])
  assert.deepEqual(outside, [])
  await close()
  proxy.closeAllConnections()
  proxy.close()
  await web.close()
})
