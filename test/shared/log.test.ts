import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openLog } from '../../shared/log.ts'
import { openSmallDisk } from '../support/small-disk.ts'

const folder = mkdtempSync(join(tmpdir(), 'cibot-log-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('secrets do not reach the log, at whatever depth they are handed to it', () => {
  const file = join(folder, 'a', 'cibot.log')
  const { log } = openLog({ file, level: 'info' })
  log.info({ token: 'T0K3N', telegram: { token: 'T0K3N' }, password: 'T0K3N' }, 'started')
  const text = readFileSync(file, 'utf8')
  assert.equal(text.includes('T0K3N'), false)
  assert.match(text, /"level":"info".*"msg":"started"/)
})

test('a log that has grown is put aside, and what is written meanwhile is in one of the two', () => {
  const file = join(folder, 'cibot.log')
  const { log } = openLog({ file, level: 'info', most: 2000 })
  for (let n = 1; n <= 40; n++) log.info({ n }, 'line')
  const lines = [`${file}.1`, file].flatMap((one) => readFileSync(one, 'utf8').trim().split('\n'))
  const numbers = lines.map((line) => (JSON.parse(line) as { n: number }).n)
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, i) => (numbers[0] === undefined ? 0 : numbers[0] + i)),
  )
  assert.equal(numbers.at(-1), 40)
})

test('a log that somebody else moved is opened anew when asked', () => {
  const file = join(folder, 'moved.log')
  const { log, reopen } = openLog({ file, level: 'info' })
  log.info('before')
  renameSync(file, `${file}.old`)
  reopen()
  log.info('after')
  assert.equal(existsSync(file), true)
  assert.match(readFileSync(file, 'utf8'), /after/)
})

test('where the file cannot be put aside or opened anew the program goes on, and so does its log', () => {
  const file = join(folder, 'kept', 'cibot.log')
  const { log, reopen } = openLog({ file, level: 'info', most: 500 })
  mkdirSync(join(`${file}.1`, 'in the way'), { recursive: true })
  for (let n = 1; n <= 20; n++) log.info({ n }, 'line')
  assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 20)
  renameSync(join(folder, 'kept'), join(folder, 'moved'))
  reopen()
  log.info('after')
  assert.match(readFileSync(join(folder, 'moved', 'cibot.log'), 'utf8'), /after/)
})

test('a full disk ends nothing, and what was to be written meanwhile is written after it', (t) => {
  const disk = openSmallDisk(1)
  if (typeof disk === 'string') return t.skip(disk)
  t.after(() => disk.remove())
  const file = join(disk.path, 'cibot.log')
  const { log } = openLog({ file, level: 'info' })
  log.info('before')
  disk.fill()
  for (let n = 1; n <= 100; n++) log.info({ n }, 'meanwhile')
  disk.free()
  log.info('after')
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const words = lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
  assert.deepEqual(words, ['before', ...Array.from({ length: 100 }, () => 'meanwhile'), 'after'])
})

test('of a disk that stays full only so much is kept, and it is written once there is room', (t) => {
  const disk = openSmallDisk(4)
  if (typeof disk === 'string') return t.skip(disk)
  t.after(() => disk.remove())
  const file = join(disk.path, 'cibot.log')
  const { log } = openLog({ file, level: 'info' })
  disk.fill()
  for (let n = 0; n < 4000; n++) log.info({ n, words: 'w'.repeat(1000) }, 'meanwhile')
  disk.free()
  log.info('dropped, but it lets the others go')
  log.info('after')
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const [first, last] = [lines[0], lines.at(-1)].map((line) => JSON.parse(line ?? '') as object)
  assert.equal(Reflect.get(first ?? {}, 'n'), 0)
  assert.equal(Reflect.get(last ?? {}, 'msg'), 'after')
  assert.ok(lines.length > 900 && lines.length < 1100, `${lines.length} lines`)
})
