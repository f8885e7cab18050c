/**
 * What real daemons write for one connection, line by line, each line with what it is worth by the
 * rule of counting. Written down from what OpenSSH 6.6, 9.2 and 10.0, dropbear 2022.83, sudo and su
 * were seen to log, and not from what our parser makes of it.
 */
import type { FindingKind } from '../../shared/finding.ts'
import type { Random } from '../support/random.ts'

/** What a line is worth: reported at this line, once. */
export type Worth = { kind: FindingKind; count: number; user: string }

/**
 * One line of a session. `after` says how long after the one before: `close` where one event writes
 * both, `quick` between answers of a machine, `slow` where it waits in between.
 */
export type Step = { text: string; after: Pace; worth?: Worth }
export type Pace = 'close' | 'quick' | 'slow'

/** One session: its lines in order, and whether a line says that it has ended. */
export type Script = { steps: Step[]; ends: boolean }

/** How old the host's OpenSSH is: 6.6, 9.2, 10.0. */
export type Age = 'old' | 'middle' | 'new'

/** Who comes, and what the host gives him. */
export type Visit = {
  random: Random
  age: Age
  ip: string
  port: number
  /** The connection's process, and processes that say one thing on its behalf. */
  pid: number
  helper: () => number
  pace: Pace
}

export type Shape = {
  name: string
  ages: readonly Age[]
  /** How often, beside the others. */
  weight: number
  /** Its PAM lines come from a process of their own and are known by address alone. */
  alone?: true
  /** The first line names the address, so that the pid may have been another's a moment ago. */
  placed?: true
  script: (visit: Visit) => Script
}

const every = ['old', 'middle', 'new'] as const
const unknownNames = [
  ...['admin', 'test', 'oracle', 'ubuntu', 'postgres', 'git', 'pi', 'miguel', 'user', '', 'a b'],
  // What attackers really call themselves to be taken for somebody else.
  'root from 10.9.9.9 port 22 ssh2',
  'message repeated 500 times',
  'x from 192.0.2.1 port 5 [preauth]',
  '"><b>',
]
const knownNames = ['root', 'alice', 'bob']
const deniedName = 'kim'

/** Everything that comes over the network. */
export const SHAPES: readonly Shape[] = [
  shape('unknown user, passwords', every, 30, unknownUser),
  { ...shape('known user, passwords', every, 30, knownUser), placed: true },
  { ...shape('known user, repeats folded', every, 5, foldedRepeats), placed: true },
  { ...shape('too many passwords', ['middle', 'new'], 4, tooMany), placed: true },
  { ...shape('denied user', every, 4, deniedUser), placed: true },
  { ...shape('key of a known user', ['middle', 'new'], 8, keyOfKnown), placed: true },
  { ...shape('first look of hydra', ['middle', 'new'], 3, hydra), placed: true },
  { ...shape('keyboard-interactive', ['middle', 'new'], 6, interactive), alone: true },
  { ...shape('no end written', ['old'], 5, endless), placed: true },
  { ...shape('login after failures', every, 2, loginAfterFailures), placed: true },
  { ...shape('connect and go', every, 10, probe), placed: true },
  shape('HTTP at port 22', ['middle', 'new'], 3, http),
  { ...shape('negotiation', ['middle', 'new'], 4, negotiation), placed: true },
  { ...shape('timeout told by the listener', ['new'], 2, timeout), placed: true },
  { ...shape('turned away', ['middle', 'new'], 2, turnedAway), placed: true },
  { ...shape('dropbear passwords', every, 4, dropbearPasswords), placed: true },
  { ...shape('dropbear, nobody of that name', every, 3, dropbearNobody), placed: true },
  { ...shape('dropbear, connect and go', every, 2, dropbearProbe), placed: true },
]

function shape(
  name: string,
  ages: readonly Age[],
  weight: number,
  script: (visit: Visit) => Script,
): Shape {
  return { name, ages, weight, script }
}

const attempt = (user: string, count = 1): Worth => ({ kind: 'attempt', count, user })
const aProbe: Worth = { kind: 'probe', count: 1, user: '' }

