import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newestFirst, parseName } from '../../../agent/source/rotation.ts'

test('names that logrotate gives belong to the rotation', () => {
  const form = (name: string) => parseName('auth.log', name)?.form
  assert.equal(form('auth.log'), 'plain')
  assert.equal(form('auth.log.1'), 'plain')
  assert.equal(form('auth.log.12.gz'), 'gzip')
  assert.equal(form('auth.log-20261122'), 'plain')
  assert.equal(form('auth.log-20261122.zst'), 'zstd')
  assert.equal(form('auth.log-2026-11-22_03.gz'), 'gzip')
  assert.equal(form('auth.log-1763800000'), 'plain')
  assert.equal(form('auth.log.3.xz'), null)
  assert.equal(form('auth.log-20261122.bz2'), null)
})

test('other files beside the log do not', () => {
  for (const name of [
    'auth.log.bak',
    'auth.log.gz',
    'auth.log~',
    'auth.log.1.swp',
    'auth.log.old',
    'auth.logs',
    'auth.log2',
    'auth.log-',
    'syslog',
    'xauth.log',
  ]) {
    assert.equal(parseName('auth.log', name), null, name)
  }
})

test('the live file is newest, then by number, then by date; a plain copy before a packed one', () => {
  const names = [
    'auth.log',
    'auth.log.1',
    'auth.log.2',
    'auth.log.2.gz',
    'auth.log.10.gz',
    'auth.log-20261122',
    'auth.log-20261121',
    'auth.log-20261121.gz',
    'auth.log-20251231.gz',
  ]
  const sorted = names
    .toReversed()
    .flatMap((name) => parseName('auth.log', name) ?? [])
    .sort(newestFirst)
  assert.deepEqual(
    sorted.map((one) => one.name),
    names,
  )
})
