import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDatabase } from '../../../collector/store/database.ts'
import type { FindingRow } from '../../../collector/store/history.ts'
import { openLog } from '../../../collector/store/log.ts'
import { FindingAnswer } from '../../../collector/web/api/shapes.ts'
import { checker } from '../../../shared/check.ts'
import { enrol, type Teller } from '../../support/findings.ts'
import {
  eventually,
  noon,
  type SseEvent,
  sessionCookie,
  startWeb,
  type Web,
  watch,
} from '../../support/web.ts'

const attempt = { kind: 'attempt', at: noon, ip: '203.0.113.9', user: 'root' } as const

// What ingest does: store, commit, publish.
function tell(web: Web, teller: Teller, ...findings: Parameters<Teller['tell']>) {
  const rows = teller.tell(...findings)
  for (const finding of rows) web.feed.publish({ kind: 'finding', finding })
  return rows
}

const numbers = (events: SseEvent[]) =>
  events.flatMap(({ event, data }) => (event === 'finding' ? [(data as FindingRow).n] : []))

test('what happens is told as it happens, in the documented shape, with a durable id', async () => {
  const web = await startWeb()
  const nas = enrol(web.db, 'nas', noon)
  tell(web, nas, attempt)
  const live = await watch(`${web.url}/api/v1/live`, { cookie: sessionCookie(web) })
  assert.equal(live.headers['content-type'], 'text/event-stream')
  assert.equal(live.headers['cache-control'], 'no-store')
  assert.equal(live.headers['x-content-type-options'], 'nosniff')
  await live.until((events) => events.length === 1)
  assert.deepEqual(live.events[0], { id: '1-0', event: 'ready', data: {} })
  tell(web, nas, { ...attempt, user: 'a\nevent: forged\ndata: {}\n\n', port: 4711, count: 3 })
  web.log.append('agent', 'nas connected')
  await live.until((events) => events.length === 3)
  const [, finding, line] = live.events
  assert.equal(finding?.id, '2-0')
  assert.deepEqual(checker(FindingAnswer)(finding?.data), { ok: true, value: finding?.data })
  assert.deepEqual(finding?.data, {
    n: 2,
    kind: 'attempt',
    at: '2026-11-22T12:20:00.000Z',
    host: 'nas',
    ip: '203.0.113.9',
    port: 4711,
    user: 'a\nevent: forged\ndata: {}\n\n',
    method: null,
    count: 3,
    program: 'sshd',
    text: null,
  })
  assert.equal(line?.id, '2-1')
  assert.deepEqual(line?.data, {
    id: 1,
    at: '2026-11-22T12:20:00.000Z',
    kind: 'agent',
    text: 'nas connected',
  })
  live.stop()
  await web.close()
})

test('a reader that comes back goes on where it was, even after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-live-'))
  const file = join(folder, 'c.db')
  const first = await startWeb(file)
  const nas = enrol(first.db, 'nas', noon)
  const cookie = sessionCookie(first)
  const live = await watch(`${first.url}/api/v1/live`, { cookie })
  tell(first, nas, attempt, attempt)
  first.log.append('agent', 'nas connected')
  await live.until((events) => events.length === 4)
  const last = live.events.at(-1)?.id ?? ''
  assert.equal(last, '2-1')
  await first.close()
  await eventually(live.hasEnded)

  const between = openDatabase(file)
  enrol(between, 'pi', noon).tell(attempt, { ...attempt, kind: 'probe' })
  openLog(between, () => noon).append('report', 'report 1 was sent')
  between.close()

  const second = await startWeb(file)
  const again = await watch(`${second.url}/api/v1/live`, { cookie, 'last-event-id': last })
  await again.until((events) => events.length === 4)
  assert.deepEqual(
    again.events.map(({ id, event }) => [id, event]),
    [
      ['2-1', 'ready'],
      ['3-1', 'finding'],
      ['4-1', 'finding'],
      ['4-2', 'log'],
    ],
  )
  const query = await watch(`${second.url}/api/v1/live?after=3-2`, { cookie })
  await query.until((events) => events.length === 2)
  assert.deepEqual(numbers(query.events), [4])
  again.stop()
  query.stop()
  await second.close()
  rmSync(folder, { recursive: true })
})

