import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTidying, tidy } from '../../agent/tidy.ts'

test('after a whole turn without a reading it is tidied up, once, until something is read again', () => {
  let times = 0
  const { read, turn } = openTidying(() => {
    times++
  })
  const after = (what: () => void): number => {
    what()
    turn()
    return times
  }
  const nothing = (): void => undefined
  assert.equal(after(read), 0)
  assert.equal(after(read), 0)
  assert.equal(after(nothing), 1)
  assert.equal(after(nothing), 1)
  assert.equal(after(read), 1)
  assert.equal(after(nothing), 2)
  assert.equal(after(nothing), 2)
})

test('what nobody holds any more is given back', () => {
  let held: unknown[] | null = Array.from({ length: 300_000 }, (_, at) => ({ at }))
  const before = process.memoryUsage().heapUsed
  assert.equal(held.length, 300_000)
  held = null
  tidy()
  assert.ok(process.memoryUsage().heapUsed < before - 5_000_000)
})
