import type { Event } from '../event.ts'
import { also, remote } from '../place.ts'
import type { Shape } from '../shape.ts'

/** `[authenticating or invalid] user U A port P` (packet.c fmt_connection_id). */
const IDENTITY = String.raw`(authenticating ?|invalid )?user (.*) (\S+) port (\d{1,5})`
const IDENTITY_BEFORE_COLON = String.raw`(authenticating ?|invalid )?user ([^:]*) (\S+) port (\d{1,5})`

/** How sshd says that a connection ended. Before login its identity names the user tried. */
export const ENDS: Shape[] = [
  {
    name: 'received disconnect',
    since: '7.2',
    source: 'packet.c ssh_packet_read_poll2',
    program: 'sshd',
    example:
      'Received disconnect from 127.0.0.1 port 53232:11: Bye Bye from 6.6.6.6 port 22 [preauth]',
    expression: /^Received disconnect from (\S+) port (\d{1,5}): ?\d+:/,
    // `Disconnected from …` follows, and only that tells whether a user was named.
    event: (match) => also(endOf(match), { undecided: true }),
    left: true,
  },
  {
    name: 'received disconnect (no port)',
    since: 'until 7.1',
    source: 'packet.c',
    program: 'sshd',
    example:
      'Received disconnect from 2001:db8::a11:beef:7ac0: 3: JSchException: Auth fail [preauth]',
    expression: /^Received disconnect from (\S+): /,
    event: endOf,
    left: true,
  },
  ...ends(
    'closed by',
    'Connection closed by',
    'Connection closed by invalid user authenticating user root 8.8.8.8 port 1 127.0.0.1 port 38940 [preauth]',
    'Connection closed by 61.0.0.1 [preauth]',
  ),
  ...ends(
    'reset by',
    'Connection reset by',
    'Connection reset by authenticating user root 192.0.2.20 port 1558 [preauth]',
    'Connection reset by 192.0.2.39 port 14282 [preauth]',
  ),
  ...ends(
    'disconnected',
    'Disconnected from',
    'Disconnected from user pi 192.0.2.6 port 33553',
    'Disconnected from 192.0.2.4 port 36985 [preauth]',
  ),
  {
    name: 'connection timed out (user)',
    since: '7.5',
    source: 'packet.c sshpkt_vfatal',
    program: 'sshd',
    example: 'fatal: Connection from authenticating user root 192.0.2.7 port 5 timed out [preauth]',
    expression: new RegExp(`^Connection from ${IDENTITY} timed out$`),
    event: endOfIdentity,
  },
  {
    name: 'connection timed out',
    since: '7.5',
    source: 'packet.c sshpkt_vfatal',
    program: 'sshd',
    example: 'fatal: Connection from 192.0.2.7 port 5 timed out [preauth]',
    expression: /^Connection from (\S+) port (\d{1,5}) timed out$/,
    event: endOf,
  },
  {
    name: 'connection broke (user)',
    since: '7.5',
    source: 'packet.c sshpkt_vfatal',
    program: 'sshd',
    example:
      'fatal: ssh_dispatch_run_fatal: Connection from authenticating user root 192.0.2.7 port 5: Connection corrupted [preauth]',
    expression: new RegExp(`^(?:\\w+: )?Connection from ${IDENTITY_BEFORE_COLON}: `),
    event: endOfIdentity,
    left: true,
  },
  {
    name: 'connection broke',
    since: '7.0',
    source: 'packet.c sshpkt_vfatal',
    program: 'sshd',
    example: 'fatal: packet_write_wait: Connection from 192.0.2.7 port 5: Broken pipe',
    expression:
      /^(?!ssh_dispatch_run_fatal|banner exchange)(?:\w+: )?Connection from (\S+) port (\d{1,5}): /,
    event: endOf,
    left: true,
  },
  {
    name: 'connection broke (no address)',
    since: 'until 7.4',
    source: 'packet.c',
    program: 'sshd',
    example: 'fatal: Read from socket failed: Connection reset by peer [preauth]',
    expression: /^(?:Read from socket|Write) failed: /,
    event: () => ({ kind: 'closed', end: true }),
    left: true,
  },
  {
    name: 'disconnecting (user)',
    since: '7.5',
    source: 'auth2.c input_userauth_request',
    program: 'sshd',
    example:
      'Disconnecting invalid user admin 192.0.2.117 port 44004: Change of username or service not allowed: (admin,ssh-connection) -> (user,ssh-connection) [preauth]',
    expression: new RegExp(`^Disconnecting ${IDENTITY_BEFORE_COLON}: `),
    event: endOfIdentity,
    left: true,
  },
  {
    name: 'disconnecting',
    since: '7.5',
    source: 'packet.c ssh_packet_disconnect',
    program: 'sshd',
    example: 'Disconnecting 192.0.2.7 port 5: Too many authentication failures [preauth]',
    expression: /^Disconnecting (\S+) port (\d{1,5}): /,
    event: endOf,
    left: true,
  },
  {
    name: 'disconnecting (user, no address)',
    since: 'until 6.6',
    source: 'auth.c auth_fail_max',
    program: 'sshd',
    example: 'Disconnecting: Too many authentication failures for root [preauth]',
    expression:
      /^Disconnecting: Too many authentication failures for (?:(?:invalid|illegal) user )?([^:]*)$/,
    event: (match) => ({ kind: 'named', user: match[1] ?? '', end: true }),
    left: true,
  },
  {
    name: 'change of user name (no address)',
    since: 'until 7.4',
    source: 'auth2.c input_userauth_request',
    program: 'sshd',
    example:
      'Disconnecting: Change of username or service not allowed: (a,ssh-connection) -> (b,ssh-connection) [preauth]',
    expression:
      /^Disconnecting: Change of username or service not allowed: \((.*?),ssh-[a-z]+\) -> /,
    event: (match) => ({ kind: 'named', user: match[1] ?? '', end: true }),
    left: true,
  },
  {
    name: 'disconnecting (no address)',
    since: 'until 7.4',
    source: 'packet.c packet_disconnect',
    program: 'sshd',
    example: 'Disconnecting: Too many authentication failures [preauth]',
    expression:
      /^Disconnecting: (?!Too many authentication failures for |Change of username or service not allowed: \()/,
    event: () => ({ kind: 'closed', end: true }),
    left: true,
  },
  {
    name: 'timeout, told by the listener',
    since: '9.8',
    source: 'sshd.c child_reap',
    program: 'sshd',
    example:
      'Timeout before authentication for connection from 192.0.2.17 to 127.0.0.1, pid = 29098',
    expression:
      /^Timeout before authentication for connection from (\S+) to \S+, pid = (\d{1,10})$/,
    event: (match) =>
      also(remote('closed', match[1]), { end: true, preauth: true, of: Number(match[2]) }),
    left: true,
  },
  {
    name: 'timeout',
    since: 'until 9.7',
    source: 'sshd.c grace_alarm_handler',
    program: 'sshd',
    example: 'fatal: Timeout before authentication for 192.0.2.14 port 55555',
    expression: /^Timeout before authentication for (\S+)(?: port (\d{1,5}))?$/,
    event: (match) => also(endOf(match), { preauth: true }),
    left: true,
  },
  {
    name: 'client not responding',
    source: 'serverloop.c client_alive_check',
    program: 'sshd',
    example: 'Timeout, client not responding from user alice 192.0.2.14 port 55555',
    expression: /^Timeout, client not responding(?: from user (\S+) (\S+) port (\d{1,5}))?\.?$/,
    event: (match) =>
      match[2] === undefined
        ? { kind: 'closed', end: true }
        : also(remote('closed', match[2], match[3], match[1]), { end: true }),
    left: true,
  },
]

/** Before login the identity names the user tried; after it, the line is a plain end. */
function endOfIdentity(match: RegExpExecArray): Event | null {
  const kind = match[1] === undefined ? 'closed' : 'named'
  return also(remote(kind, match[3], match[4], match[2]), { end: true })
}

function endOf(match: RegExpExecArray): Event | null {
  return also(remote('closed', match[1], match[2]), { end: true })
}

/**
 * Since 7.5 the end of a login names its user, and a connection that ends before sshd has set up its
 * unprivileged child (8.0 and newer, a scan's end) is not marked [preauth].
 */
function isBeforeLogin(verb: string, match: RegExpExecArray): boolean {
  return match[2] !== undefined && verb.startsWith('Connection')
}

function ends(name: string, verb: string, user: string, plain: string): Shape[] {
  return [
    {
      name: `${name} (user)`,
      since: '7.5',
      source: 'packet.c sshpkt_vfatal, sshpkt_disconnect',
      program: 'sshd',
      example: user,
      expression: new RegExp(`^${verb} ${IDENTITY}$`),
      event: endOfIdentity,
    },
    {
      name,
      source: 'packet.c',
      program: 'sshd',
      example: plain,
      expression: new RegExp(String.raw`^${verb} (\S+)(?: port (\d{1,5}))?$`),
      event: (match) => also(endOf(match), isBeforeLogin(verb, match) ? { preauth: true } : {}),
    },
  ]
}