test('what was committed before the reader came and published after it is told once', async () => {
  const web = await startWeb()
  const nas = enrol(web.db, 'nas', noon)
  const rows = nas.tell(attempt, attempt)
  const live = await watch(`${web.url}/api/v1/live?after=0-0`, { cookie: sessionCookie(web) })
  await live.until((events) => numbers(events).length === 2)
  for (const finding of rows) web.feed.publish({ kind: 'finding', finding })
  tell(web, nas, attempt)
  await live.until((events) => numbers(events).includes(3))
  assert.deepEqual(numbers(live.events), [1, 2, 3])
  live.stop()
  await web.close()
})

test('an id from the future (a restored database) or none of ours starts at what is new', async () => {
  const web = await startWeb()
  const nas = enrol(web.db, 'nas', noon)
  const cookie = sessionCookie(web)
  tell(web, nas, attempt)
  for (const id of ['900-900', 'garbage', '', '1', '-1-5', '1-0; x']) {
    const live = await watch(`${web.url}/api/v1/live`, { cookie, 'last-event-id': id })
    await live.until((events) => events.length === 1)
    assert.equal(live.events[0]?.id, '1-0', id)
    live.stop()
  }
  await web.close()
})

test('somebody away for too long is told how much he missed, and then the newest', async () => {
  const web = await startWeb()
  const nas = enrol(web.db, 'nas', noon)
  nas.tell(...Array.from({ length: 800 }, () => attempt))
  const live = await watch(`${web.url}/api/v1/live?after=100-0`, { cookie: sessionCookie(web) })
  await live.until((events) => numbers(events).length === 500)
  assert.deepEqual(live.events[1], { id: undefined, event: 'skipped', data: { count: 200 } })
  assert.deepEqual([numbers(live.events)[0], numbers(live.events).at(-1)], [301, 800])
  live.stop()
  await web.close()
})

test('a burst comes in batches; what is too much is counted, logins and log lines never left out', async () => {
  const web = await startWeb()
  const nas = enrol(web.db, 'nas', noon)
  const live = await watch(`${web.url}/api/v1/live`, { cookie: sessionCookie(web) })
  await live.until((events) => events.length === 1)
  tell(
    web,
    nas,
    ...Array.from({ length: 1500 }, (_, at) => ({
      ...attempt,
      kind: at === 3 ? ('login' as const) : ('attempt' as const),
    })),
  )
  await live.until((events) => numbers(events).at(-1) === 1500)
  const skipped = live.events.filter(({ event }) => event === 'skipped')
  const count = skipped.reduce((sum, { data }) => sum + (data as { count: number }).count, 0)
  assert.equal(count + numbers(live.events).length, 1500)
  assert.ok(numbers(live.events).includes(4), 'the login is there')
  assert.ok(numbers(live.events).length < 500)
  live.stop()
  await web.close()
})

test('news more than the ring holds are counted as missed', async () => {
  const web = await startWeb()
  const nas = enrol(web.db, 'nas', noon)
  const live = await watch(`${web.url}/api/v1/live`, { cookie: sessionCookie(web) })
  await live.until((events) => events.length === 1)
  tell(web, nas, ...Array.from({ length: 5000 }, () => attempt))
  await live.until((events) => numbers(events).at(-1) === 5000)
  const [skipped] = live.events.filter(({ event }) => event === 'skipped')
  assert.deepEqual(skipped?.data, { count: 4800 })
  live.stop()
  await web.close()
})

test('what the administration commands write, in another process, is told too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-live-'))
  const web = await startWeb(join(folder, 'c.db'), { live: { foreign: 10 } })
  const live = await watch(`${web.url}/api/v1/live`, { cookie: sessionCookie(web) })
  const other = openDatabase(join(folder, 'c.db'))
  openLog(other, () => noon).append('agent', 'pi was added')
  await live.until((events) => events.some(({ event }) => event === 'log'))
  live.stop()
  other.close()
  await web.close()
  rmSync(folder, { recursive: true })
})

