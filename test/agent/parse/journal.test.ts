import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openExport } from '../../../agent/parse/export.ts'
import { cursorIn, readEntry, readJson } from '../../../agent/parse/journal.ts'
import { openParser } from '../../../agent/parse/parse.ts'

// systemd 257 on Debian 13, shortened.
const CURSOR =
  's=0639afe35ba5422b8f5fc7f4a1e0a3c9;i=4ece7;b=c1f0a8e5a2c74d8b9c0c8c6e0b6f1a2d;m=4fc72436e;t=5bd6bbd9e7d3b;x=e5f8d2a1b0c94f37'

const ENTRY = {
  __CURSOR: CURSOR,
  __REALTIME_TIMESTAMP: '1795366180219025',
  _HOSTNAME: 'nas',
  SYSLOG_IDENTIFIER: 'sshd-session',
  SYSLOG_PID: '119',
  _PID: '120',
  _UID: '0',
  _COMM: 'sshd-session',
  PRIORITY: '6',
  MESSAGE: 'Invalid user admin from 192.0.2.7 port 49070',
}

const parser = openParser({ zone: 'UTC', reference: 0 })

function eventOf(fields: object) {
  const record = readJson({ ...ENTRY, ...fields })
  return record === null ? undefined : parser.record(record).event
}

test('an entry is read: time, host, tag, trusted pid, message, cursor', () => {
  assert.deepEqual(readJson(ENTRY), {
    at: 1795366180219,
    host: 'nas',
    program: 'sshd-session',
    pid: 120,
    message: ENTRY.MESSAGE,
    uid: 0,
    cursor: {
      s: '0639afe35ba5422b8f5fc7f4a1e0a3c9',
      i: '4ece7',
      b: 'c1f0a8e5a2c74d8b9c0c8c6e0b6f1a2d',
      m: '4fc72436e',
      t: '5bd6bbd9e7d3b',
      x: 'e5f8d2a1b0c94f37',
    },
  })
  assert.deepEqual(eventOf({}), { kind: 'named', ip: '192.0.2.7', port: 49070, user: 'admin' })
})

test('without an identifier the command stands for it, and the syslog pid for a missing one', () => {
  const record = readJson({ MESSAGE: 'x', _COMM: 'sudo', SYSLOG_PID: '7' })
  assert.equal(record?.program, 'sudo')
  assert.equal(record?.pid, 7)
})

test('a message may be bytes, null, or several values', () => {
  const bytes = [...Buffer.from('Invalid user jos\u00e9 from 192.0.2.7')]
  assert.deepEqual(eventOf({ MESSAGE: bytes }), {
    kind: 'named',
    ip: '192.0.2.7',
    user: 'jos\u00e9',
  })
  assert.equal(eventOf({ MESSAGE: null }), null)
  assert.equal(readJson({ ...ENTRY, MESSAGE: null })?.message, null)
  assert.equal(readJson({ ...ENTRY, MESSAGE: ['first', 'second'] })?.message, 'first')
  assert.equal(readJson({ ...ENTRY, MESSAGE: [[104, 105], 'second'] })?.message, 'hi')
  assert.equal(readJson({ ...ENTRY, MESSAGE: [] })?.message, null)
})

test('what is no entry gives none, and a strange field is as if it were missing', () => {
  for (const value of [null, 1, 'x', [], [ENTRY], {}, { a: 1 }]) assert.equal(readJson(value), null)
  const record = readJson({ MESSAGE: { a: 1 }, _PID: [1], _UID: '-1', __REALTIME_TIMESTAMP: 'x' })
  assert.deepEqual(record, {
    ...{ at: null, host: null, program: null, pid: null, message: null, uid: null, cursor: null },
  })
})

test('a local user cannot speak for sshd or dropbear (logger -t sshd)', () => {
  const forged = { _UID: '1000', _COMM: 'logger' }
  assert.equal(eventOf({ ...forged, SYSLOG_IDENTIFIER: 'sshd' }), null)
  const password = "Bad password attempt for 'root' from 6.6.6.6:1"
  assert.equal(eventOf({ ...forged, SYSLOG_IDENTIFIER: 'dropbear', MESSAGE: password }), null)
  const accepted = 'Accepted password for root from 6.6.6.6 port 1 ssh2'
  assert.equal(eventOf({ ...forged, MESSAGE: accepted }), null)
  assert.equal(eventOf({ _UID: undefined })?.kind, 'named')
})

