import type { Event } from '../event.ts'
import { also, remoteSocket } from '../place.ts'
import { type Shape, tableOf } from '../shape.ts'

/** What dropbear says; null for what is none of our business. */
export function understandDropbear(message: string): Event | null {
  return DROPBEAR.event(capitalised(message), 'dropbear')
}

/** Releases before 2012 began their messages in lower case. */
export function capitalised(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1)
}

const AUTH = 'src/svr-auth.c'
const SESSION = 'src/svr-session.c'

function shape(
  name: string,
  source: string,
  example: string,
  expression: RegExp,
  event: Shape['event'],
): Shape {
  return { name, source, program: 'dropbear', example, expression, event }
}

function success(method: string): Shape['event'] {
  return (match) => also(remoteSocket('accepted', match[2], match[1]), { method })
}

/** The end of a connection that never logged in: `fails` counts the credentials it had refused. */
function exit(
  socket: string | undefined,
  user?: string,
  fails?: string,
  reason = '',
): Event | null {
  const ended: Partial<Event> = { end: true }
  const count = Number(fails ?? 0)
  const hopeless = reason.startsWith('Max auth tries reached')
  const kind = count > 0 ? 'refused' : user !== undefined || hopeless ? 'named' : 'closed'
  if (kind === 'refused') Object.assign(ended, { count, total: true, witness: 'dropbear-exit' })
  if (kind === 'closed') ended.preauth = true
  if (socket !== undefined) return also(remoteSocket(kind, socket, user), ended)
  return also(user === undefined ? { kind } : { kind, user }, ended)
}

export const DROPBEAR = tableOf([
  shape(
    'bad password',
    'src/svr-authpasswd.c, src/svr-authpam.c',
    "Bad PAM password attempt for 'user23' from ::ffff:1.2.3.4:55992",
    /^Bad (?:PAM )?password attempt for '(.*)' from (\S+)$/,
    (match) =>
      also(remoteSocket('refused', match[2], match[1]), {
        method: 'password',
        witness: 'dropbear',
      }),
  ),
  shape(
    'nonexistent user',
    AUTH,
    'Login attempt for nonexistent user from ::1:60794',
    /^Login attempt for nonexistent user from (\S+)$/,
    (match) => remoteSocket('named', match[1]),
  ),
  shape(
    'nonexistent user (no address)',
    'dropbear 2022.83 of Debian 12',
    'Login attempt for nonexistent user',
    /^Login attempt for nonexistent user$/,
    () => ({ kind: 'named' }),
  ),
  shape(
    'wrong user',
    AUTH,
    'Login attempt with wrong user bob from 192.0.2.7:50532',
    /^Login attempt with wrong user (.*) from (\S+)$/,
    (match) => remoteSocket('named', match[2], match[1]),
  ),
  shape('root rejected', AUTH, 'root login rejected', /^Root login rejected$/, () => ({
    kind: 'named',
    user: 'root',
  })),
  shape(
    'user rejected',
    AUTH,
    "User 'bob' has invalid shell, rejected",
    /^User '(.*)' (?:has invalid shell, rejected|has blank password, rejected|is locked|account is locked)$/,
    (match) => ({ kind: 'named', user: match[1] ?? '' }),
  ),
  shape(
    'not in the group',
    AUTH,
    "Logins are restricted to the group wheel but user 'bob' is not a member",
    /^Logins are restricted to the group .* but user '(.*)' is not a member$/,
    (match) => ({ kind: 'named', user: match[1] ?? '' }),
  ),
  shape(
    'exit before auth',
    `${SESSION}, since 2020.79`,
    "Exit before auth from <192.0.2.3:52289>: (user 'root', 10 fails): Max auth tries reached - user 'root'",
    /^Exit before auth from <(\S+)>: \(user '(.*?)', (\d{1,9}) fails\): /,
    (match) => exit(match[1], match[2], match[3]),
  ),
  shape(
    'exit before auth (no user)',
    `${SESSION}, since 2020.79`,
    "Exit before auth from <192.0.2.3:52325>: Max auth tries reached - user 'is invalid'",
    /^Exit before auth from <(\S+)>: (?!\(user ')(.*)$/,
    (match) => exit(match[1], undefined, undefined, match[2]),
  ),
  shape(
    'exit before auth (old)',
    `${SESSION}, until 2019.78`,
    "Exit before auth (user 'root', 10 fails): Max auth tries reached - user 'root' from 1.2.3.4:60588",
    /^Exit before auth \(user '(.*?)', (\d{1,9}) fails\): (?:.* from (\S+:\d{1,5})$)?/,
    (match) => exit(match[3], match[1], match[2]),
  ),
  shape(
    'exit before auth (old, no user)',
    `${SESSION}, until 2019.78`,
    'Exit before auth: Timeout before auth',
    /^Exit before auth: (.*)$/,
    (match) => exit(undefined, undefined, undefined, match[1]),
  ),
  shape(
    'password accepted',
    'src/svr-authpasswd.c, src/svr-authpam.c',
    "Password auth succeeded for 'root' from 192.0.2.7:50532",
    /^(?:Password|PAM password) auth succeeded for '(.*)' from (\S+)$/,
    success('password'),
  ),
  shape(
    'key accepted',
    'src/svr-authpubkey.c',
    "Pubkey auth succeeded for 'root' with ssh-ed25519 key SHA256:abc from [2001:db8::7]:50532",
    /^Pubkey auth succeeded for '(.*)' with .* from (\S+)$/,
    success('publickey'),
  ),
  shape(
    'blank password accepted',
    AUTH,
    "Auth succeeded with blank password for 'root' from 192.0.2.7:50532",
    /^Auth succeeded with blank password for '(.*)' from (\S+)$/,
    success('none'),
  ),
  shape(
    'exit',
    SESSION,
    'Exit (root) from <192.0.2.7:50532>: Disconnect received',
    /^Exit \((.*?)\) from <(\S+)>: /,
    (match) => also(remoteSocket('closed', match[2], match[1]), { end: true }),
  ),
  shape(
    'exit (old)',
    `${SESSION}, until 2019.78`,
    'exit after auth (root): Exited normally',
    /^Exit (?:after auth )?\((.*?)\): /,
    (match) => ({ kind: 'closed', user: match[1] ?? '', end: true }),
  ),
  shape(
    'connection',
    'src/svr-main.c',
    'Child connection from ::1:60116',
    /^Child connection from (\S+)$/,
    (match) => remoteSocket('session', match[1]),
  ),
  shape(
    'PAM refused',
    'src/svr-authpam.c',
    'pam_authenticate() failed, rc=7, Authentication failure',
    /^Pam_(?:authenticate|acct_mgmt)\(\) failed, rc=/,
    () => ({ kind: 'echo', witness: 'dropbear-pam' }),
  ),
])
