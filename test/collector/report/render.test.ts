import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from '../../../collector/report/alert.ts'
import { type Digest, digest, worthTelling } from '../../../collector/report/digest.ts'
import {
  prefixed,
  render,
  renderAlert,
  renderPlain,
  repeatMark,
} from '../../../collector/report/render.ts'
import { composer, queueAlert } from '../../../collector/report/report.ts'
import type { PartText } from '../../../collector/store/reports/parts.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { type Fleet, noon, openFleet } from './seed.ts'

const zone = 'Europe/Rome'
const silence = { after: 10 * 60_000, listening: 0 }
const settings = { zone, heartbeat: false, silence }

/** The report that would be sent now, and its text. */
async function reportOf(fleet: Fleet, heartbeat = false) {
  const compose = composer({ ...settings, heartbeat })
  const { parts, loud, digest: made } = await openReports(fleet.db).preview(noon, compose)
  return { parts, loud, digest: made as Digest, text: renderPlain(parts) }
}

/** Closes a period and delivers what waits. */
async function closeAndDeliver(fleet: Fleet, now: number) {
  const reports = openReports(fleet.db)
  await reports.close(now, composer(settings))
  const claim = { owner: 'x', now: 9e14, lease: 1, again: () => 0 }
  for (let part = await reports.claim(claim); part !== null; part = await reports.claim(claim)) {
    await reports.settle(part, 'x', { kind: 'sent', message: 1, why: null })
  }
}

const intruder: Alert = {
  ip: '203.0.113.9',
  host: 'nas',
  user: 'pi',
  at: noon - 5 * 60_000,
  failed: 61,
  failedOn: [
    { host: 'nas', attempts: 40 },
    { host: 'pi', attempts: 21 },
  ],
  times: 1,
}

test('a quiet report says so in its first line, with what was counted', async () => {
  const fleet = openFleet(['nas', 'pi', 'web'])
  await openReports(fleet.db).close(noon - 3_600_000, composer(settings))
  for (let i = 0; i < 411; i++) {
    fleet.find({ ip: `198.51.100.${i % 37}`, host: ['nas', 'pi', 'web'][i % 3] ?? '' })
  }
  fleet.find({ ip: '198.51.100.0', host: 'nas', user: 'admin' })
  const { text, loud } = await reportOf(fleet)
  const lines = text.split('\n')
  assert.equal(lines[0], 'Quiet: 412 attempts by 37 addresses on 3 hosts, nobody got in')
  assert.equal(lines[1], '22 Nov 12:59–13:59')
  assert.ok(lines.includes('All 37 addresses are new'))
  assert.ok(lines.includes('198.51.100.0: 13 on 3 hosts'))
  assert.ok(lines.includes('and 27 more'))
  assert.ok(lines.includes('Names tried: root 411, admin 1'))
  assert.ok(lines.includes('Hosts: nas 138, pi 137, web 137'))
  assert.equal(lines.at(-1), 'Report #2')
  assert.equal(loud, false)
})

test('one is one', async () => {
  const fleet = openFleet(['nas'])
  fleet.find({})
  const { text } = await reportOf(fleet)
  assert.match(text, /^Quiet: 1 attempt by 1 address on 1 host, nobody got in\n/)
})

test('somebody who failed and then got in comes first, and loud', async () => {
  const fleet = openFleet(['nas', 'pi'])
  fleet.find({ host: 'nas', user: 'pi', count: 40 })
  fleet.find({ host: 'pi', user: 'pi', count: 21 })
  fleet.find({ kind: 'login', host: 'nas', user: 'pi' })
  fleet.alert({ ...intruder, on: JSON.stringify(intruder.failedOn) })
  queueAlert(openReports(fleet.db), intruder, zone, noon - 1000)
  const { text, loud } = await reportOf(fleet)
  assert.equal(
    text.split('\n')[0],
    'LOOK: 203.0.113.9 failed 61 times on nas and pi, then logged in to nas as pi',
  )
  assert.match(text, /\nuntil 22 Nov 13:59: 61 attempts by 1 address on 2 hosts\n/)
  assert.doesNotMatch(text, /Logins|again/)
  assert.equal(loud, true)
})

