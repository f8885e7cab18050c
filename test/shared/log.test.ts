import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openLog } from '../../shared/log.ts'

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
