import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReuse } from '../../../../collector/web/api/reuse.ts'

function slow(cost: number) {
  const clock = { now: 0 }
  let made = 0
  const reuse = createReuse(() => clock.now)
  const ask = (key: string) =>
    reuse(key, () => {
      clock.now += cost
      made += 1
      return made
    })
  return { clock, ask, made: () => made }
}

test('what is quickly made is made anew each time', () => {
  const { ask } = slow(50)
  assert.deepEqual([ask('24h'), ask('24h'), ask('24h')], [1, 2, 3])
})

test('what takes a second is made at most every twenty', () => {
  const { clock, ask } = slow(1000)
  assert.deepEqual([ask('90d'), ask('90d'), ask('30d')], [1, 1, 2])
  clock.now = 19_999
  assert.equal(ask('90d'), 1)
  clock.now = 20_000
  assert.equal(ask('90d'), 3)
})

test('no more than 50 answers are kept', () => {
  const { ask, made } = slow(100_000)
  for (let turn = 0; turn < 60; turn += 1) ask(`q${turn}`)
  ask('q59')
  assert.equal(made(), 60)
  ask('q0')
  assert.equal(made(), 61)
})
