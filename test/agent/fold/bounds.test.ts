/** Whatever somebody logs under our tags, the frames made of it are ones the collector takes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readFromAgent } from '../../../shared/wire.ts'
import { entriesOf } from '../../support/findings-of.ts'

const long = fc.integer({ min: 1, max: 3000 }).map((length) => 'x'.repeat(length))
const odd = fc.oneof(
  long,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', ' ', 'root'),
)
const digits = fc.constantFrom(
  '0',
  '7',
  '65535',
  '65536',
  '99999',
  '999999999',
  '99999999999999999999',
)
const ip = fc.oneof(fc.constantFrom('203.0.113.9', '::1', 'evil.example.com', '6092085098'), long)

const line = fc
  .record({
    host: odd,
    tag: fc.constantFrom(
      'sshd',
      'sudo',
      'su',
      'login',
      'dropbear',
      'vsftpd',
      'useradd',
      'rsyslogd',
    ),
    pid: fc.oneof(digits, fc.constant('')),
    user: odd,
    ip,
    port: digits,
    count: digits,
    shape: fc.nat(16),
    minute: fc.integer({ min: 10, max: 59 }),
  })
  .map(({ host, tag, pid, user, ip: address, port, count, shape, minute }) => {
    const pam = `logname= uid=0 euid=0 tty=${user} ruser=${user} rhost=${address}  user=${user}`
    const message = [
      `Failed ${user.replaceAll(' ', '')} for ${user} from ${address} port ${port} ssh2`,
      `message repeated ${count} times: [ Failed password for root from ${address} port ${port} ssh2]`,
      `Invalid user ${user} from ${address} port ${port}`,
      `Connection closed by authenticating user ${user} ${address} port ${port} [preauth]`,
      `Timeout before authentication for connection from ${address} to 1.2.3.4, pid = ${count}`,
      `Accepted ${user} for ${user} from ${address} port ${port} ssh2`,
      `pam_unix(${tag}:auth): authentication failure; ${pam}`,
      `PAM ${count} more authentication failures; ${pam}`,
      `error: PAM: Authentication failure for ${user} from ${address}`,
      `${user} : ${count} incorrect password attempts ; TTY=${user} ; PWD=/ ; USER=root ; COMMAND=x`,
      `FAILED SU (to root) ${user} on ${user}`,
      `Bad password attempt for '${user}' from ${address}:${port}`,
      `Exit before auth from <${address}:${port}>: (user '${user}', ${count} fails): x`,
      `new user: name=${user}, UID=1, GID=1, home=/, shell=/bin/sh, from=none`,
      `imuxsock lost ${count} messages from pid ${pid} due to rate-limiting`,
      `drop connection #1 from [${address}]:${port} on [1.2.3.4]:22 penalty: failed authentication`,
      `FAILED LOGIN (${count}) on '/dev/${user}' FOR '${user}', Authentication failure`,
    ][shape]
    return `Nov 22 17:${minute}:00 ${host.replaceAll(/\s/g, '') || 'h'} ${tag}${pid && `[${pid}]`}: ${message}`.replaceAll(
      '\n',
      ' ',
    )
  })

test('findings, amendments and checkpoints of hostile lines fit the wire', () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
      const { entries, state, clock } = entriesOf(lines)
      const position = { kind: 'file', file: 'f', offset: 1, before: '', name: 'n', finished: [] }
      const checkpoint = { position, clock, since: null, open: state }
      const frames: unknown[] = [{ type: 'checkpoint', seq: 1, source: 's', checkpoint }]
      if (entries.length > 0) frames.push({ type: 'findings', seq: 2, source: 's', entries })
      for (const frame of frames) {
        const read = readFromAgent(JSON.stringify(frame))
        assert.deepEqual(read.ok ? 'fits' : read.why, 'fits')
      }
    }),
    { numRuns: 3000 },
  )
})
