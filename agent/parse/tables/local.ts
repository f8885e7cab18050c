/** sudo, su, login and systemd-logind: attempts made by somebody who is already on the machine. */
import type { Event } from '../event.ts'
import { also, remote } from '../place.ts'
import { type Shape, tableOf } from '../shape.ts'

const EVENTLOG = 'sudo lib/eventlog/eventlog.c'
const UTIL_LINUX_LOGIN = 'util-linux login-utils/login.c'
const UTIL_LINUX_SU = 'util-linux login-utils/su-common.c'
const SHADOW_LOGIN = 'shadow src/login.c'
const SHADOW_SU = 'shadow src/su.c'

function shapes(program: string): (...parts: Parts) => Shape {
  return (name, source, example, expression, event) => ({
    ...{ name, source, program, example, expression, event },
  })
}

type Parts = [string, string, string, RegExp, Shape['event']]

function plainTty(tty: string): string {
  return tty.replace(/^\/dev\//, '')
}

/** The fields sudo writes behind its reason; a COMMAND= is the user's own text and comes last. */
function sudoFields(text: string): Partial<Event> {
  const fields = SUDO_FIELDS.exec(text)
  const more: Partial<Event> = {}
  if (fields?.[1] !== undefined) more.tty = plainTty(fields[1])
  if (fields?.[2] !== undefined) more.target = fields[2]
  return more
}

const SUDO_FIELDS =
  /^(?: ; )?(?:HOST=\S* ; )?(?:TTY=(\S+) ; )?(?:CHROOT=\S* ; )?(?:PWD=.*? ; )?(?:USER=(\S+))?/s

const sudo = shapes('sudo')

export const SUDO = tableOf([
  sudo(
    'command run',
    EVENTLOG,
    '   alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/sh -c : 3 incorrect password attempts ; x',
    /^ *([^: ][^:]*?) : (?:\(command continued\) |(?=(?:HOST|TTY|CHROOT|PWD|USER|GROUP|TSID|ENV|COMMAND)=))(.*)$/,
    (match) => ({
      ...{ kind: 'session', user: match[1] ?? '', end: true },
      ...sudoFields(match[2] ?? ''),
    }),
  ),
  sudo(
    'incorrect passwords',
    EVENTLOG,
    '   alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id',
    /^ *([^: ][^:]*?) : (\d{1,9}) incorrect password attempts?( ; .*)?$/,
    (match) => ({
      ...{ kind: 'refused', user: match[1] ?? '', count: Number(match[2]), total: true, end: true },
      ...sudoFields(match[3] ?? ''),
      witness: 'sudo',
    }),
  ),
  sudo(
    'not allowed',
    'sudo plugins/sudoers/logging.c',
    '     bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id',
    /^ *([^: ][^:]*?) : (?:user NOT in sudoers|user NOT authorized on host|command not allowed|a password is required|no tty present and no askpass program specified|sorry, you must have a tty|account validation failure, is your account locked\?|PAM account management error: .*?|account or password is expired, .*?)( ; .*)?$/,
    (match) => ({
      ...{ kind: 'named', user: match[1] ?? '', end: true },
      ...sudoFields(match[2] ?? ''),
      witness: 'sudo',
    }),
  ),
])

const su = shapes('su')

function suTo(kind: 'refused' | 'session', witness: string, group: [number, number, number]) {
  const [user, target, tty] = group
  return (match: RegExpExecArray): Event => {
    const event: Event = { kind, user: match[user] ?? '', target: match[target] ?? '' }
    const terminal = match[tty]
    if (terminal !== undefined && terminal !== 'none' && terminal !== '???') {
      event.tty = plainTty(terminal)
    }
    if (kind === 'refused') event.witness = witness
    else event.end = true
    return event
  }
}

export const SU = tableOf([
  su(
    'failed',
    UTIL_LINUX_SU,
    'FAILED SU (to root) alice on pts/0',
    /^FAILED SU \(to (\S+)\) (\S+) on (\S+)$/,
    suTo('refused', 'su', [2, 1, 3]),
  ),
  su(
    'done',
    UTIL_LINUX_SU,
    '(to root) alice on pts/0',
    /^\(to (\S+)\) (\S+) on (\S+)$/,
    suTo('session', 'su', [2, 1, 3]),
  ),
  su(
    'failed (shadow)',
    SHADOW_SU,
    'FAILED su for root by alice',
    /^FAILED su for (\S+) by (\S+)()$/,
    (match) => suWithoutTty('refused', match),
  ),
  su(
    'done (shadow)',
    SHADOW_SU,
    'Successful su for root by alice',
    /^Successful su for (\S+) by (\S+)$/,
    (match) => suWithoutTty('session', match),
  ),
  // shadow writes this line beside the one above, busybox this one alone: two witnesses, not one.
  su(
    'failed (sign)',
    `${SHADOW_SU} su_failure; busybox loginutils/su.c`,
    '- /dev/pts/0 alice:root',
    /^- (\S+) ([^\s:]+):(\S+)$/,
    suTo('refused', 'su-sign', [2, 3, 1]),
  ),
  su(
    'done (sign)',
    `${SHADOW_SU}; busybox loginutils/su.c`,
    '+ pts/0 alice:root',
    /^\+ (\S+) ([^\s:]+):(\S+)$/,
    suTo('session', 'su-sign', [2, 3, 1]),
  ),
  su(
    'failed (BSD)',
    'FreeBSD usr.bin/su/su.c',
    'BAD SU alice to root on /dev/pts/0',
    /^BAD SU (\S+) to (\S+) on (\S+)$/,
    suTo('refused', 'su', [1, 2, 3]),
  ),
  su(
    'done (BSD)',
    'FreeBSD usr.bin/su/su.c',
    'alice to root on /dev/pts/0',
    /^(\S+) to (\S+) on (\S+)$/,
    suTo('session', 'su', [1, 2, 3]),
  ),
  su(
    'PAM said no',
    SHADOW_SU,
    'pam_authenticate: Authentication failure',
    /^pam_authenticate: /,
    () => ({ kind: 'echo', witness: 'su-pam' }),
  ),
])

function suWithoutTty(kind: 'refused' | 'session', match: RegExpExecArray): Event {
  const event: Event = { kind, user: match[2] ?? '', target: match[1] ?? '' }
  return Object.assign(event, kind === 'refused' ? { witness: 'su' } : { end: true })
}

const login = shapes('login')

/** util-linux names either the remote host or the terminal behind FROM. */
function fromWhere(from: string | undefined, event: Event): Event | null {
  if (from === undefined || from === '(null)') return event
  if (!/^(?:\/dev\/|tty|pts\/|console|hvc|:\d)/.test(from)) {
    return also(remote(event.kind, from), event)
  }
  event.tty = plainTty(from)
  return event
}

/** shadow and busybox name the terminal, and the remote host if there is one. */
function onTty(tty: string | undefined, host: string | undefined, event: Event): Event | null {
  if (tty !== undefined) event.tty = plainTty(tty)
  return host === undefined ? event : also(remote(event.kind, host), event)
}

export const LOGIN = tableOf([
  login(
    'failed',
    UTIL_LINUX_LOGIN,
    'FAILED LOGIN 1 FROM pts/0 FOR root, Authentication failure',
    /^FAILED LOGIN \(?\d+\)? FROM (\S+) FOR (.*), [^,]*$/,
    (match) => fromWhere(match[1], { kind: 'refused', user: match[2] ?? '', witness: 'login' }),
  ),
  login(
    'failed, the last try',
    UTIL_LINUX_LOGIN,
    'FAILED LOGIN SESSION FROM tty1 FOR root, Authentication failure',
    /^FAILED LOGIN SESSION FROM (\S+) FOR (.*), [^,]*$/,
    (match) =>
      fromWhere(match[1], { kind: 'refused', user: match[2] ?? '', witness: 'login', end: true }),
  ),
  login(
    'too many',
    UTIL_LINUX_LOGIN,
    'TOO MANY LOGIN TRIES (3) FROM tty1 FOR root, Have exhausted maximum number of retries',
    /^TOO MANY LOGIN TRIES \(\d+\) FROM (\S+) FOR (.*), [^,]*$/,
    (match) => fromWhere(match[1], { kind: 'echo', user: match[2] ?? '', end: true }),
  ),
  login(
    'failed (shadow)',
    SHADOW_LOGIN,
    "FAILED LOGIN (1) on '/dev/pts/0' from 'h.example' FOR 'UNKNOWN', User not known to the underlying authentication module",
    /^FAILED LOGIN \(\d+\)(?: on '([^']*)')?(?: from '([^']*)')? FOR '(.*)', [^,]*$/,
    (match) =>
      onTty(match[1], match[2], { kind: 'refused', user: match[3] ?? '', witness: 'login' }),
  ),
  login(
    'too many (shadow)',
    SHADOW_LOGIN,
    "TOO MANY LOGIN TRIES (3) on '/dev/tty1' FOR 'root'",
    /^TOO MANY LOGIN TRIES \(\d+\)(?: on '([^']*)')?(?: from '([^']*)')? FOR '(.*)'$/,
    (match) => onTty(match[1], match[2], { kind: 'echo', user: match[3] ?? '', end: true }),
  ),
  login(
    'failed (busybox)',
    'busybox loginutils/login.c; shadow src/login.c without PAM',
    "invalid password for 'root' on 'tty1'",
    /^invalid password for '(.*?)'(?: +on '([^']*)')?(?: from '([^']*)')?$/,
    (match) =>
      onTty(match[2], match[3], { kind: 'refused', user: match[1] ?? '', witness: 'login' }),
  ),
  login(
    'root came in',
    `${UTIL_LINUX_LOGIN}; ${SHADOW_LOGIN}; busybox loginutils/login.c`,
    'ROOT LOGIN ON tty1',
    /^(?:ROOT LOGIN|root login)\s+(?:ON|on) '?([^\s']+)'?(?: (?:FROM|from) '?([^\s']+)'?)?$/,
    (match) => onTty(match[1], match[2], { kind: 'session', user: 'root' }),
  ),
  login(
    'came in',
    UTIL_LINUX_LOGIN,
    'LOGIN ON tty1 BY alice FROM h.example',
    /^(?:LOGIN ON|DIALUP AT) (\S+) BY (\S+)(?: FROM (\S+))?$/,
    (match) => onTty(match[1], match[3], { kind: 'session', user: match[2] ?? '' }),
  ),
])

const logind = shapes('systemd-logind')

export const LOGIND = tableOf([
  logind(
    'new session',
    'systemd src/login/logind-session.c',
    "New session 'c1' of user 'alice' with class 'user' and type 'tty'.",
    /^New session '?\w+'? of user '?([^\s']+?)'?(?: with .*)?\.$/,
    (match) => ({ kind: 'session', user: match[1] ?? '' }),
  ),
  logind(
    'session over',
    'systemd src/login/logind-session.c',
    'Removed session 42.',
    /^(?:Removed session '?\w+'?\.|Session '?\w+'? logged out\. )/,
    () => ({ kind: 'session' }),
  ),
])
