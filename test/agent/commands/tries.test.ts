/** The columns of names tried are a map of maps, whatever is added in whatever order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachTried, openTries } from '../../../agent/commands/tries.ts'
import { randomOf } from '../../support/random.ts'

test('each address has each name it tried once, with the sum', () => {
  const random = randomOf(7)
  const tries = openTries()
  const expected = new Map<number, Map<number, number>>()
  for (let step = 0; step < 40_000; step++) {
    const [address, name, times] = [random.whole(0, 300), random.whole(0, 400), random.whole(1, 9)]
    tries.add(address, name, times)
    const names = expected.get(address) ?? new Map<number, number>()
    expected.set(address, names.set(name, (names.get(name) ?? 0) + times))
  }
  for (const [address, names] of expected) {
    const entries = tries.of(address)
    assert.equal(entries.length, names.size)
    assert.deepEqual(new Map(entries.map((one) => [tries.name(one), tries.times(one)])), names)
  }
  let seen = 0
  eachTried(tries.all(), (address, name, times) => {
    assert.equal(expected.get(address)?.get(name), times)
    seen++
  })
  assert.equal(
    seen,
    [...expected.values()].reduce((sum, { size }) => sum + size, 0),
  )
})

test('an address that tried nothing, known or not, has no names', () => {
  const tries = openTries()
  tries.add(5, 1, 3_000_000_000)
  assert.deepEqual(tries.of(4), [])
  assert.deepEqual(tries.of(5000), [])
  assert.deepEqual(tries.of(5).map(tries.times), [3_000_000_000])
})
