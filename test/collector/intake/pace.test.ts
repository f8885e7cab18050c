/** When totals are written, by a clock that the test turns. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { paceSums } from '../../../collector/intake/pace.ts'

test('little is written after a moment', (t) => {
  const { told, tick, written } = open(t)
  told(10)
  tick(399)
  assert.equal(written(), 0)
  tick(1)
  assert.equal(written(), 10)
})

test('much is gathered for seconds, and no longer', (t) => {
  const { told, tick, written } = open(t)
  for (let ms = 0; ms < 5200; ms += 400) {
    told(2500)
    tick(400)
    assert.equal(written(), 0, `after ${ms} ms`)
  }
  told(2500)
  tick(800)
  assert.ok(written() >= 32_500)
})

test('what is enough for a flush is not gathered longer, and takes a quarter of the time only', (t) => {
  const { told, tick, written } = open(t)
  told(400_001)
  tick(400)
  assert.ok(written() > 0)
  tick(400)
  // two slices, and three times as long for others, whose milliseconds are the ticks
  assert.ok(written() >= 130_000 && written() <= 138_000, `${written()}`)
  tick(1400)
  assert.equal(written(), 400_001)
})

test('where a reader waits, or too much has gathered, what is written goes on without a rest', (t) => {
  const { told, tick, written, pace } = open(t)
  told(400_001)
  tick(400)
  pace.settle()
  const before = written()
  tick(400)
  assert.ok(written() - before > 180_000, `${written() - before}`)
  told(800_000)
  tick(400)
  assert.ok(written() - before > 380_000, `${written() - before}`)
})

test('who reads has little at once, and does not wait for the gathering of much', (t) => {
  const { told, tick, written, pace } = open(t)
  told(2000)
  pace.settle()
  assert.equal(written(), 2000)
  told(2001)
  tick(400)
  assert.equal(written(), 2000)
  pace.settle()
  tick(800)
  assert.equal(written(), 4001)
})

test('where no timer comes to its turn, commits go first, until more is pending than memory should hold', (t) => {
  const { told, written, pass } = open(t)
  for (let commit = 0; commit < 100; commit++) {
    told(10_000)
    pass(20)
  }
  assert.equal(written(), 0)
  for (let commit = 0; commit < 200; commit++) told(5000)
  assert.ok(written() > 900_000)
})

test('a slice the disk refuses is tried again, and a stop writes all there is', (t) => {
  const { told, tick, written, pace, refuse } = open(t)
  refuse(true)
  told(10)
  tick(400)
  assert.equal(written(), 0)
  refuse(false)
  tick(1000)
  assert.equal(written(), 10)
  told(30_000)
  pace.close()
  assert.equal(written(), 30_010)
})

test('what a crash left undone is written without gathering', (t) => {
  const { tick, written } = open(t, 50_000)
  tick(1000)
  assert.equal(written(), 50_000)
})

// A slice is 1,000 findings and takes a millisecond; a flush is what was pending when it began.
function open(t: TestContext, left = 0) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let [clock, pending, flush, written] = [0, left, left, 0]
  let isRefusing = false
  const slice = (most = 1000) => {
    if (isRefusing) throw new Error('database or disk is full')
    if (flush === 0) flush = pending
    const some = Math.min(most, flush)
    clock += 1
    flush -= some
    pending -= some
    written += some
    return flush > 0
  }
  const settle = () => {
    while (pending > 0) slice(Number.MAX_SAFE_INTEGER)
  }
  const pace = paceSums({ pending: () => pending, slice, settle }, () => clock)
  return {
    pace,
    told: (findings: number) => {
      pending += findings
      pace.due()
    },
    tick: (ms: number) => {
      for (let at = 0; at < ms; at++) {
        clock += 1
        t.mock.timers.tick(1)
      }
    },
    pass: (ms: number) => (clock += ms),
    written: () => written,
    refuse: (is: boolean) => (isRefusing = is),
  }
}
