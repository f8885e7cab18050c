/**
 * One-time codes out of an app (TOTP, RFC 6238: HMAC-SHA-1, 30 s, six digits, which is what every app
 * understands). A code works once: the time step it belongs to is noted, and none at or before it is taken.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const secretBytes = 20
const stepMillis = 30_000
const tolerated = [0, -1, 1]

/** A new shared secret, base32 (RFC 4648, 160 bits). */
export function newTotpSecret(): string {
  let bits = ''
  for (const byte of randomBytes(secretBytes)) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join('')
}

/**
 * The time step the code belongs to, which must be above `after`; undefined where it is wrong or used.
 * A clock may be half a minute off either way. `now` is ms UTC.
 */
export function totpStep(
  secret: string,
  code: string,
  now: number,
  after: number,
): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const current = Math.floor(now / stepMillis)
  return tolerated
    .map((off) => current + off)
    .find(
      (step) =>
        step > after && timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code)),
    )
}

/** The code of a time step (30 s since 1970). */
export function totpCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', decoded(secret)).update(counter).digest()
  const at = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

function decoded(secret: string): Buffer {
  let bits = ''
  for (const letter of secret) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
