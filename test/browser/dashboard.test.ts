import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { totpCode } from '../../collector/store/people/totp.ts'
import { enrol, type Teller } from '../support/findings.ts'
import { eventually, startWeb, type Web } from '../support/web.ts'
import { counted, logIn, open, overflow, seen, skip, startBrowser } from './person.ts'

// What attackers type where a name belongs; none of it may become part of the page.
const markup = '<img src=x onerror="document.title=1">'
const password = 'a lamp, three boats and the moon'
const long = 'pi-with-a-rather-long-name-in-the-cellar.example'

let browser: Browser
let web: Web
let nas: Teller

before(async () => {
  if (skip !== false) return
  web = await startWeb(':memory:', { live: { batch: 50 }, now: Date.now })
  const now = Date.now()
  nas = enrol(web.db, 'nas', now)
  const pi = enrol(web.db, long, now)
  nas.tell(
    { kind: 'attempt', at: now - 60_000, ip: '203.0.113.9', user: 'root', count: 61 },
    { kind: 'attempt', at: now - 50_000, ip: '203.0.113.9', user: markup },
    { kind: 'attempt', at: now - 50_000, ip: '203.0.113.9', user: '\u202egnp.exe' },
    { kind: 'attempt', at: now - 50_000, ip: '203.0.113.9', user: '=HYPERLINK("x")' },
    ...Array.from({ length: 30 }, (_, at) => ({
      kind: 'attempt' as const,
      at: now - 40_000,
      ip: `2001:db8:1234:5678:9abc:def0:1234:${(at + 0x1000).toString(16)}`,
      user: 'x'.repeat(1 + at * 8),
    })),
  )
  pi.tell({ kind: 'probe', at: now - 30_000, ip: '203.0.113.9' })
  web.log.append('agent', 'nas connected')
  browser = await startBrowser()
})
after(async () => {
  if (skip !== false) return
  await browser.close()
  await web.close()
})

async function go(page: Page, to: string): Promise<void> {
  await page.goto(`${web.url}/${to}`)
  await page.waitForSelector('#connection[data-state="live"]')
}

async function download(page: Page, click: () => Promise<void>): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), click()])
  return readFileSync(await file.path(), 'utf8')
}

test('a link leads to the verdict, the numbers, the hosts, the attackers', { skip }, async () => {
  const { page, troubles, requested, close } = await open(browser)
  await logIn(page, web)
  assert.equal(page.url(), `${web.url}/`)
  await page.waitForSelector('#verdict h1')
  assert.match(
    await seen(page, '#verdict'),
    /^Quiet: 94 attempts and 1 probe by 31 addresses in the last 24 hours, nobody got in/,
  )
  await page.waitForSelector('.plot canvas')
  await page.waitForSelector('[aria-label="Top attackers"] .address')
  assert.match(await seen(page, '[aria-label="Top attackers"]'), /203\.0\.113\.9\s+2 hosts\s+64/)
  assert.match(await seen(page, '[aria-label="User names"]'), /root\s+61/)
  assert.match(await seen(page, '[aria-label="Networks"]'), /203\.0\.113\.0\/24\s+64/)
  const network = await page.getAttribute('[aria-label="Networks"] .address', 'href')
  assert.equal(network, './?page=attackers&q=203.0.113.0%2F24')
  assert.match(await seen(page, '#hosts'), /nas\s+94\s+heard/)
  assert.match(await seen(page, '[aria-label="Newest events"]'), /nas connected/)
  assert.match(await seen(page, '#connection'), /live\s+numbers are fresh/)
  assert.deepEqual(troubles, [])
  assert.ok(requested.length > 8)
  assert.deepEqual(
    requested.filter((url) => !url.startsWith(`${web.url}/`) && !url.startsWith('data:')),
    [],
    'nothing is asked of anybody else',
  )
  await close()
})