test('nor with the path of its program, under an older form of its tag, or under no tag', () => {
  const accepted = 'Accepted password for root from 6.6.6.6 port 1 ssh2'
  const password = "Bad password attempt for 'root' from 6.6.6.6:1"
  const failure =
    'authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=6.6.6.6  user=root'
  const said = (program: string | undefined, message: string, uid: string) =>
    eventOf({ _UID: uid, _COMM: undefined, SYSLOG_IDENTIFIER: program, MESSAGE: message })?.kind
  for (const [program, message, kind] of [
    ['/usr/sbin/sshd', accepted, 'accepted'],
    ['x/dropbear', password, 'refused'],
    ['sshd(pam_unix)', failure, 'refused'],
    [undefined, accepted, 'accepted'],
  ] as const) {
    assert.equal(said(program, message, '0'), kind, message)
    for (const uid of ['33', '1000']) assert.equal(said(program, message, uid), undefined, message)
  }
})

test('no person speaks of addresses, of lost messages or of others’ accounts, as daemons do', () => {
  const failure = 'authentication failure; logname= uid=0 euid=0 tty=ftp ruser=x'
  const said = (program: string, message: string, uid: string) =>
    eventOf({ _UID: uid, SYSLOG_IDENTIFIER: program, MESSAGE: message })?.kind
  for (const [program, message, kind] of [
    ['vsftpd', `pam_unix(vsftpd:auth): ${failure} rhost=6.6.6.6`, 'refused'],
    ['any', `pam_unix(sshd:auth): ${failure} rhost=6.6.6.6`, 'echo'],
    ['phpMyAdmin', 'user denied: root (mysql-denied) from 6.6.6.6', 'refused'],
    ['systemd-journald', 'Suppressed 102 messages from ssh.service', 'loss'],
    ['useradd', 'new user: name=eve, UID=0, GID=0, home=/, shell=/bin/sh', 'change'],
  ] as const) {
    for (const uid of ['0', '33', '65534']) assert.equal(said(program, message, uid), kind, message)
    for (const uid of ['1000', '60000']) assert.equal(said(program, message, uid), undefined)
  }
  // What a person runs tells of him alone.
  const local = 'pam_unix(sudo:auth): authentication failure; logname=bob uid=1000 euid=0'
  const asked = `${local} tty=/dev/pts/0 ruser=bob rhost=  user=bob`
  assert.equal(said('sudo', asked, '1000'), 'refused')
  const changed = 'pam_unix(passwd:chauthtok): password changed for bob'
  assert.equal(said('passwd', changed, '1000'), 'change')
})

test('the end of a session is written by its user and heard', () => {
  const end = 'Disconnected from user bob 10.77.0.101 port 44244'
  assert.equal(eventOf({ _UID: '1001', MESSAGE: end })?.kind, 'closed')
})

test('a cursor that is none is none', () => {
  assert.equal(cursorIn(null), null)
  assert.equal(cursorIn(CURSOR.replace('m=', 'n=')), null)
  assert.equal(cursorIn(`${CURSOR};y=1`), null)
})

function binary(name: string, value: Buffer): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(value.length))
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.from('\n')])
}

const EXPORT = Buffer.concat([
  Buffer.from(`__CURSOR=${CURSOR}\n__REALTIME_TIMESTAMP=1795366180219025\nPRIORITY=6\n`),
  Buffer.from('SYSLOG_IDENTIFIER=sshd\n_PID=7\n_UID=0\n'),
  binary('MESSAGE', Buffer.from('two\nlines\n\nX=y\n')),
  Buffer.from('\nMESSAGE=a=b\nMESSAGE=again\n\n'),
  binary('COREDUMP', Buffer.alloc(5000, 10)),
  Buffer.from(`LONG=${'x'.repeat(5000)}\nMESSAGE=third\n\n`),
])

test('the export format is split whatever pieces it comes in', () => {
  for (const size of [1, 2, 3, 7, 64, 1000, EXPORT.length]) {
    const splitter = openExport(2000)
    const entries: Map<string, string>[] = []
    for (let at = 0; at < EXPORT.length; at += size) {
      entries.push(...splitter.push(EXPORT.subarray(at, at + size)))
    }
    assert.deepEqual(
      entries.map((entry) => entry.get('MESSAGE')),
      ['two\nlines\n\nX=y\n', 'a=b', 'third'],
      `pieces of ${size}`,
    )
    assert.equal(entries[2]?.has('COREDUMP'), false)
    assert.equal(entries[2]?.has('LONG'), false)
    assert.ok(splitter.idle())
  }
})

test('an entry of the export format says what the JSON one says', () => {
  const [first] = openExport().push(EXPORT)
  const record = readEntry(first ?? new Map())
  assert.equal(record.at, 1795366180219)
  assert.equal(record.program, 'sshd')
  assert.equal(record.pid, 7)
  assert.equal(record.uid, 0)
  assert.equal(record.cursor?.i, '4ece7')
})

test('an unfinished entry is held', () => {
  const splitter = openExport()
  assert.deepEqual(splitter.push(Buffer.from('MESSAGE=x\n')), [])
  assert.equal(splitter.idle(), false)
})
