/**
 * What PAM modules say in the name of the service that called them. Beside sshd and dropbear, which
 * tell of every credential themselves, that is an echo; for every other service it is the refusal.
 */
import type { Event } from '../event.ts'
import { also, remote } from '../place.ts'
import { type Shape, tableOf } from '../shape.ts'

/** What a PAM message under the tag `program` says; null where it is none. */
export function understandPam(program: string, message: string): Event | null {
  const { module, service, phase, text } = cutModule(program, message)
  const ofSssd = module === 'pam_sss' ? SSSD.event(text, service) : null
  const event = ofSssd ?? PAM.event(text, service) ?? (phase === null ? null : byPhase(phase))
  if (event === null) return null
  if (event.kind === 'refused' || event.kind === 'echo') event.witness = module
  return event
}

type Phase = 'auth' | 'account' | 'session' | 'chauthtok' | 'setcred'
type Cut = { module: string; service: string; phase: Phase | null; text: string }

/** `pam_unix(sshd:auth): text` taken apart, and the older forms without a phase or brackets. */
export function cutModule(program: string, message: string): Cut {
  const match = HEADER.exec(message)
  const cut: Cut = { module: 'pam_unix', service: program, phase: null, text: message }
  if (match === null) return cut
  cut.module = match[1] ?? match[4] ?? cut.module
  cut.service = match[2] ?? program
  cut.phase = (match[3] as Phase | undefined) ?? null
  cut.text = message.slice(match[0].length)
  return cut
}

