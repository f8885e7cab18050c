import { also, remote } from '../place.ts'
import type { Shape } from '../shape.ts'

/** sshd on users and credentials. The address mostly stands at the right, behind the user's text. */
export const ATTEMPTS: Shape[] = [
  {
    name: 'failed',
    source: 'auth.c auth_log',
    program: 'sshd',
    example:
      'Failed password for invalid user test from 10.10.1.2 port 55555 ssh2 from 127.0.0.1 port 46526 ssh2',
    // No name holds a colon, and the key or the client's own words begin with one.
    expression:
      /^Failed (\S+) for (?:(?:invalid|illegal) user )?([^:]*) from (\S+?)(?: port (\d{1,5})(?: ssh\d?)?)?(?:: .*)?$/,
    event(match) {
      const event = remote(match[1] === 'none' ? 'named' : 'refused', match[3], match[4])
      if (event === null) return null
      // Solaris hides the name.
      if (match[2] !== '<invalid username>') event.user = match[2] ?? ''
      event.method = match[1] ?? ''
      if (event.kind === 'refused') event.witness = 'sshd'
      return event
    },
  },
  {
    name: 'accepted',
    source: 'auth.c auth_log',
    program: 'sshd',
    example:
      'Accepted publickey for git from 192.0.2.1 port 57904 ssh2: ED25519-CERT SHA256:x ID x from 6.6.6.6 port 1 ssh2 (serial 0) CA RSA y',
    expression: /^Accepted (\S+) for ([^:]*) from (\S+?)(?: port (\d{1,5})(?: ssh\d?)?)?(?:: .*)?$/,
    event: (match) =>
      also(remote('accepted', match[3], match[4], match[2]), { method: match[1] ?? '' }),
  },
  ...['Postponed', 'Partial'].map(
    (verb): Shape => ({
      name: verb.toLowerCase(),
      source: 'auth.c auth_log',
      program: 'sshd',
      example: `${verb} publickey for git from 192.0.2.1 port 57904 ssh2 [preauth]`,
      expression: new RegExp(
        String.raw`^${verb} (\S+) for (?:invalid user )?([^:]*) from (\S+) port (\d{1,5})(?: ssh\d?)?(?:: .*)?$`,
      ),
      event: (match) =>
        also(remote('session', match[3], match[4], match[2]), { method: match[1] ?? '' }),
    }),
  ),
  ...['Invalid', 'Illegal'].map(
    (word): Shape => ({
      name: `${word.toLowerCase()} user`,
      since: word === 'Illegal' ? '3.5 to 3.8' : '3.9',
      source: 'auth.c getpwnamallow',
      program: 'sshd',
      example: `${word} user root from 1.2.3.4 port 5 from 21.21.21.21 port 47270`,
      expression: new RegExp(String.raw`^${word} user (.*) from (\S+)(?: port (\d{1,5}))?$`),
      event: (match) => remote('named', match[2], match[3], match[1]),
    }),
  ),
  {
    name: 'PAM error',
    source: 'auth-pam.c sshpam_query',
    program: 'sshd',
    example:
      'error: PAM: Authentication failure for illegal user x from 9.9.9.9 via from 192.0.2.1',
    expression:
      /^PAM: (?:Have exhausted maximum number of retries for service|[^:]+?) for (?:(?:illegal|invalid) user )?(.*) from (\S+)(?: via \S+)? ?$/,
    event: (match) =>
      also(remote('refused', match[2], undefined, match[1]), {
        method: 'keyboard-interactive/pam',
        witness: 'sshd-pam',
      }),
  },
  {
    name: 'maximum attempts',
    since: '6.8',
    source: 'auth.c auth_maxtries_exceeded',
    program: 'sshd',
    example:
      'error: maximum authentication attempts exceeded for invalid user xxx from 192.0.2.7 port 49941 ssh2 [preauth]',
    expression:
      /^maximum authentication attempts exceeded for (?:(?:invalid|illegal) user )?([^:]*) from (\S+) port (\d{1,5})(?: ssh\d?)?$/,
    event: (match) => also(remote('named', match[2], match[3], match[1]), { end: true }),
  },
  {
    name: 'prohibited',
    since: '9.9',
    source: 'monitor.c (RefuseConnection)',
    program: 'sshd',
    example:
      'administratively prohibited connection for invalid user bob from 192.0.2.7 port 49941',
    expression:
      /^administratively prohibited connection for (?:(?:invalid|illegal) user )?([^:]*) from (\S+) port (\d{1,5})$/,
    event: (match) => remote('named', match[2], match[3], match[1]),
  },
  {
    name: 'root refused',
    source: 'auth.c auth_root_allowed',
    program: 'sshd',
    example: 'ROOT LOGIN REFUSED FROM 1.2.3.4 port 12345 [preauth]',
    expression: /^ROOT LOGIN REFUSED FROM (\S+)(?: port (\d{1,5}))?$/,
    event: (match) => remote('named', match[1], match[2], 'root'),
  },
  {
    name: 'user request',
    since: '3.9 to 7.4',
    source: 'auth2.c input_userauth_request',
    program: 'sshd',
    example:
      'input_userauth_request: invalid user Invalid user root from 123.123.123.123 [preauth]',
    expression: /^input_userauth_request: (?:invalid|illegal) user (.*)$/,
    event: (match) => ({ kind: 'named', user: match[1] ?? '' }),
  },
  {
    name: 'not allowed',
    source: 'auth.c allowed_user',
    program: 'sshd',
    example: "User root from 10.0.0.40 not allowed because none of user's groups are listed",
    expression: /^User (\S+) from (\S+) not allowed because /,
    event: (match) => remote('named', match[2], undefined, match[1]),
    left: true,
  },
  {
    name: 'not allowed (no address)',
    source: 'auth.c allowed_user, session.c do_nologin',
    program: 'sshd',
    example: 'User root not allowed because account is locked',
    expression: /^User (\S+) not allowed because /,
    event: (match) => ({ kind: 'named', user: match[1] ?? '' }),
    left: true,
  },
  {
    name: 'access denied by PAM account',
    source: 'auth2.c input_userauth_request',
    program: 'sshd',
    example: 'fatal: Access denied for user alice by PAM account configuration [preauth]',
    expression: /^Access denied for user (\S+) by PAM account configuration$/,
    event: (match) => ({ kind: 'named', user: match[1] ?? '' }),
    left: true,
  },
  {
    name: 'right key, wrong host',
    source: 'auth2-pubkeyfile.c',
    program: 'sshd',
    example:
      'Authentication tried for bob with correct key but not from a permitted host (host=h.example, ip=192.0.2.1, required=10.0.0.0/8).',
    expression:
      /^(?:[^:]*:(?:\d+:)? )?Authentication tried for (\S+) with correct key but not from a permitted host \(host=[^,]*, ip=([^,)]*)/,
    event: (match) => remote('named', match[2], undefined, match[1]),
    left: true,
  },
]
