import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plain } from '../../shared/plain.ts'

test('ordinary names of any script stay as they are', () => {
  for (const name of ['root', 'José', 'Ελένη', 'שלום', '管理员', 'pi 🙂', 'naïve', 'กำลัง']) {
    assert.equal(plain(name), name)
  }
})

test('what moves, hides or colours text is shown, not done', () => {
  const cases: [string, string][] = [
    ['\u001b[31mroot\u001b[0m', '\\u{1b}[31mroot\\u{1b}[0m'],
    ['a\r\nb\tc\u0000', 'a\\u{d}\\u{a}b\\u{9}c\\u{0}'],
    ['\u202Etoor', '\\u{202e}toor'],
    ['\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['ro\u200Bot', 'ro\\u{200b}ot'],
    ['root\uFEFF', 'root\\u{feff}'],
    ['root\uFE0F', 'root\\u{fe0f}'],
    ['root\u00A0', 'root\\u{a0}'],
    ['a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['\u{E0041}', '\\u{e0041}'],
    ['\uD83D', '\\u{d83d}'],
    ['\u0301root', '\\u{301}root'],
  ]
  for (const [hostile, shown] of cases) assert.equal(plain(hostile), shown)
})

test('a tower of combining marks does not cover the lines above', () => {
  assert.equal(plain(`a${'\u0301'.repeat(5)}`), 'a\u0301\u0301\u0301\\u{301}\\u{301}')
})

test('long text is cut, with a sign of it, between graphemes', () => {
  assert.equal(plain('x'.repeat(5000)), `${'x'.repeat(63)}…`)
  assert.equal(plain('x'.repeat(64)), 'x'.repeat(64))
  assert.equal(plain('🙂🙂🙂', 2), '🙂…')
  assert.equal(plain('abe\u0301f', 4), 'ab…')
  assert.equal(plain('ab\u202E', 4), 'ab…')
  assert.equal(plain('a🇮🇹b', 3), 'a…')
})

const units = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 })
    .map((codes) => codes.map((code) => String.fromCharCode(code)).join('')),
)

test('whatever comes in, what goes out is visible, well formed, short and stays so', () => {
  fc.assert(
    fc.property(units, fc.integer({ min: 1, max: 80 }), (text, most) => {
      const shown = plain(text, most)
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u)
      assert.ok(shown.isWellFormed())
      assert.ok([...shown].length <= most)
      assert.equal(plain(shown, most), shown)
    }),
    { numRuns: 1000 },
  )
})
