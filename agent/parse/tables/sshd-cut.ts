import { also, remote } from '../place.ts'
import type { Shape } from '../shape.ts'

/** What is left of lines whose right end was cut off: no address, and of a name only that it was one. */
export const CUT_OFF: Shape[] = [
  {
    name: 'end cut off',
    source: 'log.c do_log "%.500s"; seen with OpenSSH 9.2 and 300 control characters as a name',
    program: 'sshd',
    example: `Connection closed by invalid user ${'\\\\001'.repeat(94)}`,
    expression:
      /^(?:(?:Connection (?:closed|reset) by|Disconnected from) (?:authenticating|invalid) ?user |(?:Connection from|Disconnecting) (?:authenticating|invalid) ?user (?![^:]* \S+ port \d{1,5}: ))/,
    event: () => ({ kind: 'named', end: true, preauth: true }),
  },
  {
    name: 'name cut off',
    source: 'log.c do_log "%.500s"',
    program: 'sshd',
    example: `Invalid user ${'\\001'.repeat(130)}`,
    expression: /^(?:Invalid user|input_userauth_request: invalid user) /,
    event: () => ({ kind: 'named' }),
  },
  {
    name: 'accepted, key cut off',
    source: 'log.c do_log "%.500s"; the identity of a certificate is as long as its CA likes',
    program: 'sshd',
    example: `Accepted publickey for git from 192.0.2.1 port 5 ssh2: RSA-CERT ID ${'x'.repeat(480)}`,
    expression: /^Accepted (\S+) for ([^:]*) from (\S+) port (\d{1,5}) ssh2: /,
    event: (match) =>
      also(remote('accepted', match[3], match[4], match[2]), { method: match[1] ?? '' }),
  },
  {
    name: 'refusal cut off',
    source: 'log.c do_log "%.500s"',
    program: 'sshd',
    example: `Failed keyboard-interactive/pam for invalid user ${'\\001'.repeat(117)}`,
    expression: /^Failed (\S+) for /,
    event: (match) =>
      match[1] === 'none'
        ? { kind: 'named', method: 'none' }
        : { kind: 'refused', method: match[1] ?? '', witness: 'sshd' },
  },
  {
    name: 'identification cut off',
    source: 'log.c do_log "%.500s"',
    program: 'sshd',
    example: `Bad protocol version identification '${'\\001'.repeat(120)}`,
    expression: /^Bad protocol version identification /,
    event: () => ({ kind: 'probe' }),
  },
]
