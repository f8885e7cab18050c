/**
 * Waits until the collector answers at this address: `node probe.ts URL SECONDS`. Exit code 1 when it
 * has not within that time, or as soon as systemd has had to start it again meanwhile: what dies at once
 * must not be waited for, because nobody is served. Starts before that do not count: a restart by hand that
 * meets the pause before one of systemd's own keeps their number, and it is of another release.
 */
import { execFileSync } from 'node:child_process'

const [url = '', seconds = '0'] = process.argv.slice(2)
// over loopback, to a port that only this unit may have; a certificate of one's own does not name 127.0.0.1
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
process.removeAllListeners('warning')

const deadline = Date.now() + 1000 * Number(seconds)
const before = starts()
let isUp = false
while (!isUp && Date.now() < deadline && starts() === before) {
  isUp = await answers()
  if (!isUp) await new Promise((resolve) => setTimeout(resolve, 250))
}
process.exitCode = isUp ? 0 : 1

function answers(): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}

function starts(): string {
  const asked = ['show', '--property=NRestarts', '--value', 'cibot-collector']
  return execFileSync('systemctl', asked, { encoding: 'utf8' })
}