const HEADER =
  /^(?:(pam_\w+)(?:\((?:([^():]*):)?(auth|account|session|chauthtok|setcred)\))?: |\((pam_\w+)\) |PAM (?=\d+ more |service\())/

/** A module's own words that no shape knows: noise of its phase. */
function byPhase(phase: Phase): Event {
  return { kind: phase === 'session' || phase === 'setcred' ? 'session' : 'echo' }
}

const SPEAKS_FOR_ITSELF = new Set(['sshd', 'sshd-session', 'sshd-auth', 'ssh', 'dropbear'])

/** Services that hand the client's own words to PAM as the remote user. */
const CLIENT_NAMES_RUSER = new Set(['vsftpd', 'dovecot', 'pure-ftpd', 'ftp', 'proftpd'])

/** Console logins: nobody is there yet who could be the one asking. */
const CONSOLE = /^(?:login|remote|gdm|lightdm|sddm|kdm|xdm|lxdm|kde|greetd)/

const FIELDS = String.raw`logname=(.*?) uid=\S* euid=\S* tty=(\S*) ruser=(.*)$`

/** `authentication failure; FIELDS` and the summary `N more authentication failures; FIELDS`. */
function failure(
  service: string,
  logname: string,
  tty: string,
  rest: string,
  count?: number,
): Event | null {
  const tail = tailOf(service, rest)
  return tail === null ? null : failureOf(service, logname, tty, tail, count)
}

function failureOf(
  service: string,
  logname: string,
  tty: string,
  tail: Tail,
  count?: number,
): Event | null {
  const kind = SPEAKS_FOR_ITSELF.has(service) ? 'echo' : 'refused'
  const event =
    tail.rhost === ''
      ? local({ kind }, service, logname, tty, tail)
      : remote(kind, tail.rhost, undefined, tail.user || tail.ruser || undefined)
  return also(event, count === undefined ? {} : { count, more: true as const })
}

type Tail = { ruser: string; rhost: string; user: string }

/**
 * `ruser=R rhost=H  user=U`. With an empty ruser the first rhost is PAM's own, since a user behind it
 * may be the attacker's text; where the client wrote the ruser, the last one is.
 */
function tailOf(service: string, rest: string): Tail | null {
  const first = CLIENT_NAMES_RUSER.has(service) ? null : FIRST_HOST.exec(rest)
  if (first !== null) return { ruser: '', rhost: first[1] ?? '', user: first[2] ?? '' }
  const last = LAST_HOST.exec(rest)
  if (last === null) return null
  return { ruser: last[1] ?? '', rhost: last[2] ?? '', user: last[3] ?? '' }
}

const FIRST_HOST = /^ rhost=(\S*)(?: +user=(.*))? *$/s
const LAST_HOST = /^(.*) rhost=(\S*)(?: +user=(\S*))? *$/s

function local(event: Event, service: string, logname: string, tty: string, tail: Tail): Event {
  const asking = CONSOLE.test(service) ? '' : tail.ruser || (logname === 'LOGIN' ? '' : logname)
  const user = asking || tail.user
  if (user !== '') event.user = user
  if (tail.user !== '' && tail.user !== user) event.target = tail.user
  if (/^(?:\/dev\/|tty|pts\/|:\d)/.test(tty)) event.tty = tty.replace(/^\/dev\//, '')
  return event
}

function shape(
  name: string,
  source: string,
  example: string,
  expression: RegExp,
  event: Shape['event'],
  program = 'sshd',
): Shape {
  return { name, source, program, example, expression, event }
}

function echoOf(group: number): Shape['event'] {
  return (match) => {
    const user = match[group]
    return user === undefined ? { kind: 'echo' } : { kind: 'echo', user }
  }
}

/** Whose session it is: with sudo and su, that of somebody else than its name. */
function sessionOf(service: string, user = '', by = ''): Event {
  if (!/^(?:sudo|su)\b/.test(service)) return { kind: 'session', user }
  return by === '' ? { kind: 'session', target: user } : { kind: 'session', user: by, target: user }
}

const SUPPORT = 'linux-pam modules/pam_unix/support.c'

export const PAM = tableOf([
  shape(
    'authentication failure',
    SUPPORT,
    'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=112.95.230.3  user=root',
    new RegExp(`^authentication failure; ${FIELDS}`),
    (match, service) => failure(service, match[1] ?? '', match[2] ?? '', match[3] ?? ''),
  ),
  shape(
    'more failures',
    SUPPORT,
    'PAM 2 more authentication failures; logname= uid=1000 euid=0 tty=/dev/pts/0 ruser=alice rhost=  user=root',
    new RegExp(String.raw`^(\d{1,9}) more authentication failures?; ${FIELDS}`),
    (match, service) =>
      failure(service, match[2] ?? '', match[3] ?? '', match[4] ?? '', Number(match[1])),
    'su',
  ),
  shape(
    'unknown user',
    SUPPORT,
    'pam_unix(sshd:auth): check pass; user unknown',
    /^check pass; user (?:unknown|\((.*)\) unknown)$/,
    echoOf(1),
  ),
  shape(
    'bad user name',
    'linux-pam modules/pam_unix/pam_unix_auth.c',
    'pam_unix(sshd:auth): bad username [-oProxyCommand=x]',
    /^bad username \[(.*)\]$/,
    echoOf(1),
  ),
  shape(
    'no password given',
    'linux-pam modules/pam_unix/pam_unix_auth.c',
    'pam_unix(sudo:auth): auth could not identify password for [bob]',
    /^auth could not identify password for \[(.*)\]$/,
    echoOf(1),
    'sudo',
  ),
  shape(
    'retries ignored',
    SUPPORT,
    'PAM service(sshd) ignoring max retries; 6 > 3',
    /^service\(.*\) ignoring max retries; \d+ > \d+$/,
    () => ({ kind: 'echo' }),
  ),
  shape(
    'session opened',
    'linux-pam modules/pam_unix/pam_unix_sess.c',
    'pam_unix(sudo:session): session opened for user root(uid=0) by alice(uid=1000)',
    /^session opened for user (\S+?)(?:\(uid=\d+\))? by (\S*?)(?:\(uid=\d+\))?$/,
    (match, service) => sessionOf(service, match[1], match[2]),
    'sudo',
  ),
  shape(
    'session closed',
    'linux-pam modules/pam_unix/pam_unix_sess.c',
    'pam_unix(sshd:session): session closed for user fztu',
    /^session closed for user (\S+)$/,
    (match, service) => sessionOf(service, match[1]),
  ),
  shape(
    'success',
    'sssd src/sss_client/pam_sss.c',
    'pam_sss(sshd:auth): authentication success; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.1 user=alice',
    /^authentication success; /,
    () => ({ kind: 'echo' }),
  ),
  shape(
    'received for user',
    'sssd src/sss_client/pam_sss.c',
    'pam_sss(sshd:auth): received for user alice: 7 (Authentication failure)',
    /^received for user (.*): \d+ \(.*\)$/,
    echoOf(1),
  ),
  shape(
    'locked for a time',
    'linux-pam modules/pam_faillock/pam_faillock.c',
    'pam_faillock(sshd:auth): Consecutive login failures for user alice account temporarily locked',
    /^Consecutive login failures for user (.*) account temporarily locked$/,
    echoOf(1),
  ),
  shape(
    'tally',
    'linux-pam modules/pam_tally2/pam_tally2.c, until 1.4',
    'pam_tally2(sshd:auth): user root (0) tally 6, deny 3',
    /^user (.*) \(\d+\) (?:has been )?tally \d+, deny \d+$/,
    echoOf(1),
  ),
  shape(
    'requirement',
    'linux-pam modules/pam_succeed_if/pam_succeed_if.c',
    'pam_succeed_if(sshd:auth): requirement "uid >= 1000" not met by user "root"',
    /^requirement ".*?" (?:not |was )?met by user "(.*)"$/,
    echoOf(1),
  ),
  shape(
    'access denied',
    'linux-pam modules/pam_access/pam_access.c',
    "pam_access(sshd:account): access denied for user `bob' from `192.0.2.1'",
    /^access denied for user [`'](.*)' from [`'].*'$/,
    echoOf(1),
  ),
  shape(
    'listed',
    'linux-pam modules/pam_listfile/pam_listfile.c',
    'pam_listfile(vsftpd:auth): Refused user root for service vsftpd',
    /^Refused user (.*) for service \S+$/,
    echoOf(1),
    'vsftpd',
  ),
  shape(
    'password changed',
    'linux-pam modules/pam_unix/pam_unix_passwd.c',
    'pam_unix(passwd:chauthtok): password changed for alice',
    /^password changed for (.*)$/,
    (match) => ({
      kind: 'change',
      user: match[1] ?? '',
      text: `password of ${match[1]} changed`,
    }),
    'passwd',
  ),
])

const NAMED_TWICE = /^(.*) rhost=(\S*) user=\1$/s

/**
 * sssd always writes the user, known or not, behind the address. Where the client wrote both he stands
 * twice, and so shows where the address is; pam_unix may write the same and mean something else.
 */
export const SSSD = tableOf([
  shape(
    'authentication failure',
    'sssd src/sss_client/pam_sss.c',
    'pam_sss(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=x rhost=6.6.6.6 rhost=192.0.2.7 user=x rhost=6.6.6.6',
    new RegExp(`^authentication failure; ${FIELDS}`),
    (match, service) => {
      const [, logname = '', tty = '', rest = ''] = match
      const twice = CLIENT_NAMES_RUSER.has(service) ? NAMED_TWICE.exec(rest) : null
      if (twice === null) return null
      const [, user = '', rhost = ''] = twice
      return failureOf(service, logname, tty, { ruser: user, rhost, user })
    },
    'dovecot',
  ),
])

/** unix_chkpwd, PAM's helper for who may not read the shadow file, says again what pam_unix says. */
export const UNIX_CHKPWD = tableOf([
  shape(
    'password check failed',
    'linux-pam modules/pam_unix/unix_chkpwd.c',
    'password check failed for user (alice)',
    /^(?:password check failed for user|could not obtain user info) \((.*)\)$/,
    (match) => ({ kind: 'echo', user: match[1] ?? '', witness: 'unix_chkpwd' }),
    'unix_chkpwd',
  ),
])
