import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composer } from '../../collector/report/report.ts'
import { openReports } from '../../collector/store/reports/reports.ts'
import { enrol } from '../support/findings.ts'
import { acting, hostile, hostileNames } from '../support/hostile.ts'
import { startWeb, type Web } from '../support/web.ts'
import { logIn, open, overflow, seen, skip, startBrowser } from './person.ts'

async function fill({ db, log }: Web, now: number): Promise<void> {
  const nas = enrol(db, 'nas', now)
  const of = (name: string) => ({ host: name, ip: name, method: name, program: name, text: name })
  nas.tell(
    ...hostileNames.map((user, at) => ({
      kind: 'attempt' as const,
      at: now - 600_000 + at,
      ip: '203.0.113.9',
      user,
      method: user,
    })),
    ...hostileNames.map((name, at) => ({
      kind: 'attempt' as const,
      at: now - 500_000 + at,
      user: name,
      ...of(name),
    })),
    ...hostileNames.map((name, at) => ({
      kind: 'change' as const,
      at: now - 400_000 + at,
      ...of(name),
    })),
    { kind: 'login', at: now - 300_000, ip: '203.0.113.9', user: hostile.escapes },
  )
  for (const name of hostileNames) log.append('trouble', `${name} is not known`)
  const source = { source: 'auth.log', reading: hostile.markup, lag: 0, trouble: hostile.escapes }
  db.prepare('UPDATE agent SET version = ?, sources = ?').run(
    hostile.markup,
    JSON.stringify([source]),
  )
  const silence = { after: 3_600_000, listening: 0 }
  await openReports(db).close(now, composer({ zone: 'UTC', heartbeat: false, silence }))
}

const pages = [
  ['', '[aria-label="User names"] .user'],
  ['?span=7d&by=host', '.legend'],
  ['?page=log', '#live li[data-kind]'],
  ['?page=attackers', '#attackers .address'],
  ['?page=attacker&ip=203.0.113.9', '.lanes'],
  [`?page=attacker&ip=${encodeURIComponent(hostile.markup)}`, '.lanes'],
  ['?page=hosts', '.cards .spark'],
  ['?page=host&name=nas', '.plot canvas'],
  [`?page=host&name=${encodeURIComponent(hostile.escapes)}`, '.plot canvas'],
  ['?page=reports', '.reports .bubble'],
  [`?page=log&q=${encodeURIComponent(hostile.override)}`, '.chip'],
] as const

test('what attackers typed is harmless text on every page: names, hosts, addresses, programs, reports', {
  skip,
}, async () => {
  const web = await startWeb(':memory:', { now: Date.now, live: { batch: 50 } })
  await fill(web, Date.now())
  const browser = await startBrowser()
  const { page, troubles, requested, close } = await open(browser, { width: 360, height: 740 })
  await logIn(page, web)
  for (const [to, ready] of pages) {
    await page.goto(`${web.url}/${to}`)
    await page.waitForSelector(ready)
    const shown = (await seen(page, 'body')).replaceAll(/[\n\t]/g, ' ')
    assert.doesNotMatch(shown, acting, to)
    assert.equal(await page.locator('img, body script, iframe').count(), 0, to)
    assert.match(await page.title(), /^CIBot/)
    assert.equal(await overflow(page), 0, to)
  }
  assert.deepEqual(troubles, [])
  const foreign = requested.filter((url) => !url.startsWith(web.url) && !url.startsWith('data:'))
  assert.deepEqual(foreign, [])
  await close()
  await browser.close()
  await web.close()
})