test('the login of one already told of is told again, but wakes nobody', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  queueAlert(reports, intruder, zone, noon - 7_200_000)
  await closeAndDeliver(fleet, noon - 3_600_000)
  fleet.find({ kind: 'login', host: 'nas', user: 'pi' })
  fleet.alert({ ...intruder, times: 5, on: '[]' })
  const { text, loud } = await reportOf(fleet)
  assert.match(text, /^Quiet: no attempts, nobody new got in\n/)
  assert.match(text, /\n203\.0\.113\.9 logged in to nas as pi again \(5 times so far\)\n/)
  assert.equal(loud, false)
})

test('where something was lost, numbers are lower bounds and the host is named', async () => {
  const fleet = openFleet(['nas', 'web'])
  fleet.find({ host: 'nas', count: 10 })
  fleet.find({ host: 'web', count: 62 })
  fleet.find({
    kind: 'loss',
    ip: null,
    user: null,
    host: 'web',
    text: 'rsyslogd lost 200 messages',
  })
  fleet.gap('web', 'missing')
  const { text } = await reportOf(fleet)
  assert.match(text, /^Quiet: at least 72 attempts by 1 address on 2 hosts, nobody got in\n/)
  assert.match(text, /\nHosts: web at least 62, nas 10\n/)
  assert.match(text, /web: rsyslogd lost 200 messages\nweb: a log was rotated away before it was/)
})

test('local misses, account changes, refusals of the hosts and one’s own logins have their lines', async () => {
  const fleet = openFleet(['nas'])
  fleet.find({ ip: null, program: 'sudo', user: 'anna', count: 2 })
  fleet.find({ kind: 'change', ip: null, user: null, text: 'user "eve" added' })
  fleet.find({ kind: 'blocked', user: null, count: 30 })
  fleet.find({ kind: 'login', ip: '192.168.1.20', user: 'anna' })
  const { text } = await reportOf(fleet)
  assert.match(text, /^Quiet: no attempts, no attacker got in\n/)
  assert.match(text, /\nanna failed at sudo on nas 2 times\n/)
  assert.match(text, /\n22 Nov 13:58 nas: user "eve" added\n/)
  assert.match(text, /\n30 connections turned away by the hosts themselves\n/)
  assert.match(text, /\nanna on nas from 192\.168\.1\.20, for the first time\n/)
})

test('a host that falls silent is told once, loudly, and again when it is back', async () => {
  const fleet = openFleet(['nas', 'pi'])
  const reports = openReports(fleet.db)
  fleet.seen('pi', noon - 30 * 60_000)
  const first = await reportOf(fleet)
  assert.match(first.text, /\npi is silent since 22 Nov 13:29\n/)
  assert.equal(first.loud, true)
  await closeAndDeliver(fleet, noon)
  assert.equal((await reportOf(fleet)).parts.length, 0)
  // A collector that has just started has not listened long enough to call anybody back.
  const restarted = composer({ ...settings, silence: { after: 600_000, listening: noon } })
  assert.equal((await reports.preview(noon, restarted)).parts.length, 0)
  fleet.seen('pi', noon)
  assert.match((await reportOf(fleet)).text, /\npi is heard of again\n/)
})

test('nothing is said when nothing happened, and once a day when a heartbeat is wanted', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  assert.equal((await reportOf(fleet)).parts.length, 0)
  const beating = composer({ ...settings, heartbeat: true })
  const said: number[] = []
  for (let hour = 0; hour < 50; hour++) {
    fleet.seen('nas', noon + hour * 3_600_000)
    const { parts } = await reports.close(noon + hour * 3_600_000, beating)
    if (parts > 0) said.push(hour)
    const part = await reports.claim({ owner: 'x', now: 9e14, lease: 1, again: () => 0 })
    if (part !== null) {
      await reports.settle(part, 'x', { kind: 'sent', message: 1, why: null })
      assert.match(part.text, /^Quiet: no attempts, nobody got in\n/)
    }
  }
  assert.deepEqual(said, [0, 24, 48])
})

