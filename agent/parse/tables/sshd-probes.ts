import type { Event } from '../event.ts'
import { remote } from '../place.ts'
import type { Shape } from '../shape.ts'

/** Peers that never came as far as a user. What they sent stands in quotes and proves nothing. */
export const PROBES: Shape[] = [
  {
    name: 'unable to negotiate',
    since: '7.0',
    source: 'packet.c sshpkt_vfatal',
    program: 'sshd',
    example:
      'Unable to negotiate with 192.0.2.1 port 55419: no matching cipher found. Their offer: aes256-cbc from 6.6.6.6 port 1 [preauth]',
    expression: /^Unable to negotiate with (\S+) port (\d{1,5}): /,
    event: probeFrom,
    left: true,
  },
  {
    name: 'no matching algorithm',
    since: 'until 7.4',
    source: 'kex.c',
    program: 'sshd',
    example: 'fatal: no matching mac found: client hmac-xxx server umac-xxx [preauth]',
    expression: /^(?:no matching \S+(?: \S+)* found|no hostkey alg|no kex alg)/,
    event: () => ({ kind: 'probe' }),
    left: true,
  },
  {
    name: 'unable to negotiate (no address)',
    source: 'kex.c, Debian bug reports',
    program: 'sshd',
    example: 'fatal: Unable to negotiate a key exchange method [preauth]',
    expression: /^Unable to negotiate a /,
    event: () => ({ kind: 'probe' }),
    left: true,
  },
  {
    name: 'banner exchange',
    since: '8.0',
    source: 'sshd.c, packet.c',
    program: 'sshd',
    example: 'banner exchange: Connection from 2001:db8::1 port 65403: invalid format',
    expression: /^banner exchange: Connection from (\S+) port (\d{1,5}): /,
    event: probeFrom,
    left: true,
  },
  {
    name: 'identification',
    since: '8.0',
    source: 'kex.c kex_exchange_identification',
    program: 'sshd',
    example:
      'error: kex_exchange_identification: client sent invalid protocol identifier "x from 192.0.2.1 port 1"',
    expression: /^(?:ssh_exchange|kex_exchange)_identification: /,
    event: () => ({ kind: 'probe' }),
    left: true,
  },
  {
    name: 'no identification',
    since: 'until 7.9',
    source: 'sshd.c sshd_exchange_identification',
    program: 'sshd',
    example: 'Did not receive identification string from 192.0.2.5 port 35836',
    expression: /^Did not receive identification string from (\S+)(?: port (\d{1,5}))?$/,
    event: probeFrom,
  },
  {
    name: 'bad identification',
    since: 'until 7.9',
    source: 'sshd.c sshd_exchange_identification',
    program: 'sshd',
    example:
      "Bad protocol version identification 'ROOT LOGIN REFUSED hi FROM 1.5.6.7 ' from 10.1.1.14 port 7",
    expression: /^Bad protocol version identification .* from (\S+)(?: port (\d{1,5}))?$/,
    event: probeFrom,
  },
  {
    name: 'protocol versions differ',
    since: 'until 7.9',
    source: 'sshd.c sshd_exchange_identification',
    program: 'sshd',
    example: 'Protocol major versions differ for 192.0.2.9 port 4: SSH-2.0-OpenSSH_6 vs. SSH-1.5-x',
    expression: /^Protocol major versions differ for (\S+?)(?: port (\d{1,5}))?: /,
    event: probeFrom,
    left: true,
  },
  {
    name: 'protocol versions differ (no address)',
    source: 'sshd.c',
    program: 'sshd',
    example: 'error: Protocol major versions differ: 2 vs. 1',
    expression: /^Protocol major versions differ: /,
    event: () => ({ kind: 'probe' }),
    left: true,
  },
  {
    name: 'scanned',
    since: 'until 7.9',
    source: 'sshd.c',
    program: 'sshd',
    example: "scanned from 192.0.2.9 with SSH-1.0-SSH_Version_Mapper.  Don't panic.",
    expression: /^scanned from (\S+)(?: port (\d{1,5}))? with /,
    event: probeFrom,
    left: true,
  },
  {
    name: 'broken packets',
    source: 'packet.c ssh_packet_read_poll2',
    program: 'sshd',
    example: 'error: Bad packet length 1349676916. [preauth]',
    expression:
      /^(?:Bad packet length|Corrupted (?:MAC|check bytes) on input|Corrupted padlen|padding error|Hm, kex protocol error|kex protocol error)/,
    event: () => ({ kind: 'probe' }),
    left: true,
  },
  {
    name: 'dispatch failed',
    since: '7.0',
    source: 'dispatch.c ssh_dispatch_run_fatal',
    program: 'sshd',
    example:
      'ssh_dispatch_run_fatal: Connection from 192.0.2.13 port 33738: message authentication code incorrect [preauth]',
    expression: /^ssh_dispatch_run_fatal: Connection from (\S+) port (\d{1,5}): /,
    event: probeFrom,
    left: true,
  },
]

function probeFrom(match: RegExpExecArray): Event | null {
  return remote('probe', match[1], match[2])
}
