/** What OpenSSH 6.6, 9.2 and 10.0 were seen to log for one connection each. */
import {
  aProbe,
  attempt,
  type Pace,
  type Script,
  type Step,
  type Visit,
  type Worth,
} from './script.ts'

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

export function unknownUser(visit: Visit): Script {
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

export function knownUser(visit: Visit): Script {
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
export function foldedRepeats(visit: Visit): Script {
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

export function tooMany(visit: Visit): Script {
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

export function deniedUser(visit: Visit): Script {
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

export function keyOfKnown(visit: Visit): Script {
  const user = visit.random.pick(knownNames)
  const { ip, port } = visit
  const text = `Connection closed by authenticating user ${user} ${ip} port ${port} [preauth]`
  return { steps: [speaker(visit)(text, 'close', attempt(user))], ends: true }
}

export function hydra(visit: Visit): Script {
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
export function interactive(visit: Visit): Script {
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

export function endless(visit: Visit): Script {
  const say = speaker(visit)
  const { random } = visit
  return {
    steps: passwords(visit, say, random.pick(knownNames), random.whole(1, 3)),
    ends: false,
  }
}

// The end of a session comes from the process that served it, seen for the first time.
export function loginAfterFailures(visit: Visit): Script {
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

export function probe(visit: Visit): Script {
  const say = speaker(visit)
  const { ip, port, age } = visit
  const text =
    age === 'old'
      ? `Did not receive identification string from ${ip}`
      : `Connection closed by ${ip} port ${port} [preauth]`
  return { steps: [say(text, 'close', aProbe)], ends: age !== 'old' }
}

export function http(visit: Visit): Script {
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

export function negotiation(visit: Visit): Script {
  const { ip, port } = visit
  const text = `Unable to negotiate with ${ip} port ${port}: no matching host key type found. Their offer: ssh-dss from 6.6.6.6 port 1 [preauth]`
  return { steps: [speaker(visit)(text, 'close', aProbe)], ends: false }
}

export function timeout({ ip, pid, helper }: Visit): Script {
  const text = `sshd[${helper()}]: Timeout before authentication for connection from ${ip} to 10.0.0.1, pid = ${pid}`
  return { steps: [{ text, after: 'close', worth: aProbe }], ends: true }
}

export function turnedAway({ ip, port, pid }: Visit): Script {
  const text = `sshd[${pid}]: drop connection #10 from [${ip}]:${port} on [10.0.0.1]:22 past MaxStartups`
  const worth: Worth = { kind: 'blocked', count: 1, user: '' }
  return { steps: [{ text, after: 'close', worth }], ends: false }
}

// --- what many of them say ------------------------------------------------------------------------

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
