import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { longestLine, splitLines } from '../../../agent/source/lines.ts'

test('whole lines are cut out with their offsets, the unfinished one is left', () => {
  const split = splitLines(Buffer.from('one\n\ntwo\r\nthr'), 100)
  assert.deepEqual(split.lines, [
    { offset: 100, text: 'one' },
    { offset: 104, text: '' },
    { offset: 105, text: 'two\r' },
  ])
  assert.equal(split.used, 10)
})

test('NULs in front of a line are passed over, those inside it stay', () => {
  const split = splitLines(Buffer.from('\0\0\0a\0b\n\0\n'), 0)
  assert.deepEqual(split.lines, [
    { offset: 3, text: 'a\0b' },
    { offset: 8, text: '' },
  ])
})

test('bytes that are no UTF-8 are replaced, in their own line only', () => {
  // An user name as sshd logs it, once in UTF-8 and once in Latin-1, beside an overlong slash.
  const bytes = Buffer.concat([
    Buffer.from('Invalid user jos\u00e9 \u{1f600}\n'),
    Buffer.from('Invalid user jos\u00e9\n', 'latin1'),
    Buffer.from([0xc0, 0xaf, 10]),
    Buffer.from('plain\n'),
  ])
  const texts = splitLines(bytes, 0).lines.map((line) => line.text)
  assert.deepEqual(texts, [
    'Invalid user jos\u00e9 \u{1f600}',
    'Invalid user jos\ufffd',
    '\ufffd\ufffd',
    'plain',
  ])
})

test('a line of 64 KiB is kept, of a longer one the beginning', () => {
  const bytes = Buffer.from(`${'a'.repeat(longestLine)}\n${'b'.repeat(longestLine + 1)}\nc\n`)
  const { lines, oversize } = splitLines(bytes, 7)
  assert.deepEqual(
    lines.map((line) => line.text.length),
    [longestLine, longestLine, 1],
  )
  assert.deepEqual(oversize, [7 + longestLine + 1])
})

test('wherever a log is cut into pieces, its lines are the same', () => {
  const pieces = fc.array(fc.constantFrom('a', 'bc', '\n', '\0', '\r', '\u00e9', '\u{1f600}'), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(pieces, fc.nat(60), (parts, at) => {
      const bytes = Buffer.from(parts.join(''))
      const cut = Math.min(at, bytes.length)
      const head = splitLines(bytes.subarray(0, cut), 0)
      const tail = splitLines(bytes.subarray(head.used), head.used)
      assert.deepEqual([...head.lines, ...tail.lines], splitLines(bytes, 0).lines)
    }),
  )
})
