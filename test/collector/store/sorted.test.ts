import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sorted } from '../../../collector/store/sorted.ts'

test('as sorted as in one go, equal ones in the order they came in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 2000, size: 'max' }), (keys) => {
      const items = keys.map((key, at) => ({ key, at }))
      const byKey = (one: { key: number }, other: { key: number }) => one.key - other.key
      const { pieces, result } = driven(sorted(items, byKey))
      assert.deepEqual(result, items.toSorted(byKey))
      assert.ok(pieces >= keys.length / 256)
    }),
  )
})

test('hundreds of thousands that are in order already are sorted, too', () => {
  const items = Array.from({ length: 300_000 }, (_, at) => at)
  assert.deepEqual(driven(sorted(items, (one, other) => one - other)).result, items)
})

function driven<T>(work: Generator<null, T>): { pieces: number; result: T } {
  for (let pieces = 0; ; pieces += 1) {
    const { done, value } = work.next()
    if (done) return { pieces, result: value }
  }
}