// --- sshd ---------------------------------------------------------------------------------------

/** Says lines under one tag and pid; the first line of a session has no pace of its own. */
function speaker({ age, pid }: Visit) {
  const tag = age === 'new' ? 'sshd-session' : 'sshd'
  return (text: string, after: Pace = 'close', worth?: Worth, by = pid): Step => ({
    text: `${tag}[${by}]: ${text}`,
    after,
    ...(worth === undefined ? {} : { worth }),
  })
}

function pamFailure(ip: string, user?: string): string {
  const name = user === undefined ? ' ' : `  user=${user}`
  return `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${ip}${name}`
}

/** What PAM sums up when the connection has gone: nothing new. */
function pamSum(say: ReturnType<typeof speaker>, failures: number, ip: string, user?: string) {
  if (failures < 2) return []
  const more = pamFailure(ip, user).replace(
    'pam_unix(sshd:auth): authentication failure',
    `PAM ${failures - 1} more authentication failure${failures > 2 ? 's' : ''}`,
  )
  return [
    say(more),
    ...(failures > 3 ? [say('PAM service(sshd) ignoring max retries; 6 > 3')] : []),
  ]
}

/** Since 10.0 with an unprivileged PAM: the helper says it first, from a pid of its own. */
function checked({ age, helper }: Visit, user: string, after: Pace): Step[] {
  if (age !== 'new') return []
  const text = `unix_chkpwd[${helper()}]: password check failed for user (${user})`
  return [{ text, after }]
}

function ending(visit: Visit, say: ReturnType<typeof speaker>, who: string): Step[] {
  const { ip, port, age, random, pace } = visit
  if (age === 'old') {
    const leaves = random.chance(0.5)
    return [
      leaves
        ? say(`Received disconnect from ${ip}: 11: Bye Bye [preauth]`, pace)
        : say(`Connection closed by ${ip} [preauth]`, pace),
    ]
  }
  if (random.chance(0.5))
    return [say(`Connection closed by ${who} ${ip} port ${port} [preauth]`, pace)]
  return [
    say(`Received disconnect from ${ip} port ${port}:11: Bye Bye [preauth]`, pace),
    say(`Disconnected from ${who} ${ip} port ${port} [preauth]`),
  ]
}

function unknownUser(visit: Visit): Script {
  const { random, age, ip, port, pace } = visit
  const say = speaker(visit)
  const user = random.pick(unknownNames)
  const tries = random.whole(0, 5)
  const from = age === 'old' ? ip : `${ip} port ${port}`
  const steps = [say(`Invalid user ${user} from ${from}`, 'close', attempt(user))]
  if (age === 'old') steps.push(say(`input_userauth_request: invalid user ${user} [preauth]`))
  for (let tried = 0; tried < tries; tried++) {
    steps.push(say('pam_unix(sshd:auth): check pass; user unknown', pace))
    if (tried === 0) steps.push(say(pamFailure(ip)))
    steps.push(
      say(
        `Failed password for invalid user ${user} from ${ip} port ${port} ssh2`,
        'quick',
        tried === 0 ? undefined : attempt(user),
      ),
    )
  }
  steps.push(...ending(visit, say, `invalid user ${user}`), ...pamSum(say, tries, ip))
  return { steps, ends: true }
}

function passwords(visit: Visit, say: ReturnType<typeof speaker>, user: string, tries: number) {
  const { ip, port, pace } = visit
  const steps: Step[] = []
  for (let tried = 0; tried < tries; tried++) {
    steps.push(...checked(visit, user, pace))
    if (tried === 0) steps.push(say(pamFailure(ip, user), 'close', attempt(user)))
    steps.push(
      say(
        `Failed password for ${user} from ${ip} port ${port} ssh2`,
        tried === 0 ? 'quick' : pace,
        tried === 0 ? undefined : attempt(user),
      ),
    )
  }
  return steps
}

