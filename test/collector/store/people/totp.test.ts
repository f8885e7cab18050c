import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTotpSecret, totpCode, totpStep } from '../../../../collector/store/people/totp.ts'

// RFC 6238, appendix B: the ASCII secret "12345678901234567890" in base32, last six digits.
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const vectors = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
] as const

test('codes are those of RFC 6238', () => {
  for (const [seconds, code] of vectors) {
    assert.equal(totpCode(secret, Math.floor(seconds / 30)), code)
  }
})

test('a code works half a minute early or late, once, and nothing else does', () => {
  const now = 1234567890_000
  const step = Math.floor(now / 30_000)
  const code = totpCode(secret, step)
  assert.equal(totpStep(secret, code, now, 0), step)
  assert.equal(totpStep(secret, code, now + 30_000, 0), step)
  assert.equal(totpStep(secret, code, now - 30_000, 0), step)
  assert.equal(totpStep(secret, code, now + 60_000, 0), undefined)
  assert.equal(totpStep(secret, code, now, step), undefined, 'used already')
  for (const wrong of ['', '000000', '1234567', 'abcdef', '٠٠٠٠٠٠']) {
    assert.equal(totpStep(secret, wrong, now, 0), undefined)
  }
})

test('secrets are 160 bits in base32, and never the same', () => {
  const secrets = Array.from({ length: 50 }, newTotpSecret)
  for (const one of secrets) assert.match(one, /^[A-Z2-7]{32}$/)
  assert.equal(new Set(secrets).size, 50)
})
