import type { Event } from '../event.ts'
import { remote } from '../place.ts'
import type { Shape } from '../shape.ts'

/** Peers that sshd turned away by itself, and what it tells of connections and sessions. */
export const REST: Shape[] = [
  {
    name: 'drop connection',
    since: '8.4',
    source: 'sshd.c drop_connection',
    program: 'sshd',
    example:
      'drop connection #0 from [1.2.3.4]:48602 on [1.1.1.1]:22 penalty: exceeded LoginGraceTime',
    expression: /^drop connection #\d+ from \[([^\]]*)\]:(\d{1,5}) on /,
    event: (match) => remote('blocked', match[1], match[2]),
  },
  {
    name: 'throttled',
    since: '8.4 to 9.9',
    source: 'sshd.c drop_connection',
    program: 'sshd',
    example: 'exited MaxStartups throttling after 00:00:04, 3 connections dropped',
    expression: /^exited MaxStartups throttling after \S+, (\d{1,9}) connections dropped$/,
    // The first of them had its own line (sshd 9.2: two let in, three dropped, one line and this).
    event: (match) => (Number(match[1]) > 1 ? dropped(Number(match[1]) - 1) : told()),
  },
  {
    name: 'throttling',
    since: '8.4 to 9.9',
    source: 'sshd.c drop_connection',
    program: 'sshd',
    example: 'error: in MaxStartups throttling for 00:05:04, 31 connections dropped',
    expression:
      /^(?:beginning MaxStartups throttling|in MaxStartups throttling for \S+, \d+ connections dropped)$/,
    event: told,
  },
  {
    name: 'further connections dropped',
    since: '10.0',
    source: 'sshd.c drop_connection',
    program: 'sshd',
    example:
      'PerSourcePenalties or Maxstartups logging rate-limited: additional 12 connections dropped',
    expression:
      /^PerSourcePenalties or Maxstartups logging rate-limited: additional (\d{1,9}) connections dropped$/,
    event: (match) => dropped(Number(match[1])),
  },
  {
    name: 'penalty',
    since: '9.8',
    source: 'srclimit.c srclimit_penalise',
    program: 'sshd',
    example:
      'srclimit_penalise: ipv4: new 127.5.5.5/32 active penalty of 5.000 seconds for penalty: failed authentication',
    expression: /^srclimit_penalise: (?:ipv[46]: (?:new|existing) )?([0-9a-f.:]+)\/(\d{1,3})\b/,
    event(match) {
      const whole = match[2] === '32' || match[2] === '128'
      return whole ? remote('blocked', match[1]) : { kind: 'blocked' }
    },
  },
  {
    name: 'refused by libwrap',
    source: 'tcp_wrappers refuse.c',
    program: 'sshd',
    example: 'refused connect from x (6.6.6.6)@::ffff:218.249.210.161 (::ffff:218.249.210.161)',
    expression: /^refused connect from .* \((\S+)\)$/,
    event: (match) => remote('blocked', match[1]),
  },
  {
    name: 'refused by libwrap (no name)',
    source: 'tcp_wrappers refuse.c',
    program: 'sshd',
    example: 'refused connect from ident@192.0.2.9',
    expression: /^refused connect from (?:\S*@)?([^\s@]+)$/,
    event: (match) => remote('blocked', match[1]),
  },
  {
    name: 'connection',
    source: 'sshd.c',
    program: 'sshd',
    example: 'Connection from 192.0.2.16 port 51280 on 192.0.2.16 port 22 rdomain ""',
    expression:
      /^Connection from (\S+)(?: port (\d{1,5})(?: on \S+ port \d{1,5}(?: rdomain ".*")?)?)?$/,
    event: sessionFrom,
  },
  {
    name: 'reverse mapping',
    source: 'canohost.c, packet.c',
    program: 'sshd',
    example:
      'reverse mapping checking getaddrinfo for ns.example.com [173.234.31.186] failed - POSSIBLE BREAK-IN ATTEMPT!',
    expression: /^reverse mapping checking getaddrinfo for \S+ \[(\S+)\] /,
    event: sessionFrom,
  },
  {
    name: 'address maps elsewhere',
    source: 'canohost.c, packet.c',
    program: 'sshd',
    example: 'Address 1.2.3.4 maps to 6.6.6.6.example, but this does not map back to the address.',
    expression: /^Address (\S+) maps to /,
    event: sessionFrom,
  },
  {
    name: 'nasty PTR',
    source: 'canohost.c, packet.c',
    program: 'sshd',
    example: 'Nasty PTR record "2.3.4.5" is set up for 192.0.2.7, ignoring',
    expression: /^Nasty PTR record ".*" is set up for (\S+), ignoring$/,
    event: sessionFrom,
  },
  {
    name: 'session of a user',
    since: '6.9',
    source: 'session.c session_close, do_exec',
    program: 'sshd',
    example: 'Close session: user alice from 192.0.2.7 port 49941 id 0',
    expression:
      /^(?:Close session: user|Starting session: .* for) (\S+) from (\S+) port (\d{1,5}) id \d+$/,
    event: (match) => remote('session', match[2], match[3], match[1]),
  },
  {
    name: 'session without an address',
    source: 'sshd.c, session.c, auth2-pubkey.c, auth.c',
    program: 'sshd',
    example: 'userauth_pubkey: key type ssh-dss not in PubkeyAcceptedAlgorithms [preauth]',
    expression:
      /^(?:userauth_pubkey: |subsystem request for |User child is on pid |Transferred: sent |Accepted (?:key|certificate) |Authentication refused: bad ownership |refusing previously-used |dispatch_protocol_error: |syslogin_perform_logout: |Changed root directory to )/,
    event: () => ({ kind: 'session' }),
  },
  {
    name: 'shadow entry',
    source: 'auth-shadow.c, platform-specific',
    program: 'sshd',
    example: 'error: Could not get shadow information for NOUSER',
    expression: /^Could not get shadow information for /,
    event: () => ({ kind: 'echo', witness: 'sshd' }),
  },
  {
    name: 'HPN trace',
    source: 'HPN-SSH patch; fail2ban testcases/files/logs/sshd',
    program: 'sshd',
    example: 'SSH: Server;Ltype: Authname;Remote: 127.0.0.1-1780;Name: root [preauth]',
    expression: /^SSH: Server;Ltype: \w+;Remote: ([^\s;]+)-(\d{1,5});/,
    event: sessionFrom,
  },
]

function dropped(count: number): Event {
  return { kind: 'blocked', count }
}

/** Every connection dropped is counted by other lines. */
function told(): Event {
  return { kind: 'echo', witness: 'sshd' }
}

function sessionFrom(match: RegExpExecArray): Event | null {
  return remote('session', match[1], match[2])
}