function knownUser(visit: Visit): Script {
  const say = speaker(visit)
  const { random, age, ip } = visit
  const user = random.pick(knownNames)
  const tries = random.whole(1, 5)
  const steps: Step[] = []
  if (age === 'old' && random.chance(0.2)) {
    steps.push(
      say(
        `reverse mapping checking getaddrinfo for host.example [${ip}] failed - POSSIBLE BREAK-IN ATTEMPT!`,
      ),
    )
  }
  steps.push(...passwords(visit, say, user, tries))
  steps.push(...ending(visit, say, `authenticating user ${user}`))
  steps.push(...pamSum(say, tries, ip, user))
  return { steps, ends: true }
}

// rsyslog with $RepeatedMsgReduction: N further copies in one line.
function foldedRepeats(visit: Visit): Script {
  const say = speaker(visit)
  const { random, ip, port, pace } = visit
  const user = random.pick(knownNames)
  const more = random.whole(2, 5)
  const failed = `Failed password for ${user} from ${ip} port ${port} ssh2`
  return {
    steps: [
      say(pamFailure(ip, user), 'close', attempt(user)),
      say(failed, 'quick'),
      say(`message repeated ${more} times: [ ${failed}]`, pace, attempt(user, more)),
      ...ending(visit, say, `authenticating user ${user}`),
      ...pamSum(say, more + 1, ip, user),
    ],
    ends: true,
  }
}

function tooMany(visit: Visit): Script {
  const say = speaker(visit)
  const { random, ip, port } = visit
  const user = random.pick(knownNames)
  return {
    steps: [
      ...passwords(visit, say, user, 6),
      say(
        `error: maximum authentication attempts exceeded for ${user} from ${ip} port ${port} ssh2 [preauth]`,
      ),
      say(
        `Disconnecting authenticating user ${user} ${ip} port ${port}: Too many authentication failures [preauth]`,
      ),
      ...pamSum(say, 6, ip, user),
    ],
    ends: true,
  }
}

function deniedUser(visit: Visit): Script {
  const say = speaker(visit)
  const { random, ip, port, pace } = visit
  const tries = random.whole(1, 3)
  const steps = [
    say(
      `User ${deniedName} from ${ip} not allowed because listed in DenyUsers`,
      'close',
      attempt(deniedName),
    ),
    say(pamFailure(ip, deniedName), pace),
  ]
  for (let tried = 0; tried < tries; tried++) {
    steps.push(
      say(
        `Failed password for invalid user ${deniedName} from ${ip} port ${port} ssh2`,
        'quick',
        tried === 0 ? undefined : attempt(deniedName),
      ),
    )
  }
  steps.push(...ending(visit, say, `invalid user ${deniedName}`))
  steps.push(...pamSum(say, tries, ip, deniedName))
  return { steps, ends: true }
}

function keyOfKnown(visit: Visit): Script {
  const user = visit.random.pick(knownNames)
  const { ip, port } = visit
  const text = `Connection closed by authenticating user ${user} ${ip} port ${port} [preauth]`
  return { steps: [speaker(visit)(text, 'close', attempt(user))], ends: true }
}

function hydra(visit: Visit): Script {
  const say = speaker(visit)
  const { ip, port } = visit
  return {
    steps: [
      say(`Received disconnect from ${ip} port ${port}:11: Bye Bye [preauth]`),
      say(
        `Disconnected from authenticating user bob ${ip} port ${port} [preauth]`,
        'close',
        attempt('bob'),
      ),
    ],
    ends: true,
  }
}

// Each answer has a PAM process of its own, whose line comes first; sshd's own repeats it.
function interactive(visit: Visit): Script {
  const say = speaker(visit)
  const { random, ip, port, pace, helper } = visit
  const user = random.pick(knownNames)
  const tries = random.whole(1, 6)
  const steps: Step[] = []
  for (let tried = 0; tried < tries; tried++) {
    if (tried > 2) {
      const postponed = `Postponed keyboard-interactive for ${user} from ${ip} port ${port} ssh2 [preauth]`
      steps.push(say(postponed, 'quick'))
    }
    steps.push(say(pamFailure(ip, user), pace, attempt(user), helper()))
    steps.push(say(`error: PAM: Authentication failure for ${user} from ${ip}`, 'quick'))
    if (tried > 2) {
      steps.push(say(`Failed keyboard-interactive/pam for ${user} from ${ip} port ${port} ssh2`))
    }
  }
  const closed = `Connection closed by authenticating user ${user} ${ip} port ${port} [preauth]`
  return { steps: [...steps, say(closed, pace)], ends: true }
}