test('a live attack is watched, filtered, followed to the attacker, and exported', {
  skip,
}, async () => {
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  await page.click('nav[aria-label="Pages"] >> text=Log')
  await page.waitForSelector('#live .end')
  const rows = nas.tell(
    { kind: 'attempt', at: Date.now(), ip: '198.51.100.66', user: 'oracle', method: 'password' },
    { kind: 'login', at: Date.now(), ip: '198.51.100.66', user: 'pi', method: 'password' },
  )
  for (const finding of rows) web.feed.publish({ kind: 'finding', finding })
  await page.waitForSelector('#live li[data-kind="login"]')
  assert.match(
    await seen(page, '#live li[data-kind="login"]'),
    /login as pi from 198\.51\.100\.66 on nas by password$/,
  )
  await page.selectOption('[aria-label="Kind"]', 'login')
  await page.waitForURL(/kind=login/)
  await counted(page, '#live li[data-kind]', 1)
  await page.click('#live .address')
  await page.waitForURL(/page=attacker&ip=198\.51\.100\.66/)
  await page.waitForSelector('.alarm')
  assert.match(await seen(page, '.alarm'), /refused 1 time and logged in/)
  await page.waitForSelector('.lanes .login')
  const table = await download(page, () => page.click('[aria-label="Attacker"] >> text=CSV'))
  assert.match(table, /"nas","login","198\.51\.100\.66",,"pi","password",1,/)
  const json = JSON.parse(
    await download(page, () => page.click('[aria-label="Attacker"] >> text=JSON')),
  )
  assert.equal(json.findings.length, 2)
  await page.click('text=Copy')
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), '198.51.100.66')
  await page.click('nav[aria-label="Pages"] >> text=Overview')
  await page.waitForSelector('#verdict[data-mood="look"]')
  assert.match(
    await seen(page, '#verdict'),
    /^LOOK: 198\.51\.100\.66 failed 1 time, then logged in to nas as pi/,
  )
  await page.goBack()
  await page.waitForURL(/page=attacker/)
  assert.deepEqual(troubles, [])
  await page.click('#logout')
  await page.waitForURL(`${web.url}/login`)
  await page.goto(`${web.url}/?page=log&kind=login`)
  assert.equal(new URL(page.url()).pathname, '/login')
  await close()
})

test('what an address did on a host is the same number on every page', { skip }, async () => {
  const { page, close } = await open(browser)
  await logIn(page, web)
  await page.waitForSelector('[aria-label="Networks"] .address')
  await go(page, '?page=attackers&q=203.0.113.9')
  await page.waitForSelector('#attackers .address')
  assert.match(
    await seen(page, '#attackers'),
    /64 attempts, 1 probe\s+on nas 64, \S+ 1 probe; last/,
  )
  await go(page, '?page=attacker&ip=203.0.113.9')
  await page.waitForSelector('[aria-label="On hosts"] .host')
  assert.match(await seen(page, '[aria-label="On hosts"]'), /nas\s+64\s+\S+\s+1 probe$/)
  await go(page, `?page=host&name=${long}`)
  await page.waitForSelector('[aria-label="Its attackers"] .address')
  assert.match(await seen(page, '[aria-label="Its attackers"]'), /203\.0\.113\.9\s+1 probe$/)
  await close()
})

