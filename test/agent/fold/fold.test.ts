/**
 * The rule of counting, on lines that real daemons wrote (OpenSSH 9.2 with rsyslog on Debian 12,
 * OpenSSH 10.0 with the journal on Debian 13, OpenSSH_2k.log of Loghub), prefix shortened.
 * Figures are "attempts probes logins" by address.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entriesOf, findingsOf, worth } from '../../support/findings-of.ts'

const A = '10.77.0.101'

function sshd(...messages: [pid: number, message: string, second?: number][]): string[] {
  return messages.map(([pid, message, second = 0]) => {
    const at = new Date(Date.UTC(2026, 10, 22, 17, 0, second)).toISOString()
    return `${at.replace('Z', '+00:00')} attic sshd[${pid}]: ${message}`
  })
}

test('six lines about one password are one attempt', () => {
  const lines = sshd(
    [7, `Invalid user miguel from ${A} port 40000`],
    [7, 'pam_unix(sshd:auth): check pass; user unknown'],
    [
      7,
      `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A} `,
    ],
    [7, `Failed password for invalid user miguel from ${A} port 40000 ssh2`],
    [7, `Received disconnect from ${A} port 40000:11: Bye Bye [preauth]`],
    [7, `Disconnected from invalid user miguel ${A} port 40000 [preauth]`],
  )
  assert.deepEqual(worth(lines), { [A]: '1 0 0' })
})

test('no line counts more than a million, so that every sum stays exact', () => {
  const failed = `Failed password for bob from ${A} port 40001 ssh2`
  const lines = sshd(
    [8, failed],
    [8, `message repeated 9999999 times: [ ${failed}]`],
    [8, `Connection closed by authenticating user bob ${A} port 40001 [preauth]`],
  )
  assert.deepEqual(
    findingsOf(lines).map(({ count }) => count),
    [1, 1_000_000],
  )
})

test('an attempt is reported at its first line and gets its method later', () => {
  const { entries } = entriesOf(
    sshd(
      [7, `Invalid user miguel from ${A} port 40000`],
      [7, `Failed password for invalid user miguel from ${A} port 40000 ssh2`],
    ),
  )
  assert.deepEqual(
    entries.map(({ kind, offset, method }) => ({ kind, offset, method })),
    [
      { kind: 'attempt', offset: 0, method: undefined },
      { kind: 'amend', offset: 0, method: 'password' },
    ],
  )
})

test('every password refused in one connection is an attempt', () => {
  const refused = `Failed password for bob from ${A} port 40001 ssh2`
  const lines = sshd(
    [
      8,
      `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A}  user=bob`,
    ],
    [8, refused],
    [8, refused],
    [8, refused],
    [8, `Connection closed by authenticating user bob ${A} port 40001 [preauth]`],
    [
      8,
      `PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A}  user=bob`,
    ],
  )
  assert.deepEqual(worth(lines), { [A]: '3 0 0' })
})

test('a repeated line counts as often as it says, after the one that stands by itself', () => {
  const lines = sshd(
    [9, `Failed password for root from ${A} port 42393 ssh2`],
    [9, `message repeated 5 times: [ Failed password for root from ${A} port 42393 ssh2]`],
  )
  assert.deepEqual(worth(lines), { [A]: '6 0 0' })
})

test('"last message repeated" speaks of the line before it, and of nothing else', () => {
  const stamp = 'Nov 22 17:00:00 attic'
  const refused = `${stamp} sshd[9]: Failed password for root from ${A} port 42393 ssh2`
  const cron = `${stamp} CRON[3]: pam_unix(cron:session): session opened for user root by (uid=0)`
  assert.deepEqual(worth([refused, `${stamp} last message repeated 4 times`]), { [A]: '5 0 0' })
  assert.deepEqual(worth([refused, cron, `${stamp} last message repeated 4 times`]), {
    [A]: '1 0 0',
  })
})

test('keyboard-interactive: PAM speaks from a process of its own, an existing user', () => {
  const pam = `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A}  user=bob`
  const error = `error: PAM: Authentication failure for bob from ${A}`
  const failed = `Failed keyboard-interactive/pam for bob from ${A} port 40002 ssh2`
  const lines = sshd(
    [112, pam],
    [110, error],
    [113, pam],
    [110, error],
    [114, pam],
    [110, error],
    [110, `Postponed keyboard-interactive for bob from ${A} port 40002 ssh2 [preauth]`],
    [115, pam],
    [110, error],
    [110, failed],
    [110, `Connection closed by authenticating user bob ${A} port 40002 [preauth]`],
  )
  assert.deepEqual(worth(lines), { [A]: '4 0 0' })
})

test('keyboard-interactive: PAM speaks from a process of its own, an unknown user', () => {
  const answer = (helper: number): [number, string][] => [
    [helper, 'pam_unix(sshd:auth): check pass; user unknown'],
    [
      helper,
      `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A} `,
    ],
    [110, `error: PAM: Authentication failure for illegal user miguel from ${A}`],
    [110, `Failed keyboard-interactive/pam for invalid user miguel from ${A} port 40003 ssh2`],
  ]
  const lines = sshd(
    [110, `Invalid user miguel from ${A} port 40003`],
    ...answer(112),
    ...answer(113),
    [110, `Connection closed by invalid user miguel ${A} port 40003 [preauth]`],
  )
  assert.deepEqual(worth(lines), { [A]: '2 0 0' })
})

test('two connections of one address at once do not eat each other’s attempts', () => {
  const pam = (user: string): string =>
    `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A}${user}`
  const lines = sshd(
    [20, `Invalid user x from ${A} port 41000`],
    [21, pam('  user=root')],
    [20, pam(' ')],
    [21, `Failed password for root from ${A} port 41001 ssh2`],
    [20, `Failed password for invalid user x from ${A} port 41000 ssh2`],
  )
  assert.deepEqual(worth(lines), { [A]: '2 0 0' })
})

test('a key refused to an existing user leaves one line, and that is one attempt', () => {
  const lines = sshd([
    30,
    `Connection closed by authenticating user alice ${A} port 40004 [preauth]`,
  ])
  assert.deepEqual(worth(lines), { [A]: '1 0 0' })
})

test('hydra’s first connection says goodbye before sshd says whom it named', () => {
  const lines = sshd(
    [31, `Received disconnect from ${A} port 40005:11: Bye Bye [preauth]`],
    [31, `Disconnected from authenticating user bob ${A} port 40005 [preauth]`],
  )
  assert.deepEqual(worth(lines), { [A]: '1 0 0' })
})

test('a root login refused after the right key is told twice and counts once', () => {
  const lines = sshd(
    [32, `ROOT LOGIN REFUSED FROM ${A} port 40006`],
    [32, `ROOT LOGIN REFUSED FROM ${A} port 40006 [preauth]`],
    [32, `Connection closed by authenticating user root ${A} port 40006 [preauth]`],
  )
  assert.deepEqual(worth(lines), { [A]: '1 0 0' })
})

test('connections that name nobody are probes, one each', () => {
  const lines = sshd(
    [40, 'error: kex_exchange_identification: read: Connection reset by peer'],
    [40, `Connection reset by ${A} port 40007`],
    [
      41,
      'error: kex_exchange_identification: client sent invalid protocol identifier "GET / HTTP/1.0"',
    ],
    [41, `banner exchange: Connection from ${A} port 40008: invalid format`],
    [42, `Connection closed by ${A} port 40009 [preauth]`],
    [
      43,
      `Unable to negotiate with ${A} port 40010: no matching cipher found. Their offer: 3des-cbc [preauth]`,
    ],
    [44, `Connection closed by ${A} port 40011`],
  )
  assert.deepEqual(worth(lines), { [A]: '0 5 0' })
})

test('the end of a login, told by another process, is neither a probe nor an attempt', () => {
  const lines = sshd(
    [139, `Accepted password for bob from ${A} port 40012 ssh2`],
    [139, 'pam_unix(sshd:session): session opened for user bob(uid=1001) by (uid=0)'],
    [153, `Received disconnect from ${A} port 40012:11: disconnected by user`],
    [153, `Disconnected from user bob ${A} port 40012`],
    [139, 'pam_unix(sshd:session): session closed for user bob'],
  )
  assert.deepEqual(worth(lines), { [A]: '0 0 1' })
})

test('one pid, two connections: another port is another session', () => {
  const lines = sshd(
    [50, `Connection closed by authenticating user root ${A} port 40013 [preauth]`],
    [50, `Connection closed by authenticating user root ${A} port 40014 [preauth]`],
  )
  assert.deepEqual(worth(lines), { [A]: '2 0 0' })
})

test('a host name waits for the address that sshd’s own line brings', () => {
  const name = '5.36.59.76.dynamic-dsl-ip.omantel.net.om'
  const lines = sshd(
    [
      60,
      `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${name}  user=root`,
    ],
    [60, 'Failed password for root from 5.36.59.76 port 42393 ssh2'],
  )
  assert.deepEqual(worth(lines), { '5.36.59.76': '1 0 0' })
})

test('where the address never comes, the host name stands for it', () => {
  const name = 'evil.example.com'
  const pam = `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${name}  user=root`
  const later = [70, 'Server listening on 0.0.0.0 port 22.', 59] as [number, string, number]
  const closed = sshd([71, `Connection closed by user bob ${A} port 1`]).map((line) =>
    line.replace('T17:00:00', 'T17:30:00'),
  )
  const touching = sshd([72, `Connection closed by ${A} port 2 [preauth]`]).map((line) =>
    line.replace('T17:00:00', 'T17:30:00'),
  )
  assert.deepEqual(worth([...sshd([60, pam], later), ...touching, ...closed]), {
    [name]: '1 0 0',
    [A]: '0 1 0',
  })
})

test('a host name of digits is no pid, where no line has one', () => {
  const failure = (rhost: string) =>
    `Jun  5 14:53:32 attic sshd: authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${rhost}`
  const later = 'Jun  5 15:23:32 attic sshd: check pass; user unknown'
  for (const name of ['6092085098', '7', '5.36.59.76.omantel.net.om']) {
    assert.deepEqual(
      findingsOf([failure(name), later]).map(({ ip, pid, count }) => [ip, pid, count]),
      [[name, undefined, 1]],
    )
  }
})

test('sudo: three wrong passwords are three, told by PAM once and by sudo at the end', () => {
  const lines = [
    '2026-11-22T17:00:00.000000+00:00 attic sudo: pam_unix(sudo:auth): authentication failure; logname= uid=1000 euid=0 tty= ruser=alice rhost=  user=alice',
    '2026-11-22T17:00:06.000000+00:00 attic sudo:    alice : 3 incorrect password attempts ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id',
  ]
  assert.deepEqual(worth(lines), { '': '3 0 0' })
  assert.deepEqual(
    findingsOf(lines).map(({ user, program, count }) => [user, program, count]),
    [
      ['alice', 'sudo', 1],
      ['alice', 'sudo', 2],
    ],
  )
})

test('sudo: one wrong and then right is one, and the next call begins anew', () => {
  const wrong =
    '2026-11-22T17:00:00.000000+00:00 attic sudo: pam_unix(sudo:auth): authentication failure; logname= uid=1000 euid=0 tty= ruser=alice rhost=  user=alice'
  const right =
    '2026-11-22T17:00:02.000000+00:00 attic sudo:    alice : PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id'
  assert.deepEqual(worth([wrong, right, wrong, right]), { '': '2 0 0' })
})

test('su: the line of PAM has no pid, the one of su has, and both are one attempt', () => {
  const lines = [
    '2026-11-22T17:00:00.000000+00:00 attic su: pam_unix(su:auth): authentication failure; logname= uid=1001 euid=0 tty= ruser=bob rhost=  user=root',
    '2026-11-22T17:00:02.000000+00:00 attic su[233]: FAILED SU (to root) bob on none',
  ]
  assert.deepEqual(worth([...lines, ...lines]), { '': '2 0 0' })
})

test('dropbear: its last line sums up what it said before', () => {
  const at = '2026-11-22T17:00:00.000000+00:00 attic dropbear[300]: '
  const lines = [
    `${at}Child connection from ${A}:50000`,
    `${at}Bad password attempt for 'alice' from ${A}:50000`,
    `${at}Bad password attempt for 'alice' from ${A}:50000`,
    `${at}Exit before auth from <${A}:50000>: (user 'alice', 2 fails): Exited normally`,
  ]
  assert.deepEqual(worth(lines), { [A]: '2 0 0' })
})

test('dropbear: an unknown user is named without an address, which the connection gave', () => {
  const at = '2026-11-22T17:00:00.000000+00:00 attic dropbear[301]: '
  const lines = [
    `${at}Child connection from ${A}:50001`,
    `${at}Login attempt for nonexistent user`,
    `${at}Exit before auth from <${A}:50001>: Exited normally`,
  ]
  assert.deepEqual(worth(lines), { [A]: '1 0 0' })
})

test('services known by PAM alone count every failure, and what PAM sums up', () => {
  const at = '2026-11-22T17:00:00.000000+00:00 attic vsftpd[400]: '
  const fields = `logname= uid=0 euid=0 tty=ftp ruser=admin rhost=${A}`
  const lines = [
    `${at}pam_unix(vsftpd:auth): authentication failure; ${fields}  user=admin`,
    `${at}pam_unix(vsftpd:auth): authentication failure; ${fields}  user=admin`,
  ]
  assert.deepEqual(worth(lines), { [A]: '2 0 0' })
})

test('a name that claims another address is nobody’s but its own sender’s', () => {
  const lines = sshd(
    [80, `Invalid user root from 10.9.9.9 port 22 ssh2 from ${A} port 49764`],
    [
      80,
      `Failed password for invalid user root from 10.9.9.9 port 22 ssh2 from ${A} port 49764 ssh2`,
    ],
    [
      80,
      `Connection closed by invalid user root from 10.9.9.9 port 22 ssh2 ${A} port 49764 [preauth]`,
    ],
  )
  assert.deepEqual(worth(lines), { [A]: '1 0 0' })
})

test('keyboard-interactive where sshd looks up names (UseDNS): PAM’s own process is no second attacker', () => {
  const pam =
    'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=evil.example.com  user=bob'
  const lines = sshd(
    [102, pam],
    [100, 'error: PAM: Authentication failure for bob from evil.example.com'],
    [103, pam],
    [100, 'error: PAM: Authentication failure for bob from evil.example.com'],
    [100, `Connection closed by authenticating user bob ${A} port 56742 [preauth]`],
    [104, `Connection closed by ${A} port 1 [preauth]`, 59 * 60],
  )
  assert.deepEqual(worth(lines), { [A]: '2 1 0' })
})

test('keyboard-interactive does not take the credit of a connection by password beside it', () => {
  const pam = (user: string): string =>
    `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A}  user=${user}`
  const lines = sshd(
    [10, pam('root')],
    [21, pam('bob')],
    [20, `error: PAM: Authentication failure for bob from ${A}`],
    [10, `Failed password for root from ${A} port 1111 ssh2`],
  )
  assert.deepEqual(worth(lines), { [A]: '2 0 0' })
})

test('the same user by password and by keyboard-interactive at once: whose PAM line is whose does not matter', () => {
  const pam = `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A}  user=root`
  const lines = sshd(
    [21, pam],
    [10, pam],
    [20, `error: PAM: Authentication failure for root from ${A}`],
    [10, `Failed password for root from ${A} port 1111 ssh2`],
  )
  assert.deepEqual(worth(lines), { [A]: '2 0 0' })
})

test('an older log read after a newer one: the clock goes back, and pids of then are not pids of now', () => {
  const old = sshd([7, `Connection closed by authenticating user root ${A} port 40000 [preauth]`])
  const earlier = old.map((line) => line.replace('2026-11-22', '2026-11-15'))
  assert.deepEqual(worth([...old, ...earlier]), { [A]: '2 0 0' })
})

test('a pid seen again after a quiet hour is another process', () => {
  const line = sshd([7, `Connection closed by authenticating user root ${A} port 40000 [preauth]`])
  const later = line.map((one) => one.replace('T17:', 'T18:'))
  assert.deepEqual(worth([...line, ...later]), { [A]: '2 0 0' })
})
