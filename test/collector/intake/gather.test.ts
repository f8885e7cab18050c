import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { gather, together } from '../../../collector/intake/gather.ts'

const one = () => 1

test('what comes together is handed over in its turn', async () => {
  const handed: (readonly string[])[] = []
  const { enter } = gather((items: readonly string[]) => handed.push(items), {
    apart: 60_000,
    most: 10,
    weight: one,
  })
  for (const item of ['a', 'b', 'c']) enter(item)
  assert.deepEqual(handed, [])
  await turn()
  assert.deepEqual(handed, [['a', 'b', 'c']])
})

test('of a stream what comes right behind is gathered until its time, of a few nothing is', async (t) => {
  const handed: (readonly string[])[] = []
  const { enter } = gather((items: readonly string[]) => handed.push(items), {
    apart: 60_000,
    most: 10,
    weight: one,
  })
  for (let at = 1; at <= 11; at++) {
    enter(`number ${at}`)
    await turn()
    assert.equal(handed.length, at)
  }
  t.mock.timers.enable({ apis: ['setTimeout'] })
  for (const item of ['a', 'b', 'c']) enter(item)
  t.mock.timers.tick(59_000)
  assert.equal(handed.length, 11)
  t.mock.timers.tick(1001)
  assert.deepEqual(handed.at(-1), ['a', 'b', 'c'])
})

test('what weighs enough is handed over at once, and a stop hands over the rest', () => {
  const handed: (readonly number[])[] = []
  const { enter, hand } = gather((items) => handed.push(items), {
    apart: 4,
    most: 10,
    weight: (item: number) => item,
  })
  for (const item of [3, 4, 5, 1, 12, 2]) enter(item)
  assert.deepEqual(handed, [
    [3, 4, 5],
    [1, 12],
  ])
  hand()
  assert.deepEqual(handed.at(-1), [2])
  hand()
  assert.equal(handed.length, 3)
})

test('together: one turn, one call', async () => {
  const handed: (readonly string[])[] = []
  const enter = together((items: readonly string[]) => handed.push(items))
  enter('a')
  enter('b')
  await turn()
  enter('c')
  await turn()
  assert.deepEqual(handed, [['a', 'b'], ['c']])
})