test('a host says what it reads, also where it waits for more', { skip }, async () => {
  const sources = [{ source: '/var/log/auth.log', reading: '', lag: 0, trouble: '' }]
  web.db.prepare("UPDATE agent SET sources = ? WHERE name = 'nas'").run(JSON.stringify(sources))
  const { page, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=hosts')
  await page.waitForSelector('#hosts >> text=auth.log · v2.0.0')
  await go(page, '?page=host&name=nas&span=7d')
  await page.waitForSelector('[aria-label="Host"] code')
  assert.match(await seen(page, '[aria-label="Host"]'), /\/var\/log\/auth\.log\s+all read/)
  await page.click('text=Its attackers')
  await page.waitForURL(/page=attackers&host=nas&span=7d/)
  await go(page, '?page=host&name=nowhere')
  await page.waitForSelector('text=No host of this name is known.')
  await close()
})

test('what an attacker typed is text on every page, and no formula in a spreadsheet', {
  skip,
}, async () => {
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  for (const to of ['?page=log', '?page=attacker&ip=203.0.113.9', '?page=attackers']) {
    await go(page, to)
    await page.waitForSelector('.user')
    const shown = await seen(page, 'main')
    assert.ok(shown.includes(markup), to)
    assert.ok(shown.includes('\\u{202e}gnp.exe'), to)
    assert.equal(await page.locator('img').count(), 0)
    assert.match(await page.title(), /^CIBot/)
  }
  const table = await download(page, () => page.click('text=CSV'))
  assert.match(table, /'=HYPERLINK\(""x""\)|\\u\{202e\}gnp\.exe/)
  assert.doesNotMatch(table, /(^|,)"?[=+@]/m)
  assert.deepEqual(troubles, [])
  await close()
})

test('dragging over the chart narrows what is below, and the address says so', {
  skip,
}, async () => {
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  await page.waitForSelector('[aria-label="Top attackers"] .address')
  const over = page.locator('.u-over')
  const plot = await over.boundingBox()
  assert.ok(plot)
  // Not by the place on the screen: what is clicked must be there already.
  const clickMiddle = () => over.click({ position: { x: plot.width * 0.5, y: 50 } })
  await page.mouse.move(plot.x + plot.width * 0.2, plot.y + 50)
  await page.mouse.down()
  await page.mouse.move(plot.x + plot.width * 0.4, plot.y + 60, { steps: 5 })
  await page.mouse.up()
  await page.waitForURL(/from=\d+&to=\d+/)
  await page.waitForSelector('[aria-label="Top attackers"] .empty')
  await page.waitForSelector('[aria-label="0 attempts in the marked time"]')
  await page.waitForSelector('text=Newest of the marked time')
  await page.waitForSelector('[aria-label="Newest events"] >> text=Nothing happened.')
  await page.reload()
  await page.waitForSelector('[aria-label="Top attackers"] .empty')
  await clickMiddle()
  await page.waitForURL((url) => !url.search.includes('from='))
  await page.waitForSelector('[aria-label="Top attackers"] .address')
  await clickMiddle()
  await page.waitForURL(/from=\d+&to=\d+/)
  await page.focus('[role=application]')
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[aria-label="Top attackers"] .address')
  await page.keyboard.press('Escape')
  await page.waitForURL((url) => !url.search.includes('from='))
  await page.keyboard.press('Escape')
  await page.goBack()
  await page.waitForURL(/from=\d+&to=\d+/)
  await page.goForward()
  await page.waitForURL((url) => !url.search.includes('from='))
  await page.click('text=Per host')
  await page.waitForSelector('.legend')
  assert.match(await seen(page, '.legend'), /nas/)
  await page.click('text=30 days')
  await page.waitForURL(/span=30d/)
  assert.deepEqual(troubles, [])
  await close()
})

test('the log can be paused, searched, and scrolled back to its beginning', { skip }, async () => {
  const { page, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=log')
  await page.waitForSelector('#live li[data-kind]')
  await page.click('#pause')
  const before = await page.locator('#live li[data-kind]').count()
  const rows = nas.tell({ kind: 'probe', at: Date.now(), ip: '192.0.2.200' })
  for (const finding of rows) web.feed.publish({ kind: 'finding', finding })
  await page.waitForSelector('text=1 new event waiting')
  assert.equal(await page.locator('#live li[data-kind]').count(), before)
  await page.click('#pause')
  await page.waitForSelector('#live >> text=192.0.2.200')
  await page.fill('[aria-label="Text"]', 'hyperLINK')
  await page.keyboard.press('Enter')
  await page.waitForURL(/q=hyperLINK/)
  await counted(page, '#live li[data-kind]', 1)
  await page.click('[aria-label^="Remove the filter"]')
  await page.waitForURL((url) => !url.search.includes('q='))
  nas.tell(
    ...Array.from({ length: 400 }, (_, at) => ({
      kind: 'probe' as const,
      at: Date.now() - 86_400_000 - at * 1000,
      ip: '192.0.2.201',
    })),
  )
  await go(page, '?page=log&ip=192.0.2.201')
  await page.waitForSelector('#live li[data-kind]')
  const end = Date.now() + 10_000
  while (!(await seen(page, '#live .end')).includes('all there is') && Date.now() < end) {
    await page.evaluate('document.querySelector("#live .end").scrollIntoView()')
    await page.waitForTimeout(30)
  }
  assert.equal(await page.locator('#live li[data-kind]').count(), 400)
  await close()
})

test('a filter for the collector’s own lines is that of the file, and of what waits', {
  skip,
}, async () => {
  web.log.append('trouble', 'the disk is full')
  web.log.append('trouble', 'Telegram does not answer')
  const { page, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=log&kind=trouble&q=TELEGRAM')
  await counted(page, '#live li[data-kind]', 1)
  const table = await download(page, () => page.click('text=CSV'))
  assert.deepEqual(table.match(/"trouble",".*"/g), ['"trouble","Telegram does not answer"'])
  await page.click('#pause')
  web.log.append('trouble', 'Telegram answers again')
  await page.waitForSelector('text=Paused, 1 new event waiting')
  await page.selectOption('[aria-label="Kind"]', 'alert')
  await page.waitForSelector('text=Paused, 0 new events waiting')
  await close()
})

test('what an address goes on doing stands on its page, each deed once', { skip }, async () => {
  const tell = (many: number) =>
    nas.tell(
      ...Array.from({ length: many }, (_, at) => ({
        kind: 'attempt' as const,
        at: Date.now() - at * 1000,
        ip: '192.0.2.88',
      })),
    )
  tell(150)
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=attacker&ip=192.0.2.88')
  const rows = '[aria-label="Everything it did"] .log li'
  await counted(page, rows, 100)
  await page.dblclick('text=Further back')
  await counted(page, rows, 150)
  const [finding] = tell(1)
  assert.ok(finding)
  web.feed.publish({ kind: 'finding', finding })
  await page.waitForSelector('[aria-label="Attacker"] >> text=151')
  await counted(page, rows, 151)
  assert.deepEqual(troubles, [])
  await close()
})

test('with the keyboard alone: to the content, to the log, into its rows, and to an attacker', {
  skip,
}, async () => {
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  await page.keyboard.press('Tab')
  assert.equal(
    await page.evaluate('document.activeElement.textContent.trim()'),
    'Skip to the content',
  )
  for (const name of ['CIBot', 'Overview', 'Log']) {
    await page.keyboard.press('Tab')
    const here = await page.evaluate('document.activeElement.innerText.trim()')
    assert.equal(here, name)
  }
  await page.keyboard.press('Enter')
  await page.waitForURL(/page=log/)
  await page.waitForSelector('#live .address')
  assert.equal(await page.evaluate('document.activeElement.id'), 'main')
  const steps: string[] = []
  for (let tabs = 0; tabs < 30; tabs += 1) {
    await page.keyboard.press('Tab')
    const here = (await page.evaluate(
      'document.activeElement.getAttribute("aria-label") ?? document.activeElement.className',
    )) as string
    steps.push(here)
    if (here === 'address') break
  }
  for (const name of ['Kind', 'Host', 'Address', 'User name', 'Text', 'Events, newest first']) {
    assert.ok(steps.includes(name), `${name} is reached: ${steps.join(', ')}`)
  }
  await page.keyboard.press('Enter')
  await page.waitForURL(/page=attacker&ip=/)
  assert.deepEqual(troubles, [])
  await close()
})

test('a name without a letter is seen to be one', { skip }, async () => {
  nas.tell(
    { kind: 'attempt', at: Date.now(), ip: '192.0.2.77', user: '' },
    { kind: 'attempt', at: Date.now(), ip: '192.0.2.77', user: ' ' },
  )
  const { page, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=log&ip=192.0.2.77')
  await counted(page, '#live .user', 2)
  assert.match(await seen(page, '#live li'), /1 attempt as \(empty\) from 192\.0\.2\.77 on nas$/)
  assert.equal(await page.locator('#live a.user').count(), 1)
  assert.equal(await seen(page, '#live a.user'), '(empty)')
  await close()
})

test('of more names than are given the page says that there may be others', { skip }, async () => {
  nas.tell(
    ...Array.from({ length: 1100 }, (_, at) => ({
      kind: 'attempt' as const,
      at: Date.now() - 3_600_000,
      ip: '192.0.2.99',
      user: `name${at}`,
    })),
  )
  const { page, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=attacker&ip=192.0.2.99')
  await page.waitForSelector('[aria-label="Names tried"] .user')
  assert.match(await seen(page, '[aria-label="Attacker"]'), /names tried, or more\s+1,000/)
  assert.match(await seen(page, '[aria-label="Names tried"]'), /and 970 more, at least$/)
  await close()
})

test('what the browser would not copy is not said to be copied', { skip }, async () => {
  const { page, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=attacker&ip=203.0.113.9')
  await page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error("no"))')
  await page.click('text=Copy')
  await page.waitForSelector('button >> text="Not copied"')
  await close()
})

test('times are those of the fleet, relative on the page and in full when pointed at', {
  skip,
}, async () => {
  const far = await startWeb(':memory:', {
    now: Date.now,
    settings: { schedule: '59 * * * *', zone: 'Asia/Tokyo', quiet: null },
  })
  const at = Date.now() - 7_200_000
  enrol(far.db, 'nas', Date.now()).tell({ kind: 'probe', at, ip: '192.0.2.1' })
  const { page, close } = await open(browser)
  await logIn(page, far)
  await page.goto(`${far.url}/?page=attacker&ip=192.0.2.1`)
  await page.waitForSelector('.log time')
  const tokyo = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Tokyo', timeStyle: 'medium' })
  const clock = tokyo.format(at)
  assert.ok((await seen(page, '.log time')).endsWith(clock))
  assert.equal(await seen(page, '[aria-label="Attacker"] time'), '2 h ago')
  const title = await page.getAttribute('[aria-label="Attacker"] time', 'title')
  assert.match(title ?? '', new RegExp(`${clock} (JST|GMT\\+9)`))
  await close()
  await far.close()
})

test('a wrong clock on the phone makes nothing look older or newer', { skip }, async () => {
  const { page, close } = await open(browser)
  await page.addInitScript('const right = Date.now; Date.now = () => right() - 3600_000')
  await logIn(page, web)
  await go(page, '?page=attacker&ip=2001:db8:1234:5678:9abc:def0:1234:1000')
  await page.waitForSelector('[aria-label="Attacker"] time')
  await page.waitForFunction('document.querySelector("#connection .age").textContent !== ""')
  assert.match(await seen(page, '[aria-label="Attacker"] time'), /^\d+ (s|min) ago$/)
  assert.match(await seen(page, '#connection'), /numbers are fresh/)
  await close()
})

test('settings are changed, checked, and noted; a report is sent again', { skip }, async () => {
  const { page, troubles, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=settings')
  await page.fill('[name=zone]', 'Europe/Rome')
  await page.fill('[name=quiet]', '25:00-07:00')
  await page.click('text=Store')
  await page.waitForSelector('text=quiet: "25:00-07:00" are no hours')
  await page.fill('[name=quiet]', '22:00-07:00')
  await page.click('text=Store')
  await page.waitForSelector('text=it holds from now on')
  await page.waitForSelector('text=Times are in Europe/Rome')
  await page.waitForSelector('text=ana changed zone from UTC to Europe/Rome')
  await page.click('text=Send a test message')
  await page.waitForSelector('text=Queued as report')
  web.db.prepare("UPDATE outbox SET state = 'sent', tries = 1").run()
  await go(page, '?page=reports')
  await page.waitForSelector('.reports .bubble')
  assert.match(await seen(page, '.reports'), /Test message, asked for by ana.*\s+sent/)
  await page.click('text=Send again')
  await page.click('button >> text="Send"')
  await page.waitForSelector('text=Queued.')
  await page.waitForSelector('.badge[data-state="ready"]')
  assert.deepEqual(
    troubles.filter((text) => !text.includes('400')),
    [],
  )
  await close()
})

test('a code out of an app is asked for once it is set up', { skip }, async () => {
  await web.people.setPassword('eva', password)
  const { page, close } = await open(browser)
  const logInWith = async (code: string) => {
    await page.goto(`${web.url}/login?to=${encodeURIComponent('?page=settings')}`)
    await page.fill('[name=name]', 'eva')
    await page.fill('[name=password]', password)
    await page.fill('[name=code]', code)
    await page.click('button')
  }
  await logInWith('')
  await page.waitForURL(`${web.url}/?page=settings`)
  await page.click('text=Set up codes')
  const secret = (await seen(page, '.command code')).replaceAll(' ', '')
  const code = (off = 0) => totpCode(secret, Math.floor(Date.now() / 30_000) + off)
  await page.fill('[aria-label="Code"]', code(-1))
  await page.click('text=Turn on')
  await page.waitForSelector('text=Ask for no codes')
  await page.waitForSelector('text=eva turned on codes')
  await page.click('#logout')
  await page.waitForURL(`${web.url}/login`)
  await logInWith('000000')
  await page.waitForSelector('[role=alert]')
  await logInWith(code())
  await page.waitForURL(`${web.url}/?page=settings`)
  await page.click('#logout')
  await page.waitForURL(`${web.url}/login`)
  await logInWith(code())
  await page.waitForSelector('[role=alert]')
  await close()
})

test('an empty fleet shows the line that rolls out the first agent', { skip }, async () => {
  const empty = await startWeb(':memory:', { now: Date.now, live: { batch: 50 } })
  const { page, troubles, close } = await open(browser, { width: 360 })
  await logIn(page, empty)
  await page.waitForSelector('.command')
  assert.match(await seen(page, '#verdict'), /ansible-playbook -i inventory\.yml site\.yml/)
  assert.match(await seen(page, '#verdict'), /cibot-collector agents add NAME KEY/)
  assert.equal(await overflow(page), 0)
  enrol(empty.db, 'first', Date.now()).tell({ kind: 'probe', at: Date.now(), ip: '192.0.2.1' })
  empty.log.append('agent', 'first connected')
  await page.waitForSelector('#hosts >> text=first')
  assert.deepEqual(troubles, [])
  await close()
  await empty.close()
})

test('while nothing can be stored, nobody is told that it is quiet', { skip }, async () => {
  const now = Date.now()
  const full = await startWeb(':memory:', {
    now: Date.now,
    trouble: () => ({ why: 'database or disk is full', since: now - 60_000 }),
  })
  enrol(full.db, 'nas', now).tell({ kind: 'probe', at: now - 90_000, ip: '192.0.2.1' })
  const { page, close } = await open(browser)
  await logIn(page, full)
  await page.waitForSelector('#verdict[data-mood="look"]')
  const said = await seen(page, '#verdict')
  assert.match(said, /^LOOK: the collector can store nothing: database or disk is full, 1 min ago/)
  assert.match(said, /In all at least 0 attempts and 1 probe by 1 address in the last 24 hours\.$/)
  await close()
  await full.close()
})

test('the page says when the connection is lost, goes on by itself, and misses nothing', {
  skip,
}, async () => {
  const { page, close } = await open(browser, { width: 360 })
  await logIn(page, web)
  await go(page, '?page=log&kind=agent')
  await page.waitForSelector('#live >> text=nas connected')
  const before = await page.locator('#live li[data-kind]').count()
  await page.context().setOffline(true)
  web.app.server.closeAllConnections()
  await page.waitForSelector('#connection[data-state="lost"]')
  assert.equal(await overflow(page), 0)
  web.log.append('agent', 'pi connected meanwhile')
  await page.context().setOffline(false)
  await page.waitForSelector('#connection[data-state="live"]')
  await page.waitForSelector('#live >> text=pi connected meanwhile')
  assert.equal(await page.locator('#live li[data-kind]').count(), before + 1, 'nothing twice')
  await close()
})

test('a question that is not answered is told of, however fresh the other numbers are', {
  skip,
}, async () => {
  const { page, close } = await open(browser)
  await logIn(page, web)
  await page.waitForSelector('#verdict h1')
  const broken = `${web.url}/api/v1/totals*`
  await page.route(broken, (route) => route.fulfill({ status: 500, json: { error: 'it broke' } }))
  web.log.append('agent', 'something happened')
  await page.waitForSelector('main >> text=Not all of this page could be answered: it broke.')
  await page.unroute(broken)
  web.log.append('agent', 'something happened again')
  await page.waitForSelector('text=Not all of this page', { state: 'detached' })
  await go(page, `?page=attackers&q=${'x'.repeat(300)}`)
  await page.waitForSelector('text=/could be answered: query: q: /')
  await page.click('nav[aria-label="Pages"] >> text=Hosts')
  await page.waitForSelector('#hosts')
  assert.equal(await page.locator('text=could be answered').count(), 0)
  await close()
})

test('a session that has ended leads back to the login page, and on to where one was', {
  skip,
}, async () => {
  await web.people.setPassword('ben', password)
  const { page, close } = await open(browser)
  await logIn(page, web)
  await go(page, '?page=hosts')
  web.db.prepare('DELETE FROM session').run()
  web.app.server.closeAllConnections()
  await eventually(() => page.url().startsWith(`${web.url}/login`), 20_000)
  await page.fill('[name=name]', 'ben')
  await page.fill('[name=password]', password)
  await page.click('button')
  await page.waitForURL(`${web.url}/?page=hosts`)
  await close()
})