test('a heartbeat wanted comes every day, on that of 23 hours too, and after the clock was set back', async () => {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  const beating = composer({ ...settings, heartbeat: true })
  const partsAt = async (time: string) => (await reports.close(Date.parse(time), beating)).parts
  for (const [time, parts] of [
    ['2027-03-27T22:59:00Z', 1],
    // 23:59 in Rome, where summer time began.
    ['2027-03-28T21:59:00Z', 1],
    ['2031-01-01T22:59:00Z', 1],
    ['2027-03-29T21:59:00Z', 1],
    ['2027-03-29T22:59:00Z', 0],
    ['2027-03-30T21:59:00Z', 1],
  ] as const) {
    fleet.seen('nas', Date.parse(time))
    assert.equal(await partsAt(time), parts, time)
    const part = await reports.claim({ owner: 'x', now: 9e14, lease: 1, again: () => 0 })
    if (part !== null) await reports.settle(part, 'x', { kind: 'sent', message: 1, why: null })
  }
})

test('one’s own daily login is no news', async () => {
  const fleet = openFleet(['nas'])
  fleet.find({ kind: 'login', ip: '192.168.1.20', user: 'backup' })
  await closeAndDeliver(fleet, noon - 1)
  fleet.find({ kind: 'login', ip: '192.168.1.20', user: 'backup' })
  assert.equal((await reportOf(fleet)).parts.length, 0)
})

const hostile = [
  '*root* _x_ [a](http://evil.example) `c`',
  '<b>bold</b><a href="tg://user?id=1">x</a>&amp;',
  '\u202Etoor\u202C',
  'a\nLOOK: 192.0.2.1 failed 9 times, then logged in to nas as root',
  '\u001b[31mred',
  'x'.repeat(5000),
  '🙂'.repeat(300),
  '@durov #tag /start evil.example',
  'שלום',
  '',
]

test('nothing an attacker types forges a line, hides, links or formats', async () => {
  const fleet = openFleet(['nas', 'evil.example\n<b>'])
  for (const user of hostile) {
    fleet.find({ user, ip: 'host.evil.example', host: 'evil.example\n<b>' })
    fleet.find({ user, ip: null, program: 'su' })
    fleet.find({ kind: 'change', ip: null, user: null, text: `user "${user}" added` })
  }
  const { parts, text } = await reportOf(fleet)
  for (const part of parts) assertSafe(part)
  assert.equal(text.split('\n').filter((line) => line.startsWith('LOOK')).length, 0)
  assert.doesNotMatch(text.replaceAll(/[\n\u2068\u2069]/g, ''), /[\p{Cc}\p{Cf}]/u)
  // Every place such a name stands in is inside a code entity, where nothing is linked.
  for (const word of ['evil.example', '@durov', '/start', '<b>', '*root*']) {
    assertInCode(parts, word)
  }
  const alert = renderAlert(
    { ...intruder, user: hostile[3] ?? '', ip: hostile[0] ?? '', host: hostile[1] ?? '' },
    { number: 1, zone },
  )
  assertInCode(alert, 'LOOK: 192')
  assertInCode(alert, 'evil.example')
  for (const part of alert) assertSafe(part)
})

function assertSafe({ text, entities }: PartText): void {
  assert.ok(text.length <= 4096 - 60)
  assert.ok(entities.length <= 100)
  assert.ok(text.isWellFormed())
  for (const { offset, length } of entities) assert.ok(offset + length <= text.length)
}

function assertInCode(parts: readonly PartText[], word: string): void {
  let found = 0
  for (const { text, entities } of parts) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      found += 1
      const inside = entities.some(
        ({ type, offset, length }) => type === 'code' && offset <= at && at < offset + length,
      )
      assert.ok(inside, `${word} stands outside code in: ${text}`)
    }
  }
  assert.ok(found > 0, `${word} does not stand anywhere`)
}

test('a fleet of many hosts and attackers is cut into numbered parts', async () => {
  const hosts = Array.from({ length: 60 }, (_, i) => `a-host-with-quite-a-long-name-${i}`)
  const fleet = openFleet(hosts)
  for (const [i, host] of hosts.entries()) {
    fleet.find({ host, ip: `198.51.100.${i}`, user: `${i}${'u'.repeat(200)}` })
    fleet.find({ host, kind: 'login', ip: '192.168.1.20', user: `${i}${'v'.repeat(200)}` })
    fleet.find({ host, kind: 'change', ip: null, text: `user "${'w'.repeat(300)}" added` })
    fleet.find({ host, ip: null, user: 'x'.repeat(99), program: 'sudo' })
    fleet.seen(host, null)
  }
  const { parts } = await reportOf(fleet)
  assert.ok(parts.length > 1)
  for (const [i, part] of parts.entries()) {
    assertSafe(part)
    assert.match(part.text, new RegExp(`\nReport #1, part ${i + 1}/${parts.length}$`))
  }
})

