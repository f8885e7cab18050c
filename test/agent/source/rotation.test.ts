import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newestFirst, oldestFirst, parseName } from '../../../agent/source/rotation.ts'

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

test('files named in any order are read oldest first within their rotation, and as named besides', () => {
  const given = [
    ...['/var/log/auth.log', '/var/log/auth.log.1', '/var/log/auth.log.10.gz', '-'],
    ...['/var/log/auth.log.2.gz', 'nas/auth.log.1', 'nas/auth.log', 'other.txt'],
    ...['secure', 'secure-20261115.zst', 'secure-20261122', 'host-192.168.1.10.log'],
  ]
  assert.deepEqual(oldestFirst(given), [
    ...['/var/log/auth.log.10.gz', '/var/log/auth.log.2.gz', '/var/log/auth.log.1', '-'],
    ...['/var/log/auth.log', 'nas/auth.log.1', 'nas/auth.log', 'other.txt'],
    ...['secure-20261115.zst', 'secure-20261122', 'secure', 'host-192.168.1.10.log'],
  ])
})
