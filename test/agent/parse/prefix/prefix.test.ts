import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutPrefix } from '../../../../agent/parse/prefix/prefix.ts'

type Row = [
  form: string,
  line: string,
  host: string | null,
  program: string | null,
  pid: number | null,
  message: string,
]

const MESSAGE = 'Invalid user admin from 1.2.3.4'

// Forms and most lines from fail2ban's and sshguard's tests, rsyslog's templates, and RFC 5424.
const ROWS: Row[] = [
  ['RFC 3164', `Jun  5 11:04:01 host sshd[1]: ${MESSAGE}`, 'host', 'sshd', 1, MESSAGE],
  ['unpadded day', `May 9 11:11:17 host sshd[1]: ${MESSAGE}`, 'host', 'sshd', 1, MESSAGE],
  ['priority', `<38>Jun  5 11:04:01 host sshd[1]: ${MESSAGE}`, 'host', 'sshd', 1, MESSAGE],
  [
    'RFC 3339',
    `2026-11-22T16:49:40.219025+00:00 host sshd-session[119]: ${MESSAGE}`,
    'host',
    'sshd-session',
    119,
    MESSAGE,
  ],
  ['RFC 3339, Z', `2026-11-22T16:49:40Z nas sudo: x`, 'nas', 'sudo', null, 'x'],
  [
    'RFC 5424 of rsyslog, two blanks',
    `<38>1 2026-11-22T16:49:40.219025+00:00 host sshd 119 - -  ${MESSAGE}`,
    'host',
    'sshd',
    119,
    MESSAGE,
  ],
  [
    'RFC 5424 with structured data',
    `<38>1 2019-07-08T17:40:17.954167-04:00 h.example sshd 55555 - [timeQuality tzKnown="1"][x@123 t="[b]r\\"] "] ${MESSAGE}`,
    'h.example',
    'sshd',
    55555,
    MESSAGE,
  ],
  ['RFC 5424, all nil', `<38>1 - - - - - - ${MESSAGE}`, null, null, null, MESSAGE],
  [
    'RFC 5424 with a byte order mark',
    `<38>1 2019-07-08T17:40:17Z h su - ID47 - \uFEFF'su root' failed`,
    'h',
    'su',
    null,
    "'su root' failed",
  ],
  [
    'sysklogd, RFC 5424 without priority',
    "2022-02-24T21:00:42.021457+00:00 evse dropbear 6052 - - Bad password attempt for 'root'",
    'evse',
    'dropbear',
    6052,
    "Bad password attempt for 'root'",
  ],
  [
    'busybox',
    `Jun 20 02:18:39 vps auth.info sshd[13482]: ${MESSAGE}`,
    'vps',
    'sshd',
    13482,
    MESSAGE,
  ],
  ['busybox -S', `May 9 11:11:17 sshd[30876]: ${MESSAGE}`, null, 'sshd', 30876, MESSAGE],
  [
    'busybox with milliseconds',
    `Jun 20 02:18:39.123 vps auth.info sshd[1]: ${MESSAGE}`,
    'vps',
    'sshd',
    1,
    MESSAGE,
  ],
  ['BSD -v', `Jan  1 00:00:00 <10.5> foxtrot sshd[4]: ${MESSAGE}`, 'foxtrot', 'sshd', 4, MESSAGE],
  ['BSD -vv', `Jan  1 00:00:00 <auth.info> fox sshd[4]: ${MESSAGE}`, 'fox', 'sshd', 4, MESSAGE],
  [
    'Solaris',
    `Mar 29 05:59:23 dusky sshd[20878]: [ID 800047 auth.info] ${MESSAGE}`,
    'dusky',
    'sshd',
    20878,
    MESSAGE,
  ],
  [
    'macOS',
    `2018-12-20 10:09:05.180218+0000 localhost sshd[67566]: ${MESSAGE}`,
    'localhost',
    'sshd',
    67566,
    MESSAGE,
  ],
  [
    'socklog',
    `2015-05-27T04:31:28.10040 auth.info: May 27 04:31:28 sshd[30993]: ${MESSAGE}`,
    null,
    'sshd',
    30993,
    MESSAGE,
  ],
  [
    'socklog, stripped',
    `2015-05-27T04:31:28.10040 auth.info: sshd[30993]:  ${MESSAGE}`,
    null,
    'sshd',
    30993,
    MESSAGE,
  ],
  [
    'socklog, stripped of the tag too',
    `2015-05-27T04:31:27.46667 auth.info: ${MESSAGE}`,
    null,
    null,
    null,
    MESSAGE,
  ],
  ['metalog', `Mar  3 00:17:22 [sshd] ${MESSAGE}`, null, 'sshd', null, MESSAGE],
  ['metalog with a colon', `Mar  3 00:17:22 [sshd]: ${MESSAGE}`, null, 'sshd', null, MESSAGE],
  [
    'TAI64N',
    '@400000004c91b044077a9e94 dovecot-auth: pam_unix(dovecot:auth): x',
    null,
    'dovecot-auth',
    null,
    'pam_unix(dovecot:auth): x',
  ],
  ['syslog-ng', `2015 Nov 13 13:40:01 host sshd[7]: ${MESSAGE}`, 'host', 'sshd', 7, MESSAGE],
  [
    'old PAM tag',
    'Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; x',
    'combo',
    'sshd',
    19939,
    'authentication failure; x',
  ],
  [
    "a kernel's clock before the message",
    `Jun 14 15:16:01 srv sshd[20879]: kernel: [  970.699397] ${MESSAGE}`,
    'srv',
    'sshd',
    20879,
    MESSAGE,
  ],
  [
    "a kernel's clock, other spelling",
    `srv sshd[20878]: kernel:[  970.699396]: ${MESSAGE}`,
    'srv',
    'sshd',
    20878,
    MESSAGE,
  ],
  [
    'dropbear under journald',
    'Jul 10 23:53:52 nas dropbear[825]: [825] Jul 10 23:53:52 Bad password',
    'nas',
    'dropbear',
    825,
    'Bad password',
  ],
  ['no colon', 'Jan 10 00:00:00 h proftpd[12345] h.d (x)', 'h', 'proftpd', 12345, 'h.d (x)'],
  ['path', `Jan 10 00:00:00 h /usr/sbin/sshd[5]: ${MESSAGE}`, 'h', '/usr/sbin/sshd', 5, MESSAGE],
  ['gdm', 'Jan 10 00:00:00 h gdm-password]: pam', 'h', 'gdm-password', null, 'pam'],
  ['gdm with a pid', 'Jan 10 00:00:00 h gdm-password][20]: pam', 'h', 'gdm-password', 20, 'pam'],
  ['systemd', 'Jan 10 00:00:00 h (systemd)[20]: pam', 'h', '(systemd)', 20, 'pam'],
  [
    'classic repeat',
    'Jun  5 11:04:01 host last message repeated 3 times',
    'host',
    null,
    null,
    'last message repeated 3 times',
  ],
  [
    'old login (Linux_2k.log)',
    'Jul  7 08:06:15 combo  -- root[2421]: ROOT LOGIN ON tty2',
    'combo',
    'login',
    2421,
    'ROOT LOGIN ON tty2',
  ],
  [
    'vsftpd.log',
    'Mon Jun  2 21:06:02 2007 [pid 1452] [lala] FAIL LOGIN: Client "1.2.3.4"',
    null,
    'vsftpd',
    1452,
    '[lala] FAIL LOGIN: Client "1.2.3.4"',
  ],
  ['journal reader, no time', `srv sshd[13709]: ${MESSAGE}`, 'srv', 'sshd', 13709, MESSAGE],
  ['message alone', MESSAGE, null, null, null, MESSAGE],
  ['message alone with a level', 'error: PAM: x', null, null, null, 'error: PAM: x'],
  [
    'time and message',
    '2018-06-26 13:22:02.108781500 Failed password for woold',
    null,
    null,
    null,
    'Failed password for woold',
  ],
  ['NULs before it', `\0\0\0Jun  5 11:04:01 h su: x`, 'h', 'su', null, 'x'],
  ['a carriage return', `Jun  5 11:04:01 h su: x\r`, 'h', 'su', null, 'x'],
  [
    'blanks inside',
    'Jun  5 11:04:01 h sshd[1]: Invalid user   x ',
    'h',
    'sshd',
    1,
    'Invalid user   x ',
  ],
  ['nothing', '', null, null, null, ''],
]

for (const [form, line, host, program, pid, message] of ROWS) {
  test(`the prefix is cut: ${form}`, () => {
    const prefix = cutPrefix(line)
    const cut = [prefix.host, prefix.program, prefix.pid, prefix.text.slice(prefix.start)]
    assert.deepEqual(cut, [host, program, pid, message])
  })
}

test('a tag inside a message is nobody’s', () => {
  const line = 'Jun  5 11:04:01 host myapp[1]: sshd[2]: Invalid user x from 6.6.6.6'
  assert.equal(cutPrefix(line).program, 'myapp')
  const bare = cutPrefix('some text sshd[2]: Invalid user x from 6.6.6.6')
  assert.equal(bare.program, null)
})
