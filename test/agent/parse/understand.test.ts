import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../../agent/parse/event.ts'
import { openParser } from '../../../agent/parse/parse.ts'
import { understand } from '../../../agent/parse/understand.ts'

type Row = [program: string | null, message: string, event: Event | null]

function rows(name: string, list: Row[]): void {
  test(name, () => {
    for (const [program, message, event] of list) {
      assert.deepEqual(understand(program, message), event, message)
    }
  })
}

const PREAUTH = { end: true, preauth: true } as const

// OpenSSH 9.2p1 and 10.0p2 in the lab, OpenSSH_2k.log of loghub, fail2ban's tests.
rows('sshd: credentials refused and accepted', [
  [
    'sshd',
    'Failed password for alice from 10.77.0.101 port 49332 ssh2',
    {
      ...{ kind: 'refused', ip: '10.77.0.101', port: 49332, user: 'alice', method: 'password' },
      witness: 'sshd',
    },
  ],
  [
    'sshd-session',
    'Failed keyboard-interactive/pam for invalid user miguel from 10.77.0.101 port 52290 ssh2',
    {
      ...{ kind: 'refused', ip: '10.77.0.101', port: 52290, user: 'miguel' },
      ...{ method: 'keyboard-interactive/pam', witness: 'sshd' },
    },
  ],
  [
    'sshd',
    'Failed none for invalid user 0101 from 5.188.10.180 port 36279 ssh2',
    { kind: 'named', ip: '5.188.10.180', port: 36279, user: '0101', method: 'none' },
  ],
  [
    'sshd',
    'Failed keyboard-interactive for <invalid username> from 205.186.180.35 port 42742 ssh2',
    {
      ...{ kind: 'refused', ip: '205.186.180.35', port: 42742 },
      ...{ method: 'keyboard-interactive', witness: 'sshd' },
    },
  ],
  [
    'sshd-session',
    'error: PAM: Authentication failure for illegal user miguel from 10.77.0.101',
    {
      ...{ kind: 'refused', ip: '10.77.0.101', user: 'miguel' },
      ...{ method: 'keyboard-interactive/pam', witness: 'sshd-pam' },
    },
  ],
  [
    'sshd',
    'error: PAM: Have exhausted maximum number of retries for service for bob from h.example',
    {
      ...{ kind: 'refused', ip: 'h.example', user: 'bob' },
      ...{ method: 'keyboard-interactive/pam', witness: 'sshd-pam' },
    },
  ],
  [
    'sshd',
    'Accepted password for carol from ::ffff:10.77.0.101 port 44352 ssh2',
    { kind: 'accepted', ip: '10.77.0.101', port: 44352, user: 'carol', method: 'password' },
  ],
  [
    'sshd-auth',
    'Postponed keyboard-interactive for bob from fe80::1%lo port 5 ssh2 [preauth]',
    {
      ...{ kind: 'session', ip: 'fe80::1', port: 5, user: 'bob' },
      ...{ method: 'keyboard-interactive', preauth: true },
    },
  ],
])

rows('sshd: ends', [
  [
    'sshd',
    'Connection closed by authenticating user alice 10.77.0.101 port 49332 [preauth]',
    { kind: 'named', ip: '10.77.0.101', port: 49332, user: 'alice', ...PREAUTH },
  ],
  [
    'sshd',
    'Disconnected from authenticatinguser bob 10.77.0.101 port 5',
    { kind: 'named', ip: '10.77.0.101', port: 5, user: 'bob', end: true },
  ],
  [
    'sshd',
    'Disconnected from user carol 10.77.0.101 port 44352',
    { kind: 'closed', ip: '10.77.0.101', port: 44352, user: 'carol', end: true },
  ],
  [
    'sshd-session',
    'Disconnected from user carol 10.77.0.101 port 44352 [postauth]',
    { kind: 'closed', ip: '10.77.0.101', port: 44352, user: 'carol', end: true },
  ],
  [
    'sshd',
    'error: Received disconnect from 2001:db8::a11:beef:7ac0: 3: com.jcraft.jsch.JSchException: Auth fail [preauth]',
    { kind: 'closed', ip: '2001:db8::a11:beef:7ac0', ...PREAUTH },
  ],
  [
    'sshd',
    'error: maximum authentication attempts exceeded for bob from 10.77.0.101 port 37174 ssh2 [preauth]',
    { kind: 'named', ip: '10.77.0.101', port: 37174, user: 'bob', ...PREAUTH },
  ],
  [
    'sshd',
    'Timeout before authentication for connection from 192.0.2.17 to 127.0.0.1, pid = 29098',
    { kind: 'closed', ip: '192.0.2.17', of: 29098, ...PREAUTH },
  ],
  [
    'sshd',
    'exited MaxStartups throttling after 00:00:04, 3 connections dropped',
    { kind: 'blocked', count: 2 },
  ],
  [
    'sshd',
    'srclimit_penalise: ipv6: new 2001:db8::/64 active penalty of 5.000 seconds for penalty: x',
    { kind: 'blocked' },
  ],
])

