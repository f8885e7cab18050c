/** FTP servers, panels and other daemons that tell of refused logins in the authentication log. */
import type { Event } from '../event.ts'
import { also, remote } from '../place.ts'
import { type Shape, tableOf } from '../shape.ts'

function refused(
  witness: string,
  address: string | undefined,
  user: string | undefined,
): Event | null {
  return also(remote('refused', address, undefined, user), { witness })
}

type Parts = [string, string, string, string, RegExp, Shape['event']]

function shape(...[name, program, source, example, expression, event]: Parts): Shape {
  return { name, source, program, example, expression, event }
}

const FAIL2BAN = 'fail2ban testcases/files/logs'
const SSHGUARD = 'sshguard src/parser/tests.txt'

/** proftpd puts `host (name[address])` before everything, so the address is left of all user text. */
function proftpd(tail: string): RegExp {
  return new RegExp(String.raw`^\S+ \((?:[^\s[\]]* ?)\[([^\]\s]+)\]\)(?: -|:|) ${tail}`)
}

export const SERVICES = tableOf([
  shape(
    'wrong password',
    'proftpd',
    `proftpd src/auth.c; ${FAIL2BAN}/proftpd`,
    'h.example (evil.example[::ffff:67.227.224.66]): USER x (a[1.2.3.4]) (Login failed): Incorrect password.',
    proftpd(String.raw`USER (.*) \(Login failed\)`),
    (match) => refused('proftpd', match[1], match[2]),
  ),
  shape(
    'no such user',
    'proftpd',
    `proftpd modules/mod_auth.c; ${FAIL2BAN}/proftpd`,
    'h.example (evil.example[192.0.2.7]) - USER bob: no such user found from evil.example [192.0.2.7] to 10.0.0.1:21',
    proftpd('USER (.*): no such user found from '),
    (match) => refused('proftpd', match[1], match[2]),
  ),
  shape(
    'no such user (short)',
    'proftpd',
    SSHGUARD,
    'foo.com (foo.com [6.6.6.0]) XYZ no such user XYZ',
    proftpd(String.raw`(?!USER .*: no such user found)\S* ?no such user `),
    (match) => refused('proftpd', match[1], undefined),
  ),
  shape(
    'root',
    'proftpd',
    'proftpd modules/mod_auth.c',
    'h.example (evil.example[192.0.2.7]) - SECURITY VIOLATION: Root login attempted.',
    proftpd('SECURITY VIOLATION: [Rr]oot login attempted'),
    (match) => refused('proftpd', match[1], 'root'),
  ),
  shape(
    'too many',
    'proftpd',
    'proftpd modules/mod_auth.c',
    'h.example (evil.example[192.0.2.7]) - Maximum login attempts (3) exceeded',
    proftpd(String.raw`Maximum login attempts \(\d+\) exceeded`),
    (match) => also(remote('named', match[1]), { end: true }),
  ),
  shape(
    'came in',
    'proftpd',
    'proftpd modules/mod_auth.c',
    'h.example (friend.example[192.0.2.7]) - USER alice: Login successful.',
    proftpd(String.raw`USER (\S+): Login successful\.`),
    (match) => remote('accepted', match[1], undefined, match[2]),
  ),
  shape(
    'FTP session',
    'proftpd',
    'proftpd src/main.c',
    'h.example (friend.example[192.0.2.7]) - FTP session opened.',
    proftpd('FTP (?:session|login) (?:opened|closed|timed out)'),
    (match) => remote('session', match[1]),
  ),
  shape(
    'refused',
    'vsftpd',
    'vsftpd logging.c (its own log file)',
    '[lala] FAIL LOGIN: Client "2.3.4.54" ] FAIL LOGIN: Client "192.168.3.1"',
    /^(?:\[(.*)\]|\S+) FAIL LOGIN: Client "([^"\s]+)"$/,
    (match) => refused('vsftpd', match[2], match[1]),
  ),
  shape(
    'came in',
    'vsftpd',
    'vsftpd logging.c (its own log file)',
    '[alice] OK LOGIN: Client "192.0.2.7", anon password "?"',
    /^\[([^\]]*)\] OK LOGIN: Client "([^"\s]+)"/,
    (match) => remote('accepted', match[2], undefined, match[1]),
  ),
  shape(
    'refused',
    'pure-ftpd',
    `pure-ftpd src/ftpd.c; ${SSHGUARD}`,
    '(?@6.6.6.0) [WARNING] Authentication failed for user [x@1.2.3.4) [WARNING]]',
    /^\([^)\s]*@([^)\s]+)\) \[WARNING\] Authentication failed for user \[?(.*?)\]?$/,
    (match) => refused('pure-ftpd', match[1], match[2]),
  ),
  shape(
    'came in',
    'pure-ftpd',
    'pure-ftpd src/messages_en.h',
    '(?@192.0.2.7) [INFO] alice is now logged in',
    /^\([^)\s]*@([^)\s]+)\) \[INFO\] (\S+) is now logged in$/,
    (match) => remote('accepted', match[1], undefined, match[2]),
  ),
  shape(
    'refused',
    'ftpd',
    `FreeBSD libexec/ftpd/ftpd.c; ${SSHGUARD}`,
    'FTP LOGIN FAILED FROM 6.6.6.0, root from 1.2.3.4',
    /^FTP LOGIN FAILED FROM (\S+), (.*)$/,
    (match) => refused('ftpd', match[1], match[2]),
  ),
  shape(
    'came in',
    'ftpd',
    'netkit-ftpd ftpd.c, FreeBSD libexec/ftpd/ftpd.c',
    'FTP LOGIN FROM 192.0.2.7 as alice',
    /^FTP LOGIN FROM (\S+)(?: \[\S+\]|,)? as (\S+)/,
    (match) => remote('accepted', match[1], undefined, match[2]),
  ),
  shape(
    'connection',
    'ftpd',
    'Linux_2k.log of loghub',
    'connection from 82.252.162.81 (lns-vlq-45-tou-82-252-162-81.adsl.proxad.net) at Fri Jun 17 2005',
    /^connection from (\S+) \(/,
    (match) => remote('session', match[1]),
  ),
  shape(
    'timed out',
    'ftpd',
    'Linux_2k.log of loghub',
    'User unknown timed out after 900 seconds at Sat Jun 18 02:23:10 2005 ',
    /^User \S+ timed out after \d+ seconds/,
    () => ({ kind: 'closed', end: true }),
  ),
  shape(
    'anonymous',
    'ftpd',
    'Linux_2k.log of loghub',
    'ANONYMOUS FTP LOGIN FROM 84.102.20.2,  (anonymous)',
    /^ANONYMOUS FTP LOGIN FROM (\S+?), /,
    (match) => remote('session', match[1]),
  ),
  shape(
    'refused',
    'klogind',
    'krb5-appl bsd/krlogind.c; Linux_2k.log of loghub',
    'Authentication failed from 163.27.187.39 (163.27.187.39): Permission denied in replay cache code',
    /^Authentication failed from \S+ \((\S+)\): /,
    (match) => also(refused('klogind', match[1], undefined), { method: 'kerberos' }),
  ),
  shape(
    'said again',
    'klogind',
    'krb5-appl bsd/krlogind.c; Linux_2k.log of loghub',
    'Kerberos authentication failed ',
    /^Kerberos authentication failed/,
    () => ({ kind: 'echo', witness: 'klogind' }),
  ),
  shape(
    'said again',
    'gdm-binary',
    'gdm 2 daemon/verify-pam.c; Linux_2k.log of loghub',
    "Couldn't authenticate user",
    /^Couldn't authenticate user/,
    () => ({ kind: 'echo', witness: 'gdm' }),
  ),
  shape(
    'refused',
    'webmin',
    `webmin miniserv.pl; ${FAIL2BAN}/webmin-auth`,
    'Non-existent login as admin from 1.2.3.4 from 14.200.251.155 ',
    /^(?:Invalid|Non-existent|Wrong) login as (.*) from (\S+) ?$/,
    (match) => refused('webmin', match[2], match[1]),
  ),
  shape(
    'came in',
    'webmin',
    'webmin miniserv.pl',
    'Successful login as root from 192.0.2.7',
    /^Successful login as (.*) from (\S+) ?$/,
    (match) => remote('accepted', match[2], undefined, match[1]),
  ),
  shape(
    'refused',
    'phpMyAdmin',
    `phpMyAdmin Logging.php; ${FAIL2BAN}/phpmyadmin-syslog`,
    'user denied: root (mysql-denied) from 192.0.2.1',
    /^user denied: (.*) \([^()]*\) from (\S+) ?$/,
    (match) => refused('phpMyAdmin', match[2], match[1]),
  ),
  shape(
    'came in',
    'phpMyAdmin',
    'phpMyAdmin Logging.php',
    'user authenticated: root from 192.0.2.1',
    /^user authenticated: (.*) from (\S+) ?$/,
    (match) => remote('accepted', match[2], undefined, match[1]),
  ),
  shape(
    'refused',
    'pvedaemon',
    `pve-access-control PVE/AccessControl.pm; ${SSHGUARD}`,
    "authentication failure; rhost=::ffff:192.0.2.154 user=tester2@pam msg=no such user ('tester2@pam')",
    /^authentication failure; rhost=(\S*) user=(.*?) msg=/,
    (match) => refused('pvedaemon', match[1], match[2]),
  ),
  shape(
    'came in',
    'pvedaemon',
    'pve-manager PVE/API2/AccessControl.pm',
    "<root@pam> successful auth for user 'root@pam'",
    /^<\S+> successful auth for user '(\S+)'$/,
    (match) => ({ kind: 'session', user: match[1] ?? '' }),
  ),
  shape(
    'refused by libwrap',
    'vsftpd',
    'tcp_wrappers refuse.c',
    'refused connect from x (6.6.6.6)@h.example (192.0.2.9)',
    /^refused connect from .* \((\S+)\)$/,
    (match) => remote('blocked', match[1]),
  ),
])
