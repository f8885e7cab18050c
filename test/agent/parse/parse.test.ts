import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openExport } from '../../../agent/parse/export.ts'
import { readJson } from '../../../agent/parse/journal.ts'
import { openParser } from '../../../agent/parse/parse.ts'
import { unvis } from '../../../agent/parse/unvis.ts'

const REFERENCE = Date.UTC(2026, 10, 22)
const open = () => openParser({ zone: 'Europe/Rome', reference: REFERENCE })

const PIECES = [
  'Jun  5 11:04:01 ',
  '2026-11-22T16:49:40.2+00:00 ',
  '<38>1 ',
  'host ',
  'sshd[1]: ',
  'sudo: ',
  'su[3]: ',
  'dropbear[2]: ',
  'vsftpd: ',
  'message repeated 3 times: [ ',
  'error: ',
  'Failed password for ',
  'invalid user ',
  'Invalid user ',
  ' from ',
  '1.2.3.4',
  '2001:db8::1',
  ' port 22',
  ' ssh2',
  ': ',
  ' [preauth]',
  'Connection closed by ',
  'authenticating user ',
  'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser=',
  ' rhost=',
  ' user=',
  'alice : 3 incorrect password attempts ; ',
  'Exit before auth from <',
  '\0',
  '\r',
  '\\303',
  ' ',
]

const anyLine = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc
    .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5 })), { maxLength: 20 })
    .map((pieces) => pieces.join('')),
)

test('no line makes the parser throw, and no address comes out that stood in none', () => {
  const parser = open()
  fc.assert(
    fc.property(anyLine, (line) => {
      const { event } = parser.line(line)
      if (event?.ip === undefined) return
      assert.match(event.ip, /^[A-Za-z0-9_.:-]{1,255}$/)
      if (!event.ip.includes(':')) assert.ok(line.includes(event.ip))
    }),
    { numRuns: 20_000 },
  )
})

test('text without a known shape means nothing', () => {
  const parser = open()
  const words = fc.array(fc.stringMatching(/^[b-eg-z]{1,12}$/), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(words, (list) => {
      const text = list.join(' ')
      for (const prefix of ['', 'Jun  5 11:04:01 h sshd[1]: ', 'Jun  5 11:04:01 h cups[1]: ']) {
        assert.equal(parser.line(prefix + text).event, null)
      }
    }),
    { numRuns: 2000 },
  )
})

test('no value makes the journal reader throw', () => {
  const parser = open()
  const entry = fc.dictionary(
    fc.constantFrom('MESSAGE', '_PID', '_UID', 'SYSLOG_IDENTIFIER', '__CURSOR', '_COMM'),
    fc.oneof(fc.anything(), fc.constantFrom('sshd', 'sudo'), anyLine),
  )
  fc.assert(
    fc.property(fc.oneof(entry, fc.anything()), (value) => {
      const record = readJson(value)
      if (record !== null) parser.record(record)
    }),
    { numRuns: 5000 },
  )
})

test('no bytes make the export splitter throw or hold more than its limit', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 30 }), (chunks) => {
      const splitter = openExport(100)
      for (const chunk of chunks) splitter.push(Buffer.from(chunk))
    }),
    { numRuns: 3000 },
  )
})

test('unescaping undoes what sshd does to any name, once or twice', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (name) => {
      assert.equal(unvis(vis(name), 1), name)
      assert.equal(unvis(vis(vis(name)), 2), name)
    }),
    { numRuns: 3000 },
  )
})

/** strnvis(VIS_CSTYLE | VIS_NL | VIS_TAB | VIS_OCTAL) of OpenBSD, for the test. */
function vis(text: string): string {
  const letters: Record<number, string> = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f' }
  let out = ''
  for (const byte of Buffer.from(text)) {
    const letter = byte === 13 ? 'r' : letters[byte]
    if (byte === 92) out += '\\\\'
    else if (letter !== undefined) out += `\\${letter}`
    else if (byte < 32 || byte > 126) out += `\\${byte.toString(8).padStart(3, '0')}`
    else out += String.fromCharCode(byte)
  }
  return out
}

test('long hostile lines are read in linear time', () => {
  const parser = open()
  const unit = 60_000
  const hostile = [
    ' from '.repeat(unit / 6),
    ' rhost='.repeat(unit / 7),
    ' rhost= user='.repeat(unit / 13),
    ' uid=0 euid=0 tty= ruser='.repeat(unit / 25),
    ' : '.repeat(unit / 3),
    ' '.repeat(unit),
    'a'.repeat(unit),
    ':'.repeat(unit),
    "('".repeat(unit / 2),
    ' 1 port 1'.repeat(unit / 9),
    '[x y="'.repeat(unit / 6),
  ]
  const starts = [
    'Failed password for invalid user ',
    'Invalid user ',
    'Connection closed by invalid user ',
    'Disconnecting invalid user ',
    'error: PAM: x for ',
    'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser=',
    'pam_unix(sshd:auth): authentication failure; logname=',
    'pam_sss(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=',
    'refused connect from ',
    'drop connection #1 from [',
    '',
  ]
  const began = performance.now()
  for (const tag of [
    'sshd[1]: ',
    'sudo: ',
    'vsftpd: ',
    'proftpd[1] ',
    'dropbear[1]: ',
    'rsyslogd: ',
    '',
  ]) {
    for (const start of starts) {
      for (const text of hostile) parser.line(`Jun  5 11:04:01 h ${tag}${start}${text}`)
    }
  }
  // 700 lines of 60 kB: a quadratic expression would need minutes.
  assert.ok(performance.now() - began < 10_000)
})

test('a reader that begins again from `last` gives the same times', () => {
  const lines = ['Dec 31 23:59:59 h su: x', 'Jan  1 00:00:01 h su: x', 'Jan  1 00:00:02 h su: x']
  const whole = openParser({ zone: 'UTC', reference: Date.UTC(2026, 0, 1, 12) })
  const times = lines.map((line) => whole.line(line).at)
  const first = openParser({ zone: 'UTC', reference: Date.UTC(2026, 0, 1, 12) })
  first.line(lines[0] ?? '')
  const second = openParser({ zone: 'UTC', reference: 0, last: first.last() })
  assert.deepEqual(
    lines.slice(1).map((line) => second.line(line).at),
    times.slice(1),
  )
})