rows('sshd: unescaped names of one connection are equal', [
  [
    'sshd',
    'Invalid user jos\\303\\251 from 127.0.0.1 port 5',
    { kind: 'named', ip: '127.0.0.1', port: 5, user: 'jos\u00e9' },
  ],
  [
    'sshd',
    'Connection closed by invalid user jos\\\\303\\\\251 127.0.0.1 port 5 [preauth]',
    { kind: 'named', ip: '127.0.0.1', port: 5, user: 'jos\u00e9', ...PREAUTH },
  ],
  [
    'sshd',
    'Invalid user DOM\\\\user from 127.0.0.1 port 5',
    { kind: 'named', ip: '127.0.0.1', port: 5, user: 'DOM\\user' },
  ],
  [
    'sshd',
    'Connection closed by invalid user DOM\\\\\\\\user 127.0.0.1 port 5 [preauth]',
    { kind: 'named', ip: '127.0.0.1', port: 5, user: 'DOM\\user', ...PREAUTH },
  ],
  [
    'sshd',
    'Invalid user a\\tb\\nc\\033[31m\\377 from 127.0.0.1 port 5',
    { kind: 'named', ip: '127.0.0.1', port: 5, user: 'a\tb\nc\u001b[31m\u00ff' },
  ],
])

rows('repeated lines', [
  [
    'sshd',
    'message repeated 5 times: [ Failed password for root from 5.36.59.76 port 42393 ssh2]',
    {
      ...{ kind: 'refused', ip: '5.36.59.76', port: 42393, user: 'root', method: 'password' },
      ...{ witness: 'sshd', count: 5 },
    },
  ],
  [
    'sshd',
    'Invalid user message repeated 500 times from 127.0.0.1 port 5',
    { kind: 'named', ip: '127.0.0.1', port: 5, user: 'message repeated 500 times' },
  ],
  [null, 'last message repeated 3 times', { kind: 'echo', witness: 'repeat', count: 3 }],
  ['sshd', '--- last message repeated 1 time ---', { kind: 'echo', witness: 'repeat', count: 1 }],
  ['CRON', 'last message repeated 3 times', null],
  ['myapp', 'message repeated 3 times: [ Failed password for root from 6.6.6.6 port 1 ssh2]', null],
])

