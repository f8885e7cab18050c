/** When a log that is written to is looked at again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPace } from '../../../agent/source/pace.ts'

/** Looks at a log `after` so many ms of something else, again and again; gives how long it slept each time. */
function sleeps(after: readonly number[], brought = 0): number[] {
  let now = 0
  let slept = 0
  const pace = openPace(
    () => now,
    (ms) => {
      slept = ms
      now += ms
    },
  )
  return after.map((ms) => {
    now += ms
    slept = 0
    pace(brought)
    return slept
  })
}

test('a line after a quiet moment is looked at at once', () => {
  assert.deepEqual(sleeps([1000, 5, 2, 25, 3]), [0, 0, 0, 0, 0])
})

test('lines without end are gathered, longer and longer, 16 ms at the most', () => {
  assert.deepEqual(sleeps([1000, 1, 1, 1, 1, 1]), [0, 1, 3, 7, 15, 15])
})

test('once it is quiet again nothing is left waiting', () => {
  assert.deepEqual(sleeps([1000, 1, 1, 1, 1, 20, 5]), [0, 1, 3, 7, 15, 0, 0])
})

test('of a stream of hundreds of lines at a time a fifth of a second is gathered', () => {
  assert.deepEqual(sleeps([1000, 50, 50, 30], 90_000), [0, 150, 150, 170])
  assert.deepEqual(sleeps([1000, 50, 50, 30], 30_000), [0, 0, 0, 0])
})

test('it sleeps indeed', () => {
  const pace = openPace(() => performance.now())
  const begun = performance.now()
  for (let look = 0; look < 5; look++) pace(0)
  assert.ok(performance.now() - begun > 20)
})
