import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { enrol, type Teller } from '../support/findings.ts'
import { startWeb, type Web } from '../support/web.ts'
import { type Nginx, noNginx, openNginx } from './nginx.ts'
import { skip as noBrowser, open, seen, startBrowser } from './person.ts'

const skip = noBrowser || noNginx
const password = 'a lamp, three boats and the moon'

let folder: string
let browser: Browser
let web: Web
let nas: Teller
let nginx: Nginx

before(async () => {
  if (skip !== false) return
  folder = mkdtempSync(join(tmpdir(), 'cibot-nginx-'))
  web = await startWeb(':memory:', {
    now: Date.now,
    live: { batch: 50 },
    trustProxy: ['127.0.0.1'],
  })
  await web.people.setPassword('ben', password)
  nas = enrol(web.db, 'nas', Date.now())
  nas.tell({ kind: 'attempt', at: Date.now(), ip: '203.0.113.9', user: 'root', method: 'password' })
  nginx = await openNginx(folder, web.port)
  await nginx.start()
  browser = await startBrowser()
})
after(async () => {
  if (skip !== false) return
  await browser.close()
  await nginx.stop()
  await web.close()
  rmSync(folder, { recursive: true, force: true })
})

function told(...findings: Parameters<Teller['tell']>): void {
  for (const finding of nas.tell(...findings)) web.feed.publish({ kind: 'finding', finding })
}

test('behind nginx that ends TLS, under a sub-path: in by the form, with a cookie that only TLS carries', {
  skip,
}, async () => {
  const { page, troubles, requested, close } = await open(browser, { anyCertificate: true })
  await page.goto(`${nginx.url}/?page=attackers`)
  assert.match(page.url(), /^https:.*\/fleet\/cibot\/login\?to=%3Fpage%3Dattackers$/)
  await page.fill('[name=name]', 'ben')
  await page.fill('[name=password]', 'not this one')
  await page.click('button')
  await page.waitForSelector('[role=alert]')
  await page.fill('[name=name]', 'ben')
  await page.fill('[name=password]', password)
  await page.click('button')
  await page.waitForURL(`${nginx.url}/?page=attackers`)
  await page.waitForSelector('#connection[data-state="live"]')
  const [cookie, ...others] = await page.context().cookies()
  assert.deepEqual(others, [])
  const { name, secure, httpOnly, sameSite, path } = cookie ?? {}
  assert.deepEqual(
    { name, secure, httpOnly, sameSite, path },
    { name: '__Host-s', secure: true, httpOnly: true, sameSite: 'Strict', path: '/' },
  )
  const front = await page.context().request.get(`${nginx.url}/`)
  assert.equal(front.headers()['strict-transport-security'], 'max-age=31536000')
  assert.match(web.log.newest({ limit: 1, kind: 'login' })[0]?.text ?? '', /from 127\.0\.0\.1$/)

  await page.click('#attackers .address')
  await page.waitForURL(/\/fleet\/cibot\/\?page=attacker&ip=203\.0\.113\.9$/)
  await page.waitForSelector('.lanes')
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.click('[aria-label="Attacker"] >> text=CSV'),
  ])
  assert.match(readFileSync(await file.path(), 'utf8'), /"203\.0\.113\.9",,"root"/)
  await page.click('text=API')
  await page.waitForURL(`${nginx.url}/api`)
  const written = await page.evaluate(
    'fetch(document.querySelector("main a").href).then((answer) => answer.json())',
  )
  assert.equal((written as { openapi: string }).openapi, '3.1.0')
  await page.click('text=Dashboard')
  await page.waitForURL(`${nginx.url}/`)
  await page.waitForSelector('#connection[data-state="live"]')
  await page.click('#logout')
  await page.waitForURL(`${nginx.url}/login`)
  assert.deepEqual(await page.context().cookies(), [])
  await page.goto(`${nginx.url}/login/${web.people.makeLink('ana')}`)
  await page.waitForURL(`${nginx.url}/`)
  await page.waitForSelector('#connection[data-state="live"]')

  assert.deepEqual(
    troubles.filter((text) => !text.includes('401')),
    [],
  )
  assert.deepEqual(nginx.outside(), [])
  assert.deepEqual(
    requested.filter((url) => !url.startsWith(`${nginx.url}/`) && !url.startsWith('data:')),
    [],
  )
  await close()
})

test('behind nginx events come as they happen, and none is missed while it is away', {
  skip,
}, async () => {
  const { page, close } = await open(browser, { anyCertificate: true })
  await page.goto(`${nginx.url}/login/${web.people.makeLink('ana')}`)
  await page.goto(`${nginx.url}/?page=log&kind=login`)
  await page.waitForSelector('#connection[data-state="live"]')
  told({ kind: 'login', at: Date.now(), ip: '192.0.2.1', user: 'one' })
  // One event is far less than nginx's buffer: it comes because nginx was told not to keep it.
  await page.waitForSelector('#live >> text=192.0.2.1', { timeout: 3000 })
  await nginx.stop()
  await page.waitForSelector('#connection[data-state="lost"]')
  told({ kind: 'login', at: Date.now(), ip: '192.0.2.2', user: 'two' })
  await nginx.start()
  await page.waitForSelector('#connection[data-state="live"]', { timeout: 20_000 })
  await page.waitForSelector('#live >> text=192.0.2.2')
  told({ kind: 'login', at: Date.now(), ip: '192.0.2.3', user: 'three' })
  await page.waitForSelector('#live >> text=192.0.2.3', { timeout: 3000 })
  assert.match(
    (await seen(page, '#live')).replaceAll(/\s+/g, ' '),
    /three .* two .* one /,
    'each once, newest first',
  )
  assert.equal(await page.locator('#live li[data-kind="login"]').count(), 3)
  await close()
})
