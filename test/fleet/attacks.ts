import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from './command.ts'
import type { Done, Ledger } from './deeds.ts'
import { addressOfHost, blank, passwordOf, plainOptions, said, ssh, type Target } from './target.ts'

/** The programs of this machine that the attacks use. */
export const attackTools: readonly string[] = ['sshpass', 'hydra', 'ssh-keyscan', 'curl']

type Method = 'password' | 'keyboard-interactive'

/** Wrong passwords in one connection, then the right one if it is given. */
export function passwords(
  ledger: Ledger,
  target: Target,
  user: string,
  wrong: number,
  then?: string,
): Promise<void> {
  return ledger.enter(target.host, () => guess(ledger, target, 'password', user, wrong, then))
}

/** Wrong keyboard-interactive answers in one connection, then the right one if it is given. */
export function answers(
  ledger: Ledger,
  target: Target,
  user: string,
  wrong: number,
  then?: string,
): Promise<void> {
  const method = 'keyboard-interactive'
  return ledger.enter(target.host, () => guess(ledger, target, method, user, wrong, then))
}

/** One wrong password by each of several connections at the same time: their lines interleave. */
export function together(ledger: Ledger, target: Target, users: readonly string[]): Promise<void> {
  return ledger.enter(target.host, async () => {
    const all = await Promise.all(
      users.map((user) => guess(ledger, target, 'password', user, 1, undefined)),
    )
    return { deeds: all.flatMap(({ deeds }) => deeds), said: all.map((each) => each.said).join() }
  })
}

async function guess(
  { lab }: Ledger,
  target: Target,
  method: Method,
  user: string,
  wrong: number,
  then: string | undefined,
): Promise<{ deeds: Done[]; said: string }> {
  const offered = [...Array<string>(wrong).fill('bad'), ...(then === undefined ? [] : [then])]
  const prompts = `NumberOfPasswordPrompts=${offered.length}`
  const options = ['PubkeyAuthentication=no', `PreferredAuthentications=${method}`, prompts]
  const outcome = await ssh(lab, target, { user, options, answers: offered })
  const what = `${wrong} x wrong ${method}${then === undefined ? '' : ', then the right one'}`
  const deed = blank(lab, target, user, what)
  if (deed.program === 'dropbear' && !passwordOf.has(user)) {
    const why = `dropbear says once in a connection, and without the name, that ${user} is unknown`
    return { deeds: [{ ...deed, user: null, attempts: 1, why }], said: said(outcome) }
  }
  const attempts = Math.min(wrong, target.tries ?? 6)
  const logins = then === undefined ? 0 : 1
  return { deeds: [{ ...deed, attempts, logins }], said: said(outcome) }
}

/** One wrong password by sshpass. */
export function sshpass(ledger: Ledger, target: Target, user: string): Promise<void> {
  const { lab } = ledger
  return ledger.enter(target.host, async () => {
    const argv = ['sshpass', '-p', 'bad', 'ssh', '-F', 'none', ...plainOptions(target)]
    argv.push('-o', 'PubkeyAuthentication=no', '-l', user, addressOfHost(lab, target), 'true')
    const outcome = await lab.attack(target.from, argv)
    const deed = { ...blank(lab, target, user, 'sshpass, wrong password'), attempts: 1 }
    return { deeds: [deed], said: said(outcome) }
  })
}

/** hydra with one user and some passwords, at most five: after a sixth it waits for ever. */
export function hydra(
  ledger: Ledger,
  target: Target,
  user: string,
  offered: readonly string[],
): Promise<void> {
  const { lab } = ledger
  return ledger.enter(target.host, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cibot-lab-'))
    const list = join(directory, 'passwords')
    await writeFile(list, `${offered.join('\n')}\n`)
    const argv = ['hydra', '-I', '-t', '1', '-l', user, '-P', list, '-s', `${target.port ?? 22}`]
    const goal = `ssh://${addressOfHost(lab, target)}`
    const outcome = await lab.attack(target.from, [...argv, goal], { seconds: 60 })
    await rm(directory, { recursive: true })
    const why =
      'one more than the passwords: hydra first opens a connection that only names the user'
    const deed = blank(lab, target, user, `hydra, ${offered.length} wrong passwords`)
    return { deeds: [{ ...deed, attempts: offered.length + 1, why }], said: said(outcome) }
  })
}

const keysWhy = 'at LogLevel INFO sshd writes no line for a refused key; the log shows one end'

/**
 * Fresh keys in one connection; `each` where the host's LogLevel VERBOSE shows each of them, which
 * it does for existing users only.
 */
export function keys(
  ledger: Ledger,
  target: Target,
  user: string,
  count: number,
  each: boolean = false,
): Promise<void> {
  const { lab } = ledger
  return ledger.enter(target.host, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cibot-lab-'))
    const files = [...Array(count).keys()].map((number) => join(directory, `key${number}`))
    for (const file of files)
      await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file])
    const options = ['PreferredAuthentications=publickey', 'BatchMode=yes']
    options.push(...files.map((file) => `IdentityFile=${file}`))
    const outcome = await ssh(lab, target, { user, options })
    await rm(directory, { recursive: true })
    const deed = blank(lab, target, user, `${count} x fresh key`)
    const done =
      each && passwordOf.has(user)
        ? { ...deed, attempts: count }
        : { ...deed, attempts: 1, why: keysWhy }
    return { deeds: [done], said: said(outcome) }
  })
}

/** The right key of root; `opens` says whether the host lets root in (PermitRootLogin). */
export function rootKey(ledger: Ledger, target: Target, opens: boolean): Promise<void> {
  const { lab } = ledger
  return ledger.enter(target.host, async () => {
    const options = ['PreferredAuthentications=publickey', 'BatchMode=yes']
    options.push(`IdentityFile=${lab.key}`)
    const outcome = await ssh(lab, target, { user: 'root', options })
    const what = opens ? 'the right key of root' : 'the right key of root, who is not let in'
    const deed = blank(lab, target, 'root', what)
    const done = opens ? { ...deed, logins: 1 } : { ...deed, attempts: 1 }
    return { deeds: [done], said: said(outcome) }
  })
}

/** A client that names a user and offers nothing. */
export function named(ledger: Ledger, target: Target, user: string): Promise<void> {
  const { lab } = ledger
  return ledger.enter(target.host, async () => {
    const options = ['PreferredAuthentications=none', 'BatchMode=yes']
    const outcome = await ssh(lab, target, { user, options })
    const deed = { ...blank(lab, target, user, 'names a user, offers nothing'), attempts: 1 }
    return { deeds: [deed], said: said(outcome) }
  })
}

/** The empty name, which OpenSSH's client cannot say: by dropbear's, which never gives up. */
export function nameless(ledger: Ledger, target: Target): Promise<void> {
  const { lab } = ledger
  return ledger.enter(target.host, async () => {
    const argv = ['env', 'DROPBEAR_PASSWORD=bad', 'dbclient', '-y', '-y', '-T', '-l', '']
    argv.push('-p', `${target.port ?? 22}`, addressOfHost(lab, target), 'true')
    const outcome = await lab.attack(target.from, argv)
    const why = "dropbear's client offers its password again and again, up to MaxAuthTries"
    const deed = { ...blank(lab, target, '', 'the empty name, wrong password'), why }
    return { deeds: [{ ...deed, attempts: target.tries ?? 6 }], said: said(outcome) }
  })
}