rows('PAM: an echo beside sshd, the refusal elsewhere', [
  [
    'sshd',
    'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=112.95.230.3  user=root',
    { kind: 'echo', ip: '112.95.230.3', user: 'root', witness: 'pam_unix' },
  ],
  [
    'sshd',
    'authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=220-135-151-1.hinet-ip.hinet.net  user=root',
    {
      ...{ kind: 'echo', ip: '220-135-151-1.hinet-ip.hinet.net', user: 'root' },
      witness: 'pam_unix',
    },
  ],
  [
    'sshd',
    'PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.77.0.101 ',
    { kind: 'echo', ip: '10.77.0.101', count: 5, more: true, witness: 'pam_unix' },
  ],
  [
    'sudo',
    'pam_unix(sudo:auth): authentication failure; logname=alice uid=1000 euid=0 tty=/dev/pts/1 ruser=alice rhost=  user=alice',
    { kind: 'refused', user: 'alice', tty: 'pts/1', witness: 'pam_unix' },
  ],
  [
    'su',
    'pam_unix(su:auth): authentication failure; logname= uid=1001 euid=0 tty= ruser=bob rhost=  user=root',
    { kind: 'refused', user: 'bob', target: 'root', witness: 'pam_unix' },
  ],
  [
    'su',
    'PAM 2 more authentication failures; logname= uid=1001 euid=0 tty= ruser=bob rhost=  user=root',
    { kind: 'refused', user: 'bob', target: 'root', count: 2, more: true, witness: 'pam_unix' },
  ],
  [
    'login',
    'pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 tty=/dev/tty1 ruser= rhost=  user=root',
    { kind: 'refused', user: 'root', tty: 'tty1', witness: 'pam_unix' },
  ],
  [
    'gdm',
    'authentication failure; logname= uid=0 euid=0 tty=:0 ruser= rhost= ',
    { kind: 'refused', tty: ':0', witness: 'pam_unix' },
  ],
  [
    'auth',
    'pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=informix rhost=80.255.3.104',
    { kind: 'refused', ip: '80.255.3.104', user: 'informix', witness: 'pam_unix' },
  ],
  [
    'sshd',
    'pam_sss(sshd:auth): received for user alice: 7 (Authentication failure)',
    { kind: 'echo', user: 'alice', witness: 'pam_sss' },
  ],
  [
    'unix_chkpwd',
    'password check failed for user (alice)',
    { kind: 'echo', user: 'alice', witness: 'unix_chkpwd' },
  ],
  ['CRON', 'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)', null],
  [
    '(systemd)',
    'pam_unix(systemd-user:session): session opened for user bob(uid=1) by (uid=0)',
    null,
  ],
  [
    'vsftpd',
    'pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser= rhost=6.6.6.6 user=x rhost=192.0.2.7',
    { kind: 'refused', ip: '192.0.2.7', user: ' rhost=6.6.6.6 user=x', witness: 'pam_unix' },
  ],
  [
    'sshd',
    'pam_sss(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7 user=x rhost=6.6.6.6',
    { kind: 'echo', ip: '192.0.2.7', user: 'x rhost=6.6.6.6', witness: 'pam_sss' },
  ],
  [
    'sshd',
    'pam_sss(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7 user=a rhost=6.6.6.6 user= rhost=192.0.2.7 user=a',
    {
      ...{ kind: 'echo', ip: '192.0.2.7', witness: 'pam_sss' },
      user: 'a rhost=6.6.6.6 user= rhost=192.0.2.7 user=a',
    },
  ],
  [
    'auth',
    'pam_sss(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=x rhost=6.6.6.6 rhost=192.0.2.7 user=x rhost=6.6.6.6',
    { kind: 'refused', ip: '192.0.2.7', user: 'x rhost=6.6.6.6', witness: 'pam_sss' },
  ],
  [
    'vsftpd',
    'pam_sss(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser= rhost=6.6.6.6 user=x rhost=192.0.2.7 user= rhost=6.6.6.6 user=x',
    { kind: 'refused', ip: '192.0.2.7', user: ' rhost=6.6.6.6 user=x', witness: 'pam_sss' },
  ],
  [
    'vsftpd',
    'pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=x rhost=192.0.2.7 rhost=6.6.6.6 user=x rhost=192.0.2.7',
    {
      ...{ kind: 'refused', ip: '192.0.2.7', witness: 'pam_unix' },
      user: 'x rhost=192.0.2.7 rhost=6.6.6.6 user=x',
    },
  ],
])

rows('sudo, su and login', [
  [
    'sudo',
    'alice : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/true',
    {
      ...{ kind: 'refused', user: 'alice', count: 3, total: true, end: true },
      ...{ tty: 'pts/1', target: 'root', witness: 'sudo' },
    },
  ],
  [
    'sudo',
    'bob : user NOT in sudoers ; PWD=/home/bob ; USER=root ; COMMAND=/bin/echo : 9 incorrect password attempts',
    { kind: 'named', user: 'bob', end: true, target: 'root', witness: 'sudo' },
  ],
  [
    'sudo',
    'alice : PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/true',
    { kind: 'session', user: 'alice', end: true, target: 'root' },
  ],
  ['sudo', 'alice : unable to resolve host attic: Temporary failure in name resolution', null],
  [
    'su',
    'FAILED SU (to root) bob on none',
    { kind: 'refused', user: 'bob', target: 'root', witness: 'su' },
  ],
  [
    'su',
    '- /dev/pts/0 alice:root',
    { kind: 'refused', user: 'alice', target: 'root', tty: 'pts/0', witness: 'su-sign' },
  ],
  ['su', '(to root) bob on none', { kind: 'session', user: 'bob', target: 'root', end: true }],
  [
    'login',
    'FAILED LOGIN 1 FROM tty1 FOR root, Authentication failure',
    { kind: 'refused', user: 'root', witness: 'login', tty: 'tty1' },
  ],
  [
    'login',
    "FAILED LOGIN (2) on '/dev/pts/0' from '192.0.2.7' FOR 'UNKNOWN', Authentication failure",
    { kind: 'refused', ip: '192.0.2.7', user: 'UNKNOWN', witness: 'login', tty: 'pts/0' },
  ],
])

