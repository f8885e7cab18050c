/** The fold is a pure function of its lines: no cut, no checkpoint and no second reading changes a count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mostSessions } from '../../../shared/checkpoint.ts'
import { entriesOf } from '../../support/findings-of.ts'

const addresses = ['10.77.0.101', '10.77.0.102', 'evil.example.com']
const users = ['root', 'bob', ' 0101', 'root from 1.2.3.4 port 22 ssh2', '']

const line = fc
  .record({
    pid: fc.integer({ min: 1, max: 6 }),
    port: fc.integer({ min: 40000, max: 40002 }),
    ip: fc.constantFrom(...addresses),
    user: fc.constantFrom(...users),
    shape: fc.integer({ min: 0, max: 15 }),
    second: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ pid, port, ip, user, shape, second }) => {
    const pam = `logname= uid=0 euid=0 tty=ssh ruser= rhost=${ip}`
    const messages = [
      `Invalid user ${user} from ${ip} port ${port}`,
      `Failed password for ${user} from ${ip} port ${port} ssh2`,
      `Failed password for invalid user ${user} from ${ip} port ${port} ssh2`,
      `Failed none for invalid user ${user} from ${ip} port ${port} ssh2`,
      `message repeated 3 times: [ Failed password for ${user} from ${ip} port ${port} ssh2]`,
      `pam_unix(sshd:auth): authentication failure; ${pam}  user=bob`,
      `pam_unix(sshd:auth): authentication failure; ${pam} `,
      `error: PAM: Authentication failure for ${user} from ${ip}`,
      `Failed keyboard-interactive/pam for ${user} from ${ip} port ${port} ssh2`,
      `Accepted password for bob from ${ip} port ${port} ssh2`,
      `Connection closed by authenticating user ${user} ${ip} port ${port} [preauth]`,
      `Connection closed by ${ip} port ${port} [preauth]`,
      `Received disconnect from ${ip} port ${port}:11: Bye Bye [preauth]`,
      `Connection from ${ip} port ${port} on 10.77.0.1 port 22 rdomain ""`,
      'pam_unix(sshd:auth): check pass; user unknown',
      'error: kex_exchange_identification: Connection closed by remote host',
    ]
    return { second, text: `attic sshd[${pid}]: ${messages[shape]}` }
  })

// Some seconds pass between lines, now and then more than a session lives.
function stamped(parts: { second: number; text: string }[]): string[] {
  let at = Date.UTC(2026, 10, 22, 17)
  return parts.map(({ second, text }) => {
    at += [0, 1000, 11_000, 301_000][second] ?? 0
    return `${new Date(at).toISOString()} ${text}`
  })
}

const log = fc.array(line, { minLength: 1, maxLength: 60 }).map(stamped)

test('stopping at any line and going on from its checkpoint reports the same', () => {
  fc.assert(
    fc.property(log, fc.nat(), (lines, cut) => {
      const at = cut % (lines.length + 1)
      const whole = entriesOf(lines)
      const first = entriesOf(lines.slice(0, at))
      const saved = JSON.parse(JSON.stringify(first.state)) as typeof first.state
      const rest = entriesOf(lines.slice(at), { state: saved, at, clock: first.clock })
      assert.deepEqual([...first.entries, ...rest.entries], whole.entries)
      assert.deepEqual(rest.state, whole.state)
    }),
    { numRuns: 2000 },
  )
})

test('reading twice reports the same', () => {
  fc.assert(fc.property(log, (lines) => assert.deepEqual(entriesOf(lines), entriesOf(lines))))
})

test('a line anchors one finding at most, and anchors never go back', () => {
  fc.assert(
    fc.property(log, (lines) => {
      const anchors = entriesOf(lines).entries.flatMap((e) =>
        e.kind === 'amend' ? [] : [e.offset],
      )
      assert.deepEqual(
        anchors,
        [...new Set(anchors)].toSorted((a, b) => a - b),
      )
    }),
    { numRuns: 1000 },
  )
})

test('more sessions than are kept open change nothing for those that end in time', () => {
  const sessions = mostSessions.open * 2
  const open = Array.from({ length: sessions }, (_, i) => {
    const ip = `10.1.${i >> 8}.${i & 255}`
    return `2026-11-22T17:00:00.000Z attic sshd[${i}]: Failed password for root from ${ip} port 40000 ssh2`
  })
  const { entries, state } = entriesOf(open)
  assert.equal(entries.length, sessions)
  assert.ok(state.sessions.length <= mostSessions.open)
})
