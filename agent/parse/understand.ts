/** One message → what it says. Who speaks decides which table is asked; nobody is searched for. */

import type { Event } from './event.ts'
import type { Table } from './shape.ts'
import { ACCOUNTS } from './tables/accounts.ts'
import { understandDropbear } from './tables/dropbear.ts'
import { LOGIN, LOGIND, SU, SUDO } from './tables/local.ts'
import { LOSS } from './tables/loss.ts'
import { UNIX_CHKPWD, understandPam } from './tables/pam.ts'
import { SERVICES } from './tables/services.ts'
import { understandSshd } from './tables/sshd.ts'

/**
 * What the message that begins at `start` of `text`, written under the tag `program` (null: under
 * none), says; null where that is none of our business or has no shape we know.
 */
export function understand(program: string | null, text: string, start = 0): Event | null {
  const family = familyOf(program, text, start)
  if (family === null) return null
  const message = start === 0 ? text : text.slice(start)
  const tag = program ?? ''
  const first = message.charCodeAt(0)
  const copies = first === LETTER_M ? REPEATED.exec(message) : null
  if (copies === null) {
    const event = family(message, tag)
    return event === null && (first === LETTER_L || first === DASH) ? lastRepeated(message) : event
  }
  const event = family(copies[2] ?? '', tag)
  if (event !== null) event.count = (event.count ?? 1) * Number(copies[1])
  return event
}

/** Who reads what is written under this tag; null, at once, for what fills logs without a meaning. */
function familyOf(program: string | null, text: string, start: number): Family | null {
  if (program === null) return understandAnonymous
  const family = FAMILIES.get(program)
  if (family !== undefined) return family
  if (FOREIGN_STARTS.has(text.charCodeAt(start)) && !STRANGERS.has(program))
    return understandForeign
  return program.includes('/') ? (FAMILIES.get(baseOf(program)) ?? null) : null
}

const LETTER_L = 108
const DASH = 45
const LETTER_M = 109
// rsyslog (runtime/ratelimit.c): N further copies of the line before. Only right behind the tag: a
// user may call himself so.
const REPEATED = /^message repeated (\d{1,9}) times: \[ ?(.*)\]$/s

/** The classic form says how often, but not what. */
function lastRepeated(message: string): Event | null {
  const match = LAST_REPEATED.exec(message)
  return match === null ? null : { kind: 'echo', witness: 'repeat', count: Number(match[1]) }
}

const LAST_REPEATED = /^(?:--- )?last message repeated (\d{1,9}) times?(?: ---)?$/

type Family = (message: string, program: string) => Event | null

const orPam =
  (ask: Family): Family =>
  (message, program) =>
    ask(message, program) ?? (isPam(message) ? understandPam(program, message) : null)

const asked =
  (table: Table): Family =>
  (message, program) =>
    table.event(message, program)

const sshd = orPam(understandSshdOrPam)

/** sshd marks even what PAM says as [preauth]. */
function understandSshdOrPam(message: string, program: string): Event | null {
  if (!isPam(message)) return understandSshd(message)
  if (!message.endsWith(' [preauth]')) return understandPam(program, message)
  const event = understandPam(program, message.slice(0, -10))
  if (event !== null) event.preauth = true
  return event
}

function isPam(message: string): boolean {
  return PAM_FIRST.has(message.charCodeAt(0)) && PAM_START.test(message)
}

const PAM_FIRST: ReadonlySet<number> = new Set([...'p(Pacsb'].map((at) => at.charCodeAt(0)))

const PAM_START =
  /^(?:pam_\w+(?:\(|: auth|: check)|\(pam_|PAM (?:\d|service\()|authentication failure; logname=|check pass; user |session (?:opened|closed) for user |bad username \[)/

const dropbear = orPam(understandDropbear)
const service = orPam(asked(SERVICES))
const account = orPam(asked(ACCOUNTS))
const login = orPam(asked(LOGIN))
const loss = asked(LOSS)

/** Every tag that is ours, and who reads it. */
const FAMILIES: ReadonlyMap<string, Family> = new Map<string, Family>([
  ...tags(sshd, 'sshd', 'sshd-session', 'sshd-auth'),
  ...tags(dropbear, 'dropbear'),
  ...tags(orPam(asked(SUDO)), 'sudo'),
  ...tags(orPam(asked(SU)), 'su'),
  ...tags(login, 'login'),
  ...tags(asked(LOGIND), 'systemd-logind'),
  ...tags(asked(UNIX_CHKPWD), 'unix_chkpwd'),
  ...tags(service, 'proftpd', 'vsftpd', 'pure-ftpd', 'ftpd', 'wu-ftpd', 'in.ftpd'),
  ...tags(service, 'webmin', 'phpMyAdmin', 'pvedaemon', 'pveproxy', 'klogind', 'gdm-binary'),
  ...tags(account, 'useradd', 'usermod', 'userdel', 'newusers', 'adduser', 'deluser'),
  ...tags(account, 'groupadd', 'groupmod', 'groupdel', 'gpasswd', 'chgpasswd'),
  ...tags(account, 'passwd', 'chpasswd', 'chage', 'chfn', 'chsh'),
  ...tags(loss, 'rsyslogd', 'rsyslogd-2177', 'systemd-journald', 'journald', 'kernel'),
])

function tags(family: Family, ...names: string[]): [string, Family][] {
  return names.map((name) => [name, family])
}

/** The tags that fill logs and never bear a refused credential; a list only to be quick. */
const STRANGERS: ReadonlySet<string> = new Set(['CRON', 'cron', 'crond', 'systemd', 'anacron'])

/** Any service may call PAM: the first letters of what its modules write, and of its repetitions. */
export const FOREIGN_STARTS: ReadonlySet<number> = new Set(
  [...'p(Pacm'].map((at) => at.charCodeAt(0)),
)

/** True for a tag whose lines are of no matter, whatever they say. */
export function isStranger(program: string): boolean {
  return STRANGERS.has(program)
}

/** True for a tag no table is about, so that only PAM's words in its name are heard. */
export function isForeign(program: string): boolean {
  return !FAMILIES.has(program) && !STRANGERS.has(program) && !program.includes('/')
}

/** Some systems log the whole path of a daemon: `/usr/sbin/sshd[1]:`. */
export function baseOf(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1)
}

/** A service we know nothing of is heard where PAM refuses in its name, and nowhere else. */
function understandForeign(message: string, program: string): Event | null {
  const event = isPam(message) ? understandPam(program, message) : null
  return event?.kind === 'session' ? null : event
}

/** Messages without any tag, as some readers print them. */
function understandAnonymous(message: string): Event | null {
  if (isPam(message)) return understandForeign(message, '')
  return understandSshd(message) ?? understandDropbear(message) ?? SERVICES.event(message, '')
}
