/**
 * Logs to measure with, of any length, the same for the same seed. The mix of sessions is that of
 * OpenSSH_2k.log (Loghub, https://github.com/logpai/loghub), a month on an attacked host; pids, ports,
 * addresses (3 % IPv6), users and times vary.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { type Random, randomOf } from '../support/random.ts'

/**
 * attack    OpenSSH 6.6 under attack, as in OpenSSH_2k.log, traditional stamps
 * noise     the same, but 95 % of the lines are cron's, sudo's, logind's and systemd's
 * RFC 3339  attack with stamps as rsyslog writes them since Debian 12
 * modern    the shapes of OpenSSH 9 and 10, RFC 3339 stamps
 */
export type Mix = 'attack' | 'noise' | 'RFC 3339' | 'modern'

/** Writes so many lines of a mix into a file, from this time (ms UTC) on. Gives its bytes. */
export function writeCorpus(
  file: string,
  mix: Mix,
  lines: number,
  { seed = 1, from = Date.parse('2026-11-01T00:00:00Z') } = {},
): number {
  const next = openCorpus(mix, { seed, from })
  const descriptor = openSync(file, 'w')
  let [bytes, text] = [0, '']
  for (let line = 0; line < lines; line++) {
    text += next()
    if (text.length < 1 << 18 && line < lines - 1) continue
    bytes += writeSync(descriptor, text)
    text = ''
  }
  closeSync(descriptor)
  return bytes
}

/** Gives one line after the other, each with its newline, so many in each second of the log. */
export function openCorpus(
  mix: Mix,
  { seed = 1, from = Date.now(), perSecond = 4 } = {},
): () => string {
  const random = randomOf(seed)
  const attackers = Array.from({ length: 400 }, () => address(random))
  const stamp = openStamp(mix === 'attack' || mix === 'noise', from, perSecond)
  const session = mix === 'modern' ? modern : classic
  let pid = 1000
  let waiting: string[] = []
  const refill = (): string[] => {
    pid = pid >= 99_990 ? 1000 : pid + random.whole(1, 3)
    const visit = { random, ip: random.pick(attackers), port: random.whole(30_000, 60_999) }
    return session(visit).map((message) => `sshd[${pid}]: ${message}\n`)
  }
  return () => {
    if (mix === 'noise' && random.chance(0.95)) return `${stamp()} nas ${noise(random)}\n`
    if (waiting.length === 0) waiting = refill().reverse()
    return `${stamp()} nas ${waiting.pop()}`
  }
}

type Visit = { random: Random; ip: string; port: number }

// Of 2,000 lines: 383 sessions of a known user, 113 of others, 34 that close early, 10 that say nothing.
function classic(visit: Visit): string[] {
  const { random, ip, port } = visit
  const draw = random.next() * 540
  const mapping = `reverse mapping checking getaddrinfo for customer-${port}.example.net [${ip}] failed - POSSIBLE BREAK-IN ATTEMPT!`
  const first = random.chance(0.16) ? [mapping] : []
  const pam = `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${ip} `
  const end = random.chance(0.1)
    ? `error: Received disconnect from ${ip}: 14: No more user authentication methods available. [preauth]`
    : `Received disconnect from ${ip}: 11: Bye Bye [preauth]`
  if (draw < 383) {
    const user = knownUser(random)
    return [
      ...first,
      `${pam} user=${user}`,
      `Failed password for ${user} from ${ip} port ${port} ssh2`,
      end,
    ]
  }
  if (draw >= 530) return [`Did not receive identification string from ${ip}`]
  if (draw >= 496) return [`Connection closed by ${ip} [preauth]`]
  const user = otherUser(random)
  return [
    ...first,
    `Invalid user ${user} from ${ip}`,
    `input_userauth_request: invalid user ${user} [preauth]`,
    'pam_unix(sshd:auth): check pass; user unknown',
    pam,
    `Failed password for invalid user ${user} from ${ip} port ${port} ssh2`,
    end,
  ]
}

function modern({ random, ip, port }: Visit): string[] {
  const draw = random.next()
  const pam = `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${ip}`
  if (draw < 0.06) return [`Connection closed by ${ip} port ${port}`]
  if (draw < 0.09) return [`banner exchange: Connection from ${ip} port ${port}: invalid format`]
  if (draw < 0.7) {
    const user = knownUser(random)
    return [
      `${pam}  user=${user}`,
      `Failed password for ${user} from ${ip} port ${port} ssh2`,
      `Received disconnect from ${ip} port ${port}:11: Bye Bye [preauth]`,
      `Disconnected from authenticating user ${user} ${ip} port ${port} [preauth]`,
    ]
  }
  const user = otherUser(random)
  return [
    `Invalid user ${user} from ${ip} port ${port}`,
    'pam_unix(sshd:auth): check pass; user unknown',
    `${pam} `,
    `Failed password for invalid user ${user} from ${ip} port ${port} ssh2`,
    `Connection closed by invalid user ${user} ${ip} port ${port} [preauth]`,
  ]
}

function noise(random: Random): string {
  const pid = random.whole(1000, 99_999)
  return random.pick([
    `CRON[${pid}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)`,
    `CRON[${pid}]: pam_unix(cron:session): session closed for user root`,
    'sudo:      ana : TTY=pts/0 ; PWD=/home/ana ; USER=root ; COMMAND=/usr/bin/apt-get update',
    'sudo: pam_unix(sudo:session): session opened for user root(uid=0) by ana(uid=1000)',
    'sudo: pam_unix(sudo:session): session closed for user root',
    `systemd-logind[612]: New session ${pid} of user ana.`,
    `systemd-logind[612]: Session ${pid} logged out. Waiting for processes to exit.`,
    `systemd-logind[612]: Removed session ${pid}.`,
    `systemd[${pid}]: pam_unix(systemd-user:session): session opened for user ana(uid=1000) by (uid=0)`,
  ])
}

function knownUser(random: Random): string {
  return random.chance(0.95) ? 'root' : random.pick(['ana', 'backup', 'mail', 'www-data'])
}

const names =
  'admin support oracle test user matlab inspur guest 1234 0 ubuntu pi git ftpuser'.split(' ')

function otherUser(random: Random): string {
  return random.chance(0.8) ? random.pick(names) : `user${random.whole(1, 5000)}`
}

function address(random: Random): string {
  const part = (): number => random.whole(1, 254)
  return random.chance(0.03)
    ? `2001:db8:${part().toString(16)}::${part().toString(16)}`
    : `${random.pick([45, 61, 112, 183, 203])}.${part()}.${part()}.${part()}`
}

function openStamp(traditional: boolean, from: number, perSecond: number): () => string {
  let [line, at, text] = [0, from, '']
  return () => {
    if (line++ % perSecond === 0) {
      at += 1000
      const iso = new Date(at).toISOString()
      text = traditional
        ? `${months[Number(iso.slice(5, 7)) - 1]} ${iso.slice(8, 10).replace(/^0/, ' ')} ${iso.slice(11, 19)}`
        : iso.slice(0, 19)
    }
    return traditional
      ? text
      : `${text}.${String(Math.floor((((line - 1) % perSecond) / perSecond) * 1e6)).padStart(6, '0')}+00:00`
  }
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
