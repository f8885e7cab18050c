import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { composer, queueAlert } from '../../collector/report/report.ts'
import { openAgents } from '../../collector/store/agents.ts'
import type { Entity } from '../../collector/store/reports/parts.ts'
import { openReports } from '../../collector/store/reports/reports.ts'
import { enrol } from '../support/findings.ts'
import { startWeb, type Web } from '../support/web.ts'
import { logIn, open, overflow, seen, skip, startBrowser } from './person.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** The pictures are for a person to look at; the folder is not kept. */
const pictures = new URL('../../.cache/pages/', import.meta.url).pathname

const attacker = '203.0.113.9'
const pages = [
  ['overview', '', '.plot canvas'],
  ['per-host', '?span=7d&by=host', '.legend'],
  ['log', '?page=log', '#live li[data-kind]'],
  ['attackers', '?page=attackers&span=7d', '#attackers .address'],
  ['attacker', `?page=attacker&ip=${attacker}`, '.lanes'],
  ['hosts', '?page=hosts', '.cards .spark'],
  ['host', '?page=host&name=nas', '.plot canvas'],
  ['reports', '?page=reports', '.reports .bubble'],
  ['settings', '?page=settings', '[name=schedule]'],
  ['api', 'api', 'details'],
] as const

const looks = [
  ['light', { width: 1280, height: 860 }],
  ['dark', { width: 1280, height: 860, scheme: 'dark' }],
  ['phone', { width: 360, height: 740, scale: 2 }],
  ['phone-dark', { width: 360, height: 740, scale: 2, scheme: 'dark' }],
] as const

let browser: Browser
let web: Web

before(async () => {
  if (skip !== false) return
  mkdirSync(pictures, { recursive: true })
  web = await startWeb(':memory:', { now: Date.now, live: { batch: 50 } })
  fill(web)
  await tellReports(web, Date.now())
  browser = await startBrowser()
})
after(async () => {
  if (skip !== false) return
  await browser.close()
  await web.close()
})

test('who was seen on many hosts shows four of them and how many more', { skip }, async () => {
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  await page.goto(`${web.url}/?page=attackers&span=30d&q=${attacker}`)
  await page.waitForSelector('#attackers .address')
  assert.match(await seen(page, '#attackers'), /on (\S+ \d+, ){3}\S+ \d+ and 3 more; last /)
  await page.goto(`${web.url}/?span=30d`)
  await page.waitForSelector('[aria-label="Top attackers"] .address')
  assert.match(await seen(page, '[aria-label="Top attackers"]'), /203\.0\.113\.21 7 hosts/)
  assert.deepEqual(troubles, [])
  await close()
})

test('what was counted is the same in the verdict, the numbers, the chart, the cards, on the hosts’ pages', {
  skip,
}, async () => {
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  const all = async (selector: string) =>
    (await page.locator(selector).allInnerTexts()).map((text) => Number(text.replaceAll(',', '')))
  const sum = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0)
  const inChart = async () =>
    Number(
      /, ([\d,]+) in all/
        .exec((await page.getAttribute('.plot', 'aria-label')) ?? '')?.[1]
        ?.replace(',', ''),
    )
  // At the end of an hour one page would speak of another span than the next.
  const left = 3_600_000 - (Date.now() % 3_600_000)
  if (left < 30_000) await page.waitForTimeout(left)
  for (const span of ['24h', '7d', '30d']) {
    await page.goto(`${web.url}/?span=${span}`)
    await page.waitForSelector('.plot canvas')
    await page.waitForSelector('.stats dd >> text=/[1-9]/')
    await page.waitForSelector('#hosts .number >> text=/[1-9]/')
    await page.waitForSelector('#verdict h1')
    const [attempts = 0] = await all('.stats dd')
    assert.ok(attempts > 100)
    assert.equal(await inChart(), attempts, span)
    const cards = await all('#hosts .number')
    assert.equal(sum(cards), attempts, span)
    if (span === '24h') {
      assert.match(await seen(page, '#verdict'), new RegExp(`at least ${attempts} attempts`))
    }
    await page.click('#hosts .host >> nth=0')
    await page.waitForURL(/page=host/)
    await page.goto(`${page.url()}&span=${span}`)
    await page.waitForSelector('.plot canvas')
    await page.waitForSelector('.stats dd >> text=/[1-9]/')
    assert.deepEqual([(await all('.stats dd'))[0], await inChart()], [cards[0], cards[0]], span)
  }
  assert.deepEqual(troubles, [])
  await close()
})

test('a report stands there as it looked: bold where it was bold, quotes as quotes', {
  skip,
}, async () => {
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  await page.goto(`${web.url}/?page=reports`)
  await page.waitForSelector('.bubble b')
  const shown = await seen(page, '.reports > li:nth-child(2) .bubble')
  const sent = web.db.prepare('SELECT text, entities FROM outbox WHERE report = 1').get()
  assert.equal(squeezed(shown), squeezed(String(sent?.['text'])))
  const bold = (JSON.parse(String(sent?.['entities'])) as Entity[])
    .filter(({ type }) => type === 'bold')
    .map(({ offset, length }) => String(sent?.['text']).slice(offset, offset + length))
  assert.deepEqual(
    await page.locator('.reports > li:nth-child(2) .bubble b').allTextContents(),
    bold,
  )
  assert.ok((await page.locator('.bubble blockquote').count()) > 0)
  assert.match(
    await seen(page, '.reports > li:first-child'),
    /in doubt.*no answer; next try in 59 min/,
  )
  assert.deepEqual(troubles, [])
  await close()
})