test('what a list leaves out is counted whole, and every host that lost something is at least', async () => {
  const hosts = Array.from({ length: 70 }, (_, at) => `host${at}`)
  const fleet = openFleet(hosts)
  for (const [at, host] of hosts.entries()) {
    fleet.find({ host, ip: null, program: 'sudo', user: 'anna' })
    fleet.find({ host, kind: 'login', ip: '192.168.1.20', user: 'anna' })
    fleet.find({ host, kind: 'loss', ip: null, user: null, text: 'journald lost 3 messages' })
    fleet.find({ host, count: 100 + at })
    if (at >= 10) fleet.gap(host, 'torn')
  }
  const { text, digest: made } = await reportOf(fleet)
  const left = [...text.matchAll(/\nand (\d+) more\n/g)].map(([, count]) => Number(count))
  assert.deepEqual(left, [60, 60, 120])
  assert.equal(made.hosts.filter(({ atLeast }) => atLeast).length, 70)
})

test('hosts of one label are one host in a report', async () => {
  const fleet = openFleet(['nas', 'old nas', 'pi'])
  fleet.db.prepare("UPDATE host SET label = 'nas' WHERE label = 'old nas'").run()
  for (const host of ['nas', 'old nas', 'pi']) {
    fleet.find({ host, count: host === 'nas' ? 4 : 3 })
    fleet.find({ host, ip: null, program: 'sudo', user: 'anna', count: 2 })
    fleet.find({ host, kind: 'login', ip: '192.168.1.20', user: 'anna' })
  }
  const { text } = await reportOf(fleet)
  assert.match(text, /^Quiet: 10 attempts by 1 address on 2 hosts/)
  assert.match(text, /\n203\.0\.113\.9: 10 on nas and pi\n/)
  assert.match(text, /\nHosts: nas 7, pi 3\n/)
  assert.match(text, /\nanna on nas from 192\.168\.1\.20, 2 times, for the first time\nanna on pi/)
  assert.match(text, /\nanna failed at sudo on nas 4 times\nanna failed at sudo on pi 2 times\n/)
})

test('an alert is short, says what to do, and shows where it failed', () => {
  assert.equal(
    renderPlain(renderAlert(intruder, { number: 13, zone })),
    [
      'LOOK: 203.0.113.9 failed 61 times on nas and pi, then logged in to nas as pi',
      '22 Nov 13:54',
      'Failed: nas 40, pi 21',
      'If this was you, all is well. If not: change the password of pi on nas, and look who is logged in there.',
      'Alert #13',
    ].join('\n'),
  )
  const once = { ...intruder, failed: 1, user: '', failedOn: [{ host: 'nas', attempts: 1 }] }
  assert.match(
    renderPlain(renderAlert(once, { number: 1, zone })),
    /^LOOK: 203\.0\.113\.9 failed once on nas, then logged in to nas\n/,
  )
})

test('a repeat says so before anything else, and its entities move along', () => {
  const mark = repeatMark({ kind: 'period', number: 3, part: 1, parts: 2 })
  assert.equal(mark, '(repeat of report #3, part 1/2)\n')
  const part = prefixed(mark, { text: 'LOOK', entities: [{ type: 'bold', offset: 0, length: 4 }] })
  assert.deepEqual(part.entities, [{ type: 'bold', offset: mark.length, length: 4 }])
})

test('an unreadable digest of before and an unreadable list of hosts spoil nothing', async () => {
  const fleet = openFleet(['nas'])
  fleet.find({ kind: 'login', host: 'nas', user: 'pi' })
  fleet.alert({ ...intruder, on: '{broken' })
  let made: Digest | undefined
  await openReports(fleet.db).preview(noon, (closing) => {
    made = digest({ ...closing, previous: { of: 'another version' } }, silence)
    return { digest: made, parts: [], loud: false }
  })
  assert.deepEqual(made?.again[0]?.failedOn, [])
  assert.equal(made?.before, null)
  assert.ok(made !== undefined && worthTelling(made))
  assert.notEqual(render(made, { number: 1, zone, heartbeat: false }), null)
})