rows('dropbear', [
  [
    'dropbear',
    "bad password attempt for 'root' from 198.51.100.87:5543",
    {
      ...{ kind: 'refused', ip: '198.51.100.87', port: 5543, user: 'root' },
      ...{ method: 'password', witness: 'dropbear' },
    },
  ],
  ['dropbear', 'Child connection from ::1:60116', { kind: 'session', ip: '::1', port: 60116 }],
  ['dropbear', 'Child connection from [::1]:60116', { kind: 'session', ip: '::1', port: 60116 }],
  [
    'dropbear',
    "Exit before auth from <192.0.2.3:52289>: (user 'root', 10 fails): Max auth tries reached - user 'root'",
    {
      ...{ kind: 'refused', ip: '192.0.2.3', port: 52289, user: 'root', end: true },
      ...{ count: 10, total: true, witness: 'dropbear-exit' },
    },
  ],
  [
    'dropbear',
    "Exit before auth from <10.77.0.101:53348>: (user 'alice', 0 fails): Exited normally",
    { kind: 'named', ip: '10.77.0.101', port: 53348, user: 'alice', end: true },
  ],
  [
    'dropbear',
    'Exit before auth from <10.77.0.101:56220>: Exited normally',
    { kind: 'closed', ip: '10.77.0.101', port: 56220, end: true, preauth: true },
  ],
])

rows('an address place that holds neither address nor name gives no event', [
  ['sshd', 'Invalid user x from not/a/host', null],
  ['sshd', 'Invalid user x from 1.2.3.4;reboot port 5', null],
  ['sshd', 'Invalid user x from <script> port 5', null],
  ['sshd', 'Failed password for root from 300.1.2.3.4:9 port 5 ssh2', null],
  ['dropbear', 'Child connection from :5', null],
  [
    'sshd',
    'error: PAM: Authentication failure for myhlj1374 from 192.030.0.6',
    {
      ...{ kind: 'refused', ip: '192.030.0.6', user: 'myhlj1374' },
      ...{ method: 'keyboard-interactive/pam', witness: 'sshd-pam' },
    },
  ],
])

rows('losses and changes say what happened in words', [
  [
    'rsyslogd',
    'imuxsock[pid: 7, name: sshd] from <sshd:info>: 120 messages lost due to rate-limiting (500 allowed within 5 seconds)',
    { kind: 'loss', text: 'rsyslog dropped 120 messages (rate limit)', count: 120 },
  ],
  [
    'systemd-journald',
    'Suppressed 102 messages from ssh.service',
    { kind: 'loss', text: 'journald suppressed 102 messages from ssh.service', count: 102 },
  ],
  ['sshd', 'Suppressed 102 messages from ssh.service', null],
  [
    'usermod',
    "add 'eve' to group 'sudo'",
    { kind: 'change', text: 'user eve added to group sudo', user: 'eve' },
  ],
  ['usermod', "add 'eve' to shadow group 'sudo'", { kind: 'echo', witness: 'shadow' }],
  [
    'chpasswd',
    'pam_unix(chpasswd:chauthtok): password changed for eve',
    { kind: 'change', user: 'eve', text: 'password of eve changed' },
  ],
])

test('an odd line end in a name hides no attempt', () => {
  // Daemons that do not escape names hand on what is no control character of one byte.
  for (const name of ['a\u2028b', '\u2029', 'a\r', 'a\nb']) {
    const cases: [program: string, message: string][] = [
      ['pure-ftpd', `(?@192.0.2.7) [WARNING] Authentication failed for user [${name}]`],
      ['proftpd', `h.example (h[192.0.2.7]) - USER ${name} (Login failed): Incorrect password.`],
      ['login', `FAILED LOGIN 1 FROM 192.0.2.7 FOR ${name}, Authentication failure`],
      ['webmin', `Invalid login as ${name} from 192.0.2.7`],
      [
        'vsftpd',
        `pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=${name} rhost=192.0.2.7`,
      ],
    ]
    for (const [program, message] of cases) {
      for (const said of [message, `message repeated 2 times: [ ${message}]`]) {
        const { kind, ip, user } = understand(program, said) ?? {}
        assert.deepEqual({ kind, ip, user }, { kind: 'refused', ip: '192.0.2.7', user: name }, said)
      }
    }
  }
})

