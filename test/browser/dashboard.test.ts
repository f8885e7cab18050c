import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { enrol, type Teller } from '../support/findings.ts'
import { eventually, startWeb, type Web } from '../support/web.ts'

const executable = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => existsSync(path))
const skip =
  executable === undefined
    ? 'needs a browser: apt-get install --no-install-recommends chromium'
    : false
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
// What attackers type where a name belongs; none of it may become part of the page.
const markup = '<img src=x onerror="document.title=1">'

let browser: Browser
let web: Web
let nas: Teller

before(async () => {
  if (skip !== false) return
  web = await startWeb(':memory:', { live: { batch: 50 }, now: Date.now })
  const now = Date.now()
  nas = enrol(web.db, 'nas', now)
  const pi = enrol(web.db, 'pi-with-a-rather-long-name-in-the-cellar.example', now)
  nas.tell(
    { kind: 'attempt', at: now - 60_000, ip: '203.0.113.9', user: 'root', count: 61 },
    { kind: 'attempt', at: now - 50_000, ip: '203.0.113.9', user: markup },
    { kind: 'attempt', at: now - 50_000, ip: '203.0.113.9', user: '\u202egnp.exe' },
    ...Array.from({ length: 30 }, (_, at) => ({
      kind: 'attempt' as const,
      at: now - 40_000,
      ip: `2001:db8:1234:5678:9abc:def0:1234:${(at + 0x1000).toString(16)}`,
      user: 'x'.repeat(at * 8),
    })),
  )
  pi.tell({ kind: 'probe', at: now - 30_000, ip: '203.0.113.9' })
  web.log.append('agent', 'nas connected')
  browser = await chromium.launch({ executablePath: executable ?? '', args: flags })
})
after(async () => {
  if (skip !== false) return
  await browser.close()
  await web.close()
})

type Open = { page: Page; troubles: string[]; requested: string[]; close: () => Promise<void> }

async function open(width: number, scheme: 'light' | 'dark' = 'light'): Promise<Open> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: scheme,
  })
  const page = await context.newPage()
  const troubles: string[] = []
  const requested: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text())
  })
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('request', (request) => requested.push(request.url()))
  page.setDefaultTimeout(10_000)
  return { page, troubles, requested, close: () => context.close() }
}

async function logIn(page: Page): Promise<void> {
  await page.goto(`${web.url}/login/${web.people.makeLink('ana')}`)
  await page.waitForSelector('#totals dd')
  await page.waitForSelector('#connection[data-state="live"]')
}

function seen(page: Page, selector: string): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: what a person sees, not what the tree holds
  return page.locator(selector).innerText()
}

const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

test('a link leads to the numbers: verdict, totals, hosts, attackers, live log', {
  skip,
}, async () => {
  const { page, troubles, requested, close } = await open(1280)
  await logIn(page)
  assert.equal(page.url(), `${web.url}/`)
  assert.match(
    await seen(page, '#verdict'),
    /^Quiet: 93 attempts by 31 addresses on 2 hosts in the last 24 hours, nobody got in/,
  )
  assert.match(await seen(page, '#totals'), /^attempts\s*93\s*addresses\s*31\s/)
  assert.match(await seen(page, '#hosts'), /nas\s+online, heard/)
  const attackers = await seen(page, '#attackers')
  assert.match(attackers, /203\.0\.113\.9\s+63 attempts, 1 probe/)
  assert.match(attackers, /on nas 63, pi-with-a-rather-long-name-in-the-cellar\.example 1/)
  assert.match(await seen(page, '#live'), /collector: nas connected/)
  assert.deepEqual(troubles, [])
  assert.ok(requested.length > 5)
  assert.deepEqual(
    requested.filter((url) => !url.startsWith(`${web.url}/`) && !url.startsWith('data:')),
    [],
    'nothing is asked of anybody else',
  )
  await close()
})

test('what happens appears by itself, a login after failures turns the verdict', {
  skip,
}, async () => {
  const { page, troubles, close } = await open(1280)
  await logIn(page)
  const rows = nas.tell({
    kind: 'login',
    at: Date.now(),
    ip: '203.0.113.9',
    user: 'pi',
    method: 'password',
  })
  for (const finding of rows) web.feed.publish({ kind: 'finding', finding })
  await page.waitForSelector('#live li[data-kind="login"]')
  assert.match(
    await seen(page, '#live li:first-child'),
    /nas: login as pi from 203\.0\.113\.9 by password$/,
  )
  await page.waitForSelector('#verdict[data-mood="look"]')
  assert.match(
    await seen(page, '#verdict'),
    /^LOOK: 203\.0\.113\.9 failed 63 times, then logged in to nas as pi/,
  )
  assert.deepEqual(troubles, [])
  await close()
})

test('what an attacker typed is shown as text', { skip }, async () => {
  const { page, close } = await open(1280)
  await logIn(page)
  const shown = await seen(page, 'body')
  assert.ok(shown.includes(markup))
  assert.ok(shown.includes('\\u{202e}gnp.exe'))
  assert.equal(await page.locator('img').count(), 0)
  assert.equal(await page.title(), 'CIBot')
  await close()
})

for (const scheme of ['light', 'dark'] as const) {
  test(`every page fits a phone of 360 pixels, ${scheme}`, { skip }, async () => {
    const { page, troubles, close } = await open(360, scheme)
    await page.goto(`${web.url}/`)
    assert.equal(page.url(), `${web.url}/login`)
    assert.equal(await overflow(page), 0, 'the login page')
    await logIn(page)
    assert.equal(await overflow(page), 0, 'the dashboard')
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor')
    assert.equal(ground, scheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(20, 23, 26)')
    await page.goto(`${web.url}/api`)
    assert.equal(await overflow(page), 0, 'the API page')
    assert.deepEqual(troubles, [])
    await close()
  })
}

test('a password opens the form, logging out closes the page', { skip }, async () => {
  await web.people.setPassword('ben', 'a lamp, three boats and the moon')
  const { page, close } = await open(1280)
  await page.goto(`${web.url}/login`)
  await page.fill('[name=name]', 'ben')
  await page.fill('[name=password]', 'wrong')
  await page.click('button')
  await page.waitForSelector('[role=alert]')
  await page.fill('[name=name]', 'ben')
  await page.fill('[name=password]', 'a lamp, three boats and the moon')
  await page.click('button')
  await page.waitForSelector('#connection[data-state="live"]')
  await page.click('header button')
  await page.waitForURL(`${web.url}/login`)
  await page.goto(`${web.url}/`)
  assert.equal(page.url(), `${web.url}/login`)
  await close()
})

test('the page says when the connection is lost, and goes on by itself', { skip }, async () => {
  const { page, close } = await open(1280)
  await logIn(page)
  const before = await page.locator('#live li').count()
  await page.context().setOffline(true)
  web.app.server.closeAllConnections()
  await page.waitForSelector('#connection[data-state="lost"]')
  web.log.append('agent', 'pi connected meanwhile')
  await page.context().setOffline(false)
  await page.waitForSelector('#connection[data-state="live"]')
  await page.waitForFunction(
    'document.querySelector("#live")?.textContent?.includes("pi connected meanwhile")',
  )
  assert.equal(await page.locator('#live li').count(), before + 1, 'nothing is shown twice')
  await close()
})

test('a session that has ended leads back to the login page', { skip }, async () => {
  const { page, close } = await open(1280)
  await logIn(page)
  web.db.prepare('DELETE FROM session').run()
  web.app.server.closeAllConnections()
  await eventually(() => page.url() === `${web.url}/login`, 15_000)
  await close()
})