const squeezed = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

for (const [look, how] of looks) {
  test(`every page, ${look}: nothing wrong, nothing off the edge, nothing in the way of anybody`, {
    skip,
  }, async () => {
    const { page, troubles, requested, close } = await open(browser, how)
    await page.goto(`${web.url}/login`)
    await page.screenshot({ path: join(pictures, `${look}-login.png`) })
    assert.equal(await overflow(page), 0, 'login')
    await logIn(page, web)
    for (const [name, to, ready] of pages) {
      await page.goto(`${web.url}/${to}`)
      await page.waitForSelector(ready)
      await page.waitForLoadState('networkidle').catch(() => undefined)
      await page.screenshot({ path: join(pictures, `${look}-${name}.png`) })
      assert.equal(await overflow(page), 0, name)
      assert.deepEqual(await tooSmall(page), [], name)
      // Through the debugger, which the page's own policy does not bind.
      const found = await page.evaluate(
        `${axe}; axe.run(document, { resultTypes: ['violations'] })`,
      )
      assert.deepEqual(serious(found), [], name)
    }
    assert.deepEqual(troubles, [])
    const foreign = requested.filter((url) => !url.startsWith(`${web.url}/`))
    assert.deepEqual(
      foreign.filter((url) => !url.startsWith('data:')),
      [],
    )
    await close()
  })
}

// Links within a sentence or a line of the log are as high as its letters (WCAG 2.2, 2.5.8).
function tooSmall(page: Page): Promise<unknown> {
  return page.evaluate(`[...document.querySelectorAll(
    '.barred a, .export a, .side > a, .choice a, .more a, .chip, .tabs a, footer a, button, input, select'
  )].filter((one) => one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)`)
}

type Violation = { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }

function serious(found: unknown): string[] {
  const { violations } = found as { violations: Violation[] }
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
}

// A fleet as it may be after a month: seven hosts, a few busy attackers, one who got in.
function fill({ db, log }: Web): void {
  const now = Date.now()
  const names = ['nas', 'pi-cellar', 'vps-fra', 'vps-ams', 'mail', 'attic', 'git']
  const users = ['root', 'admin', 'ubuntu', 'test', 'oracle', 'postgres', 'pi', 'git', 'deploy']
  const tellers = names.map((name) => enrol(db, name, now - 4000))
  for (const [place, teller] of tellers.entries()) {
    teller.tell(
      ...Array.from({ length: 420 }, (_, at) => ({
        kind: at % 11 === 0 ? ('probe' as const) : ('attempt' as const),
        at: now - Math.floor(((420 - at) / 420) ** 2 * (30 - place) * 86_400_000) - at * 997,
        ip: at % 7 === 3 ? `2001:db8:${place}::${at % 23}` : `203.0.113.${((at * at) % 37) + 9}`,
        ...(at % 11 === 0 ? {} : { user: users[(at * (place + 3)) % 9] ?? '', method: 'password' }),
      })),
    )
  }
  tellers[0]?.tell(
    {
      kind: 'attempt',
      at: now - 500_000,
      ip: '198.51.100.4',
      user: '<img src=x onerror=alert(1)>',
    },
    { kind: 'attempt', at: now - 400_000, ip: '198.51.100.4', user: '\u202egnp.exe' },
    { kind: 'attempt', at: now - 400_000, ip: '198.51.100.4', user: 'x'.repeat(256) },
    { kind: 'change', at: now - 300_000, program: 'useradd', user: 'eve', text: 'new user eve' },
  )
  tellers[2]?.tell({
    kind: 'login',
    at: now - 60_000,
    ip: attacker,
    user: 'deploy',
    method: 'password',
  })
  openAgents(db).disconnected(6, now - 5 * 3_600_000)
  db.prepare('UPDATE agent SET sources = ?, skew = 40').run(
    JSON.stringify([{ source: 'auth.log', reading: '/var/log/auth.log', lag: 0, trouble: '' }]),
  )
  db.prepare(
    `INSERT INTO gap (agent, source, file, offset, kind, at, text, received)
     VALUES (1, 'auth.log', 'f', 1, 'missing', ?, 'auth.log.2 was rotated away unread', ?)`,
  ).run(now - 9_000_000, now - 9_000_000)
  log.append('agent', 'nas connected from 192.0.2.7')
  log.append('audit', 'ana changed quiet from none to 22:00-07:00')
}

// A real report and a real urgent message, as the collector writes them.
async function tellReports({ db }: Web, now: number): Promise<void> {
  const reports = openReports(db)
  const zone = 'Europe/Rome'
  const silence = { after: 3_600_000, listening: 0 }
  await reports.close(now, composer({ zone, heartbeat: false, silence }))
  db.prepare("UPDATE outbox SET state = 'sent', tries = 1").run()
  const failedOn = [{ host: 'nas', attempts: 61 }]
  const got = { ip: attacker, host: 'vps-fra', user: 'deploy', at: now, failed: 61, failedOn }
  queueAlert(reports, { ...got, times: 1 }, zone, now)
  db.prepare(
    "UPDATE outbox SET state = 'unsure', tries = 2, due = ?, why = 'no answer' WHERE state = 'ready'",
  ).run(now + 3_600_000)
}
