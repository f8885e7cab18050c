/** A big log counted in two halves adds up to what it does in one piece, whatever the guess was worth. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { countPart, openLines } from '../../../agent/commands/counting.ts'
import {
  type Cut,
  countHalves,
  countSecond,
  cutOf,
  type Second,
} from '../../../agent/commands/halves.ts'
import { type Log, summarise } from '../../../agent/commands/scan.ts'
import { startSecond } from '../../../agent/commands/second-half.ts'
import type { Attacker, Summary } from '../../../agent/commands/tally.ts'
import { openCount } from '../../../agent/fold/fold.ts'
import { openPart, type Part } from '../../../agent/source/once.ts'
import { nothingRead } from '../../../shared/checkpoint.ts'
import { type Mix, writeCorpus } from '../../bench/corpus.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const { path: folder, remove } = temporaryFolder()
after(remove)
const options = { zone: 'UTC', reference: Date.UTC(2026, 11, 1) }
const silent = { show: () => undefined, done: () => undefined }

type Written = Omit<Summary, 'attackers'> & { attackers: Attacker[] }

async function summaryOf(counted: Log['counted']): Promise<Written> {
  const log = { name: 'log', total: null, taken: () => 0, counted }
  const summary = await summarise([log], null, silent)
  return { ...summary, attackers: [...summary.attackers] }
}

const whole = (file: string): Promise<Written> =>
  summaryOf((count) => {
    const all = openPart(file, 0, Number.POSITIVE_INFINITY)
    return countPart(all, openLines(options, count, null), 0)
  })

/** The log in two halves, and whether the second one was taken as it came. */
async function halved(
  cut: Cut,
  second: Promise<Second | null>,
): Promise<{ summary: Written; taken: boolean }> {
  let taken = false
  const summary = await summaryOf(async function* (count, tally) {
    const first = openPart(cut.path, 0, cut.at)
    const add = (rows: Parameters<typeof tally.add>[0]) => {
      taken = true
      tally.add(rows)
    }
    yield* countHalves(cut, first, options, count, { ...tally, add }, second)
  })
  return { summary, taken }
}

function cutAt(file: string, guess: number): Cut {
  const cut = cutOf(file, guess)
  assert.ok(cut !== null)
  return cut
}

for (const mix of ['attack', 'noise', 'RFC 3339', 'modern'] satisfies Mix[]) {
  test(`two halves of a log (${mix}) are the whole, and the guess is right`, async () => {
    const file = join(folder, `${mix}.log`)
    writeCorpus(file, mix, 30_000)
    const cut = cutAt(file, 512 * 1024)
    assert.ok(0 < cut.before && cut.before < cut.at)
    const { summary, taken } = await halved(cut, countSecond(cut, options, null))
    assert.deepEqual(summary, await whole(file))
    assert.equal(taken, true)
  })
}

test('a wrong guess of the open sessions is found out, wherever the log is cut', async () => {
  const file = join(folder, 'wrong.log')
  writeCorpus(file, 'attack', 300)
  const all = await whole(file)
  let wrong = 0
  for (let guess = 0; guess < 3000; guess += 37) {
    const cut = cutAt(file, guess)
    const { summary, taken } = await halved(cut, countSecond(cut, options, null))
    assert.deepEqual(summary, all)
    if (!taken) wrong++
  }
  assert.ok(wrong > 3, `${wrong} wrong guesses`)
})

test('a log of two years without a year in its stamps is as exact in two halves', async () => {
  const file = join(folder, 'years.log')
  const line = (stamp: string, n: number) =>
    `${stamp} nas sshd[${n}]: Failed password for root from 203.0.113.${n % 200} port ${n} ssh2\n`
  const stamps = ['Dec 30 10:00:00', 'Jun 30 10:00:00', 'Dec 29 10:00:00', 'Mar  1 10:00:00']
  writeFileSync(
    file,
    stamps.flatMap((stamp) => Array.from({ length: 50 }, (_, n) => line(stamp, n + 1))).join(''),
  )
  const cut = cutAt(file, 500)
  const { summary } = await halved(cut, countSecond(cut, options, null))
  assert.deepEqual(summary, await whole(file))
})

test('a part is closed however its reading ends: whole, given up, or broken', async () => {
  const file = join(folder, 'closed.log')
  writeCorpus(file, 'attack', 5000)
  const count = openCount(nothingRead, { found: () => undefined, amended: () => undefined })
  const parts: Part[] = []
  const opened = (part: Part): Part => {
    parts.push(part)
    return part
  }
  const steps = (part: Part) => countPart(opened(part), openLines(options, count, null), 0)
  for await (const _ of steps(openPart(file, 0, 100_000)));
  for await (const _ of steps(openPart(file, 0, 500_000))) break
  const broken = {
    ...openPart(file, 0, 100_000),
    fill: async () => Promise.reject(new Error('EIO')),
  }
  await assert.rejects(steps(broken).next(), /EIO/)
  assert.equal(parts.length, 3)
  for (const part of parts) assert.throws(part.close, { code: 'EBADF' })
})

test('nobody counted the second half: the first one goes on', async () => {
  const file = join(folder, 'alone.log')
  writeCorpus(file, 'modern', 5000)
  const { summary, taken } = await halved(cutAt(file, 1000), Promise.resolve(null))
  assert.deepEqual(summary, await whole(file))
  assert.equal(taken, false)
})

test('a thread counts what is counted without one', { timeout: 60_000 }, async () => {
  const file = join(folder, 'thread.log')
  writeCorpus(file, 'attack', 5000)
  const cut = cutAt(file, 100_000)
  const program = new URL('../../../agent/main.ts', import.meta.url)
  const { second } = startSecond(program, { cut, options, since: null })
  assert.deepEqual(await second, await countSecond(cut, options, null))
})

test('a thread that cannot read the log gives nothing', { timeout: 60_000 }, async () => {
  const cut = { path: join(folder, 'none.log'), before: 0, at: 10 }
  const program = new URL('../../../agent/main.ts', import.meta.url)
  assert.equal(await startSecond(program, { cut, options, since: null }).second, null)
})

test('only what is made of lines is cut, and only at the beginning of one', () => {
  const file = join(folder, 'odd.log')
  const cut = (bytes: Buffer | string) => {
    writeFileSync(file, bytes)
    return cutOf(file, 4)
  }
  assert.deepEqual(cut('aaaa\nbbbb\ncccc\ndddd\n'), { path: file, before: 10, at: 10 })
  assert.deepEqual(cut('aaaa\nbbbb\ncccc\ndddd'), { path: file, before: 5, at: 10 })
  assert.equal(cut(''), null)
  assert.equal(cut('one line'), null)
  assert.equal(cut(`a\n${'b'.repeat(300_000)}\n`), null)
  assert.equal(cut('__CURSOR=s=1\nMESSAGE=a\n\n__CURSOR=s=2\nMESSAGE=b\n\n'), null)
  assert.equal(cut(gzipSync(Buffer.from(`${Math.PI}\n`.repeat(2000)))), null)
})