function endless(visit: Visit): Script {
  const say = speaker(visit)
  const { random } = visit
  return {
    steps: passwords(visit, say, random.pick(knownNames), random.whole(1, 3)),
    ends: false,
  }
}

// The end of a session comes from the process that served it, seen for the first time.
function loginAfterFailures(visit: Visit): Script {
  const say = speaker(visit)
  const { random, age, ip, port, helper } = visit
  const user = random.pick(['alice', 'bob'])
  const child = helper()
  const at = age === 'old' ? `${ip}: 11` : `${ip} port ${port}:11`
  const steps = [
    ...passwords(visit, say, user, random.whole(0, 2)),
    say(`Accepted password for ${user} from ${ip} port ${port} ssh2`, 'quick', {
      kind: 'login',
      count: 1,
      user,
    }),
    say(`pam_unix(sshd:session): session opened for user ${user}(uid=1000) by (uid=0)`),
    say(`Received disconnect from ${at}: disconnected by user`, 'slow', undefined, child),
  ]
  if (age !== 'old') {
    steps.push(say(`Disconnected from user ${user} ${ip} port ${port}`, 'close', undefined, child))
  }
  steps.push(say(`pam_unix(sshd:session): session closed for user ${user}`))
  return { steps, ends: false }
}

function probe(visit: Visit): Script {
  const say = speaker(visit)
  const { ip, port, age } = visit
  const text =
    age === 'old'
      ? `Did not receive identification string from ${ip}`
      : `Connection closed by ${ip} port ${port} [preauth]`
  return { steps: [say(text, 'close', aProbe)], ends: age !== 'old' }
}

function http(visit: Visit): Script {
  const say = speaker(visit)
  const { ip, port } = visit
  return {
    steps: [
      say(
        'error: kex_exchange_identification: client sent invalid protocol identifier "GET / HTTP/1.0"',
      ),
      say(`banner exchange: Connection from ${ip} port ${port}: invalid format`, 'close', aProbe),
    ],
    ends: false,
  }
}

function negotiation(visit: Visit): Script {
  const { ip, port } = visit
  const text = `Unable to negotiate with ${ip} port ${port}: no matching host key type found. Their offer: ssh-dss from 6.6.6.6 port 1 [preauth]`
  return { steps: [speaker(visit)(text, 'close', aProbe)], ends: false }
}

function timeout({ ip, pid, helper }: Visit): Script {
  const text = `sshd[${helper()}]: Timeout before authentication for connection from ${ip} to 10.0.0.1, pid = ${pid}`
  return { steps: [{ text, after: 'close', worth: aProbe }], ends: true }
}

function turnedAway({ ip, port, pid }: Visit): Script {
  const text = `sshd[${pid}]: drop connection #10 from [${ip}]:${port} on [10.0.0.1]:22 past MaxStartups`
  const worth: Worth = { kind: 'blocked', count: 1, user: '' }
  return { steps: [{ text, after: 'close', worth }], ends: false }
}

// --- dropbear -----------------------------------------------------------------------------------

function dropbear({ pid, ip, port }: Visit) {
  const socket = `${ip}:${port}`
  const say = (text: string, after: Pace = 'close', worth?: Worth): Step => ({
    text: `dropbear[${pid}]: ${text}`,
    after,
    ...(worth === undefined ? {} : { worth }),
  })
  return { say, socket, hello: say(`Child connection from ${socket}`) }
}

function dropbearPasswords(visit: Visit): Script {
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

function dropbearNobody(visit: Visit): Script {
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

function dropbearProbe(visit: Visit): Script {
  const { say, socket, hello } = dropbear(visit)
  return {
    steps: [hello, say(`Exit before auth from <${socket}>: Exited normally`, 'quick', aProbe)],
    ends: true,
  }
}

// --- at the machine itself ------------------------------------------------------------------------

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
