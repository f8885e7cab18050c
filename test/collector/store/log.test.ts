import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createFeed, type News } from '../../../collector/fleet/feed.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openLog } from '../../../collector/store/log.ts'

const now = () => 1_795_350_000_000

function watched(capacity?: number) {
  const feed = createFeed(capacity)
  const told: News[] = []
  let place = 0
  feed.watch(() => {
    told.push(...feed.since(place).news)
    place = feed.place()
  })
  const texts = () => told.map((news) => (news.kind === 'log' ? news.entry.text : '?'))
  return { feed, texts }
}

test('lines are kept in order and read newest first, page by page', () => {
  const log = openLog(openDatabase(':memory:'), now)
  for (let line = 1; line <= 5; line += 1) log.append('agent', `line ${line}`)
  const texts = (rows: { text: string }[]) => rows.map(({ text }) => text)
  assert.deepEqual(texts(log.newest({ limit: 2 })), ['line 5', 'line 4'])
  assert.deepEqual(texts(log.newest({ before: 4, limit: 2 })), ['line 3', 'line 2'])
  assert.deepEqual(texts(log.after(3, 10).rows), ['line 4', 'line 5'])
  assert.equal(log.after(0, 2).missed, 3)
  assert.equal(log.last(), 5)
})

test('a line is told once it is committed; one rolled back is never told', async () => {
  const db = openDatabase(':memory:')
  const { feed, texts } = watched()
  const log = openLog(db, now, feed)
  db.transaction(() => {
    log.append('agent', 'nas connected')
    assert.deepEqual(texts(), [])
  })
  assert.throws(() =>
    db.transaction(() => {
      log.append('agent', 'never happened')
      throw new Error('disk full')
    }),
  )
  await Promise.resolve()
  assert.deepEqual(texts(), ['nas connected'])
})

test('lines of another process are told in their order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-log-'))
  const db = openDatabase(join(folder, 'c.db'))
  const other = openDatabase(join(folder, 'c.db'))
  const { feed, texts } = watched()
  const log = openLog(db, now, feed)
  log.lookForForeign()
  assert.deepEqual(texts(), [])
  openLog(other, now).append('user', 'ana was added')
  log.lookForForeign()
  assert.deepEqual(texts(), ['ana was added'])
  openLog(other, now).append('user', 'ben was added')
  log.append('agent', 'nas connected')
  await Promise.resolve()
  assert.deepEqual(texts().slice(1), ['ben was added', 'nas connected'])
  other.close()
  db.close()
  rmSync(folder, { recursive: true })
})

test('a line written just before the database is closed brings nothing down', async () => {
  const db = openDatabase(':memory:')
  openLog(db, now, createFeed()).append('collector', 'stopped')
  db.close()
  await new Promise((resolve) => setImmediate(resolve))
})

test('a feed holds the newest news and counts what a slow watcher lost', () => {
  const feed = createFeed(3)
  const line = (id: number): News => ({
    kind: 'log',
    entry: { id, at: now(), kind: 'agent', text: `line ${id}` },
  })
  for (let id = 1; id <= 5; id += 1) feed.publish(line(id))
  assert.deepEqual(feed.since(1), { news: [line(3), line(4), line(5)], missed: 1 })
  assert.deepEqual(feed.since(4), { news: [line(5)], missed: 0 })
  assert.deepEqual(feed.since(5), { news: [], missed: 0 })
  let woken = 0
  const stop = feed.watch(() => {
    woken += 1
  })
  assert.equal(feed.watched(), true)
  feed.publish(line(6))
  stop()
  feed.publish(line(7))
  assert.equal(woken, 1)
  assert.equal(feed.watched(), false)
})
