import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pace } from '../../../collector/report/outbox.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { type FakeTelegram, openFakeTelegram } from '../../support/telegram.ts'
import { openFleet } from './seed.ts'

const program = fileURLToPath(new URL('deliver.ts', import.meta.url))

/** Gives the work a database file with so many parts due and a Bot API, and cleans up behind it. */
async function withParts(
  count: number,
  work: (path: string, fake: FakeTelegram) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-outbox-'))
  const fake = await openFakeTelegram()
  try {
    const path = join(folder, 'cibot.db')
    const { db } = openFleet([], path)
    const parts = Array.from({ length: count }, (_, i) => ({ text: `text ${i}`, entities: [] }))
    openReports(db).queueUrgent(Date.now() - 1000, () => ({ digest: null, parts, loud: true }))
    await work(path, fake)
    db.close()
  } finally {
    await fake.close()
    rmSync(folder, { recursive: true })
  }
}

async function start(path: string, fake: FakeTelegram, topic: number, ahead = 0) {
  const values = [path, fake.apiRoot, fake.token, String(topic), String(ahead)]
  const child = spawn(process.execPath, [program, ...values], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

async function finish(child: ChildProcess): Promise<void> {
  child.stdin?.write('go\n')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
}

test('two processes at the same outbox send every part once', { timeout: 60_000 }, async () => {
  await withParts(40, async (path, fake) => {
    const children = await Promise.all([start(path, fake, 1), start(path, fake, 2)])
    await Promise.all(children.map(finish))
    const texts = fake.seen.map(({ text }) => text)
    assert.equal(texts.length, 40)
    assert.equal(new Set(texts).size, 40)
    assert.ok(texts.every((text) => /^text \d+$/.test(text)))
    assert.deepEqual(new Set(fake.seen.map(({ topic }) => topic)), new Set([1, 2]))
  })
})

test('G4: a collector killed while sending leaves one marked repeat', {
  timeout: 60_000,
}, async () => {
  for (const taken of [true, false]) {
    await withParts(2, async (path, fake) => {
      fake.answer({ kind: 'hang', taken })
      const first = await start(path, fake, 1)
      first.stdin.write('go\n')
      await fake.called(1)
      first.kill('SIGKILL')
      await once(first, 'exit')
      await finish(await start(path, fake, 2, pace.lease + 10_000))
      const shown = fake.seen.map(({ text }) => text).toSorted()
      const repeat = '(repeat of alert #1, part 1/2)\ntext 0'
      assert.deepEqual(shown, taken ? [repeat, 'text 0', 'text 1'] : [repeat, 'text 1'])
    })
  }
})
