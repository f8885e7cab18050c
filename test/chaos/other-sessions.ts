/** What dropbear 2022.83, sudo, su and the rest of a machine were seen to log. */
import type { Random } from '../support/random.ts'
import {
  aProbe,
  attempt,
  type Pace,
  type Script,
  type Step,
  type Visit,
  type Worth,
} from './script.ts'

function dropbear({ pid, ip, port }: Visit) {
  const socket = `${ip}:${port}`
  const say = (text: string, after: Pace = 'close', worth?: Worth): Step => ({
    text: `dropbear[${pid}]: ${text}`,
    after,
    ...(worth === undefined ? {} : { worth }),
  })
  return { say, socket, hello: say(`Child connection from ${socket}`) }
}

export function dropbearPasswords(visit: Visit): Script {
  const { say, socket, hello } = dropbear(visit)
  const tries = visit.random.whole(1, 4)
  const bad = `Bad password attempt for 'alice' from ${socket}`
  return {
    steps: [
      hello,
      ...Array.from({ length: tries }, () => say(bad, visit.pace, attempt('alice'))),
      say(`Exit before auth from <${socket}>: (user 'alice', ${tries} fails): Exited normally`),
    ],
    ends: true,
  }
}

export function dropbearNobody(visit: Visit): Script {
  const { say, socket, hello } = dropbear(visit)
  const nobody = `Login attempt for nonexistent user from ${socket}`
  return {
    steps: [
      hello,
      say(nobody, 'quick', attempt('')),
      say(`Exit before auth from <${socket}>: Exited normally`, visit.pace),
    ],
    ends: true,
  }
}

export function dropbearProbe(visit: Visit): Script {
  const { say, socket, hello } = dropbear(visit)
  return {
    steps: [hello, say(`Exit before auth from <${socket}>: Exited normally`, 'quick', aProbe)],
    ends: true,
  }
}

/** A person at a terminal: nobody else is there meanwhile. */
export type Sitting = { random: Random; user: string; tty: string; pid: number }

/** What a person types wrongly at a terminal, with sudo or su. */
export function atTerminal({ random, user, tty, pid }: Sitting): Script {
  const pam = (service: string, target: string) =>
    `${service}: pam_unix(${service}:auth): authentication failure; logname= uid=1000 euid=0 tty=/dev/${tty} ruser=${user} rhost=  user=${target}`
  const rest = `TTY=${tty} ; PWD=/home/${user} ; USER=root ; COMMAND=/usr/bin/id`
  const mine = attempt(user)
  switch (random.whole(0, 3)) {
    case 0: {
      const failures = random.whole(2, 3)
      const told = `sudo:    ${user} : ${failures} incorrect password attempts ; ${rest}`
      return script(
        { text: pam('sudo', user), after: 'close', worth: mine },
        { text: told, after: 'slow', worth: attempt(user, failures - 1) },
      )
    }
    case 1:
      return script(
        { text: pam('sudo', user), after: 'close', worth: mine },
        { text: `sudo:    ${user} : ${rest}`, after: 'slow' },
      )
    case 2: {
      const told = `sudo:    ${user} : user NOT in sudoers ; ${rest}`
      return script({ text: told, after: 'close', worth: mine })
    }
    default:
      return script(
        { text: pam('su', 'root'), after: 'close', worth: mine },
        { text: `su[${pid}]: FAILED SU (to root) ${user} on ${tty}`, after: 'quick' },
      )
  }
}

/** Lines of every log that are worth nothing, and one that tells of an account. */
export function besides(random: Random, pid: number): Step {
  if (random.chance(0.05)) {
    const text = `useradd[${pid}]: new user: name=eve, UID=1004, GID=1004, home=/home/eve, shell=/bin/sh, from=none`
    return { text, after: 'close', worth: { kind: 'change', count: 1, user: 'eve' } }
  }
  return {
    text: random.pick([
      `CRON[${pid}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)`,
      `CRON[${pid}]: pam_unix(cron:session): session closed for user root`,
      `systemd-logind[${pid}]: New session ${pid} of user alice.`,
      `sshd[${pid}]: Server listening on 0.0.0.0 port 22.`,
      `dbus-daemon[${pid}]: [system] Failed to activate service 'org.bluez': timed out`,
    ]),
    after: 'close',
  }
}

function script(...steps: Step[]): Script {
  return { steps, ends: true }
}
