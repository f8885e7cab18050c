import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mask, unmask } from '../../shared/mask.ts'

const bytes = fc.uint8Array({ maxLength: 300 })
const key = fc.uint8Array({ minLength: 4, maxLength: 4 })
const skip = fc.nat({ max: 7 })

test('each byte is masked with the byte of the key whose turn it is, wherever the bytes stand', () => {
  fc.assert(
    fc.property(bytes, key, skip, skip, (plain, key, before, offset) => {
      // Read from and written to any place in a larger buffer, as frames in a socket's are.
      const source = Buffer.concat([Buffer.alloc(before), plain]).subarray(before)
      const output = Buffer.alloc(offset + plain.length + 3, 0xaa)
      mask(source, key, output, offset, plain.length)
      const expected = plain.map((byte, at) => byte ^ (key[at & 3] ?? 0))
      assert.deepEqual([...output.subarray(offset, offset + plain.length)], [...expected])
      assert.ok(output.subarray(0, offset).every((byte) => byte === 0xaa))
      assert.ok(output.subarray(offset + plain.length).every((byte) => byte === 0xaa))
      assert.deepEqual([...source], [...plain])
    }),
  )
})

test('taking a mask off in place gives what was masked', () => {
  fc.assert(
    fc.property(bytes, key, skip, (plain, key, before) => {
      const whole = Buffer.concat([Buffer.alloc(before, 7), plain])
      const frame = whole.subarray(before)
      mask(frame, key, frame, 0, frame.length)
      unmask(frame, key)
      assert.deepEqual([...frame], [...plain])
      assert.ok(whole.subarray(0, before).every((byte) => byte === 7))
    }),
  )
})
