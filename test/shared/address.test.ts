import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normaliseAddress } from '../../shared/address.ts'

test('one address is written one way, whoever logged it', () => {
  const same: [string, string][] = [
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['0:0:0:0:0:FFFF:C0A8:1', '192.168.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%lo', 'fe80::1'],
    ['2001:db8::a11:beef:7ac0%abcdefgh1234567', '2001:db8::a11:beef:7ac0'],
    ['::1', '::1'],
  ]
  for (const [text, address] of same) assert.equal(normaliseAddress(text), address)
})

test('what is no address stays none', () => {
  const none = [
    '192.030.0.6',
    '1.2.3',
    '256.1.1.1',
    '1.2.3.4.5',
    'evil.example.com',
    '',
    'UNKNOWN',
    '0x7f.1',
    ':::',
    '1.2.3.4 ',
  ]
  for (const text of none) assert.equal(normaliseAddress(text), undefined, text)
})
