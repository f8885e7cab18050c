import type { Done, Ledger } from './deeds.ts'
import { addressOfHost, blank, said, type Target } from './target.ts'

/** A TCP connection that says nothing and ends in peace, or is reset. */
export function knock(ledger: Ledger, target: Target, reset: boolean = false): Promise<void> {
  // an unread banner makes the kernel reset the connection; reading it first ends it in peace
  const read = reset ? 'sleep 0.3' : 'read -r banner <&3'
  const what = reset ? 'TCP connection, reset' : 'TCP connection, closed'
  return probe(ledger, target, what, 1, ['bash', '-c', `${open(ledger, target)}; ${read}`])
}

/** Connections held open for `seconds` without a word, all at once. */
export function hold(
  ledger: Ledger,
  target: Target,
  count: number,
  seconds: number,
  counts: Partial<Done>,
): Promise<void> {
  const one = `(${open(ledger, target)}; read -r banner <&3; sleep ${seconds}) & sleep 0.2;`
  const argv = ['bash', '-c', `${one.repeat(count)} wait`]
  return probe(ledger, target, `${count} silent connections, ${seconds} s`, count, argv, counts)
}

/** A web browser at the wrong door. */
export function http(ledger: Ledger, target: Target): Promise<void> {
  const host = addressOfHost(ledger.lab, target)
  const url = `http://${target.six ? `[${host}]` : host}:${target.port ?? 22}/`
  const argv = ['curl', '-s', '--http0.9', '--max-time', '3', url]
  return probe(ledger, target, 'HTTP request', 1, argv)
}

/** ssh-keyscan: one connection for each of five kinds of host key. */
export function keyscan(ledger: Ledger, target: Target): Promise<void> {
  const argv = ['ssh-keyscan', '-T', '5', addressOfHost(ledger.lab, target)]
  return probe(ledger, target, 'ssh-keyscan, 5 connections', 5, argv)
}

/** A client that shares no cipher, or no key exchange, with the host. */
export function stranger(
  ledger: Ledger,
  target: Target,
  option: 'Ciphers=3des-cbc' | 'KexAlgorithms=diffie-hellman-group1-sha1',
): Promise<void> {
  const argv = ['ssh', '-F', 'none', '-o', 'StrictHostKeyChecking=no', '-o', option]
  argv.push('-p', `${target.port ?? 22}`, addressOfHost(ledger.lab, target), 'true')
  return probe(ledger, target, `knows only ${option}`, 1, argv)
}

function open({ lab }: Ledger, target: Target): string {
  return `exec 3<>/dev/tcp/${addressOfHost(lab, target)}/${target.port ?? 22}`
}

function probe(
  { lab, enter }: Ledger,
  target: Target,
  what: string,
  probes: number,
  argv: readonly string[],
  counts: Partial<Done> = {},
): Promise<void> {
  return enter(target.host, async () => {
    const outcome = await lab.attack(target.from, argv, { seconds: 60 })
    return {
      deeds: [{ ...blank(lab, target, null, what), probes, ...counts }],
      said: said(outcome),
    }
  })
}