test('logging out ends the streams of that session, and of no other', async () => {
  const web = await startWeb()
  const mine = sessionCookie(web)
  const live = await watch(`${web.url}/api/v1/live`, { cookie: mine })
  const other = await watch(`${web.url}/api/v1/live`, { cookie: sessionCookie(web, 'ben') })
  await web.ask('/logout', { method: 'POST', headers: { cookie: mine, origin: web.url } })
  await eventually(live.hasEnded)
  assert.equal(other.hasEnded(), false)
  other.stop()
  await web.close()
})

test('a session that ends by itself, or a token taken away, ends its stream', async () => {
  const web = await startWeb(':memory:', { live: { heartbeat: 20 } })
  const bySession = await watch(`${web.url}/api/v1/live`, { cookie: sessionCookie(web) })
  const authorization = `Bearer ${web.people.addToken('script')}`
  const byToken = await watch(`${web.url}/api/v1/live`, { authorization })
  web.clock.now += 31 * 60_000
  await eventually(bySession.hasEnded)
  assert.equal(byToken.hasEnded(), false)
  web.db.prepare('DELETE FROM token').run()
  await eventually(byToken.hasEnded)
  await web.close()
})

test('a reader that stops reading is cut off, and costs nobody anything', async () => {
  const web = await startWeb(':memory:', { live: { batch: 1, patience: 200 } })
  const nas = enrol(web.db, 'nas', noon)
  const cookie = sessionCookie(web)
  const socket = connect(web.port, '127.0.0.1')
  let cut = false
  socket.on('close', () => {
    cut = true
  })
  socket.on('error', () => {})
  socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`)
  await new Promise((resolve) => socket.once('readable', resolve))
  socket.pause()
  const reader = await watch(`${web.url}/api/v1/live`, { cookie })
  const [row] = nas.tell({ ...attempt, user: 'x'.repeat(256) })
  assert.ok(row)
  // Counted by the server's own end of the socket: ours does not see the cut until it reads.
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      web.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  assert.equal(await connections(), 2)
  const before = process.memoryUsage().rss
  let n = row.n
  const end = performance.now() + 15_000
  while ((await connections()) > 1) {
    assert.ok(performance.now() < end, 'the silent reader is still connected')
    for (let turn = 0; turn < 200; turn += 1) {
      n += 1
      web.feed.publish({ kind: 'finding', finding: { ...row, n } })
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await reader.until((events) => numbers(events).at(-1) === n)
  assert.ok(process.memoryUsage().rss - before < 200e6)
  socket.resume()
  await eventually(() => cut)
  reader.stop()
  await web.close()
})

test('more than 100 streams are refused with a sentence', async () => {
  const web = await startWeb()
  const cookie = sessionCookie(web)
  const streams = await Promise.all(
    Array.from({ length: 100 }, () => watch(`${web.url}/api/v1/live`, { cookie })),
  )
  const refused = await web.ask('/api/v1/live', { headers: { cookie } })
  assert.equal(refused.status, 503)
  assert.match(await refused.text(), /watch already/)
  streams[0]?.stop()
  await eventually(() => streams[0]?.hasEnded() === true)
  let again = await watch(`${web.url}/api/v1/live`, { cookie })
  const end = performance.now() + 5000
  while (again.status !== 200 && performance.now() < end) {
    again = await watch(`${web.url}/api/v1/live`, { cookie })
  }
  assert.equal(again.status, 200)
  await web.close()
})

test('closing the server ends every stream at once', async () => {
  const web = await startWeb()
  const live = await watch(`${web.url}/api/v1/live`, { cookie: sessionCookie(web) })
  const begun = performance.now()
  await web.close()
  await eventually(live.hasEnded)
  assert.ok(performance.now() - begun < 2000)
})
