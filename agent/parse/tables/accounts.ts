/** useradd and its family: no attempts, but what an intruder does first. */
import type { Event } from '../event.ts'
import { type Shape, tableOf } from '../shape.ts'

function changed(text: string, user?: string): Event {
  return user === undefined ? { kind: 'change', text } : { kind: 'change', text, user }
}

type Parts = [string, string, string, string, RegExp, (match: string[]) => Event]

function shape(...[name, program, source, example, expression, say]: Parts): Shape {
  const event = (match: RegExpExecArray) => say(match.map((part) => part ?? ''))
  return { name, source, program, example, expression, event }
}

/** The shadow files are written beside the ones they shadow, and a line for each. */
const again = (): Event => ({ kind: 'echo', witness: 'shadow' })

const USERADD = 'shadow src/useradd.c'
const USERMOD = 'shadow src/usermod.c'
const USERDEL = 'shadow src/userdel.c'
const GROUPS = 'shadow src/groupadd.c, groupmod.c, groupdel.c'
const GPASSWD = 'shadow src/gpasswd.c'

export const ACCOUNTS = tableOf([
  shape(
    'user added',
    'useradd',
    USERADD,
    'new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/sh, from=/dev/pts/0',
    /^new user: name=([^,]*), UID=(\d+)/,
    ([, user = '', uid]) => changed(`user ${user} added with uid ${uid}`, user),
  ),
  shape(
    'group added',
    'groupadd',
    GROUPS,
    'new group: name=staff2, GID=1002',
    /^new group: name=([^,]*), GID=(\d+)$/,
    ([, group, gid]) => changed(`group ${group} added with gid ${gid}`),
  ),
  shape(
    'group written',
    'groupadd',
    GROUPS,
    'group added to /etc/gshadow: name=staff2',
    /^group (?:added to|'[^']*' removed from) \S+/,
    again,
  ),
  shape(
    'user deleted',
    'userdel',
    USERDEL,
    "delete user 'bob'",
    /^delete user '([^']*)'$/,
    ([, user = '']) => changed(`user ${user} deleted`, user),
  ),
  shape(
    'group deleted with its user',
    'userdel',
    USERDEL,
    "removed group 'bob' owned by 'bob'",
    /^removed group '([^']*)' owned by '([^']*)'$/,
    ([, group, user = '']) => changed(`group ${group} of user ${user} deleted`, user),
  ),
  shape(
    'shadow group deleted',
    'userdel',
    USERDEL,
    "removed shadow group 'bob' owned by 'bob'",
    /^removed shadow group /,
    again,
  ),
  shape(
    'group deleted',
    'groupdel',
    GROUPS,
    "group 'staff2' removed",
    /^group '([^']*)' removed$/,
    ([, group]) => changed(`group ${group} deleted`),
  ),
  shape(
    'member added',
    'usermod',
    USERMOD,
    "add 'bob' to group 'sudo'",
    /^add '([^']*)' to group '([^']*)'$/,
    ([, user = '', group]) => changed(`user ${user} added to group ${group}`, user),
  ),
  shape(
    'member removed',
    'usermod',
    USERMOD,
    "delete 'bob' from group 'sudo'",
    /^delete '([^']*)' from group '([^']*)'$/,
    ([, user = '', group]) => changed(`user ${user} removed from group ${group}`, user),
  ),
  shape(
    'member of a shadow group',
    'usermod',
    USERMOD,
    "add 'bob' to shadow group 'sudo'",
    /^(?:add '[^']*' to|delete '[^']*' from) shadow group '/,
    again,
  ),
  shape(
    'user changed',
    'usermod',
    USERMOD,
    "change user 'bob' shell from '/bin/sh' to '/bin/bash'",
    /^change user '([^']*)' (\w+)(?: from '([^']*)' to '([^']*)')?$/,
    ([, user = '', what, from, to]) => {
      const values = from === '' && to === '' ? '' : ` from ${from} to ${to}`
      return changed(`${what} of user ${user} changed${values}`, user)
    },
  ),
  shape(
    'user renamed',
    'usermod',
    USERMOD,
    "change user name 'bob' to 'robert'",
    /^change user name '([^']*)' to '([^']*)'$/,
    ([, from, to = '']) => changed(`user ${from} renamed to ${to}`, to),
  ),
  shape(
    'password locked',
    'usermod',
    USERMOD,
    "lock user 'bob' password",
    /^(lock|unlock) user '([^']*)' password$/,
    ([, what, user = '']) => changed(`password of user ${user} ${what}ed`, user),
  ),
  shape(
    'not added',
    'useradd',
    USERADD,
    "failed adding user 'bob', exit code: 9",
    /^failed adding user '([^']*)', exit code: (\d+)$/,
    ([, user = '', code]) => changed(`user ${user} could not be added (exit code ${code})`, user),
  ),
  shape(
    'password changed',
    'passwd',
    'shadow src/passwd.c without PAM',
    "password for 'bob' changed by 'root'",
    /^password for '([^']*)' changed by '([^']*)'$/,
    ([, user = '', by]) => changed(`password of user ${user} changed by ${by}`, user),
  ),
  shape(
    'member set',
    'gpasswd',
    GPASSWD,
    'user bob added by root to group sudo',
    /^user (\S+) (added by \S+ to|removed by \S+ from) group (\S+)$/,
    ([, user = '', how, group]) => changed(`user ${user} ${how} group ${group}`, user),
  ),
  shape(
    'members set',
    'gpasswd',
    GPASSWD,
    'members of group sudo set by root to bob,alice',
    /^members of group (\S+) set by (\S+) to (.*)$/,
    ([, group, by, members]) => changed(`members of group ${group} set by ${by} to ${members}`),
  ),
  shape(
    'group password changed',
    'gpasswd',
    GPASSWD,
    'password of group sudo changed by root',
    /^password of group (\S+) (changed|removed) by (\S+)$/,
    ([, group, how, by]) => changed(`password of group ${group} ${how} by ${by}`),
  ),
  shape(
    'expiry changed',
    'chage',
    'shadow src/chage.c',
    'changed password expiry for bob',
    /^changed password expiry for (\S+)$/,
    ([, user = '']) => changed(`password expiry of user ${user} changed`, user),
  ),
  shape(
    'details changed',
    'chsh',
    'shadow src/chsh.c, src/chfn.c',
    "changed user 'bob' shell to '/bin/bash'",
    /^changed user '([^']*)' (?:shell to '([^']*)'|information)$/,
    ([, user = '', shell]) =>
      changed(
        shell === ''
          ? `details of user ${user} changed`
          : `shell of user ${user} changed to ${shell}`,
        user,
      ),
  ),
])