// Daniel Cid's and later attacks; the true peer of the lab is always 127.0.0.1.
test('the attacker’s text on the wrong side of a line is never believed', () => {
  const cases = [
    'Failed password for invalid user test from 10.10.1.2 port 55555 ssh2 from 127.0.0.1 port 46526 ssh2',
    'Connection closed by invalid user test from 10.10.1.2 port 55555 ssh2 127.0.0.1 port 46526 [preauth]',
    'Invalid user x from 9.9.9.9 port 22 ssh2 [preauth] from 127.0.0.1 port 46540',
    'Connection closed by invalid user authenticating user root 8.8.8.8 port 1 127.0.0.1 port 38940 [preauth]',
    'Invalid user root from 1.2.3.4 not allowed because not listed in AllowUsers from 127.0.0.1 port 53854',
    'Invalid user 5.5.5.5 from 127.0.0.1 port 47270',
    'Invalid user [preauth] from 127.0.0.1 port 5',
    'Invalid user  from 127.0.0.1 port 37740',
    'Invalid user   from 127.0.0.1 port 37740',
    'Connection closed by invalid user  127.0.0.1 port 37740 [preauth]',
    'Received disconnect from 127.0.0.1 port 53232:11: Bye Bye from 6.6.6.6 port 22 [preauth]',
    'error: Received disconnect from 127.0.0.1 port 5:3: x: Auth fail from 6.6.6.6 [preauth]',
    'Unable to negotiate with 127.0.0.1 port 5: no matching cipher found. Their offer: x from 6.6.6.6 port 1 [preauth]',
    'Disconnecting invalid user a 127.0.0.1 port 5: Change of username or service not allowed: (a,ssh-connection) -> (b,x 6.6.6.6 port 7: y) [preauth]',
    'Failed publickey for invalid user a from 127.0.0.1 port 5 ssh2: RSA-CERT SHA256:x ID z from 6.6.6.6 port 1 ssh2 (serial 0) CA RSA y',
    'Accepted publickey for a from 127.0.0.1 port 5 ssh2: RSA-CERT SHA256:x ID z from 6.6.6.6 port 1 ssh2: (serial 0)',
    'Nasty PTR record "2.3.4.5" is set up for 127.0.0.1, ignoring',
    'refused connect from x (6.6.6.6)@evil.example (127.0.0.1)',
    "Bad protocol version identification 'dummy string' from 192.0.2.1 port 1' from 127.0.0.1 port 31778",
    'banner exchange: Connection from 127.0.0.1 port 53164: invalid format',
  ]
  for (const message of cases) assert.equal(understand('sshd', message)?.ip, '127.0.0.1', message)
})

test('what a client sends as its version names no address', () => {
  const line =
    'error: kex_exchange_identification: client sent invalid protocol identifier "x from 192.0.2.1 port 1"'
  assert.deepEqual(understand('sshd', line), { kind: 'probe' })
})

test('a line that sshd cut at 500 bytes may end with the attacker’s text and is not believed', () => {
  const start = 'Connection closed by invalid user '
  const forged = ' 6.6.6.6 port 22 [preauth]'
  const name = '\\\\001'.repeat(88)
  const cut = start + name + forged
  assert.equal(cut.length, 500)
  assert.deepEqual(understand('sshd', cut), { kind: 'named', end: true, preauth: true })
  const banner = `Bad protocol version identification '${'\\001'.repeat(110)}`
  const scan = `${banner.padEnd(480, 'x')} from 6.6.6.6 port 2`
  assert.deepEqual(understand('sshd', scan), { kind: 'probe' })
})

test('a password typed at the wrong prompt is no address either', () => {
  const line = `Connection closed by invalid user ${'\\\\001'.repeat(93)}`
  assert.equal(understand('sshd', line)?.ip, undefined)
})

test('names are as the peer sent them: blanks, quotes and markup included', () => {
  const parser = openParser({ zone: 'UTC', reference: Date.UTC(2026, 10, 22) })
  const user = (name: string) =>
    parser.line(`Jun  5 11:04:01 h sshd[1]: Invalid user ${name} from 127.0.0.1 port 5`).event?.user
  for (const name of ['', ' ', ' 0101', '<b>x</b>', '"; rm -rf /', '*_`[', 'x from y']) {
    assert.equal(user(name), name)
  }
})
