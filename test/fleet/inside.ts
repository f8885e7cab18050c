import type { Deed, Ledger } from './deeds.ts'
import { blank, passwordOf, said, ssh, type Target } from './target.ts'

/** What somebody does once he is logged in: a script, and the local deeds it amounts to. */
export type Inside = { script: string; deeds: Local[] }

type Local = Pick<Deed, 'deed' | 'program' | 'user' | 'attempts'> & { why?: string }

/** Logs in with the right password and does something there. */
export function session(
  ledger: Ledger,
  target: Target,
  user: string,
  inside: Inside = { script: 'true', deeds: [] },
): Promise<void> {
  const { lab } = ledger
  return ledger.enter(target.host, async () => {
    const options = ['PubkeyAuthentication=no', 'NumberOfPasswordPrompts=1']
    const answers = [passwordOf.get(user) ?? '']
    const outcome = await ssh(lab, target, { user, options, answers, script: inside.script })
    const login = { ...blank(lab, target, user, 'logs in with the password'), logins: 1 }
    const local = inside.deeds.map((each) => ({ ...each, ip: null, probes: 0, logins: 0 }))
    return { deeds: [login, ...local], said: said(outcome) }
  })
}

/** sudo with wrong passwords, then the right one or none. */
export function sudo(user: string, wrong: number, then: 'right' | 'none'): Inside {
  const lines = [...Array(wrong).keys()].map((number) => `echo bad${number}; sleep 3`)
  if (then === 'right') lines.push(`echo ${passwordOf.get(user)}; sleep 1`)
  const deed = `sudo, ${wrong} wrong, then ${then === 'right' ? 'the right one' : 'no other'}`
  const script = `(${lines.join('; ')}) | sudo -S true`
  return { script, deeds: [{ deed, program: 'sudo', user, attempts: wrong }] }
}

/** sudo with the right password by somebody who is not in sudoers. */
export function notInSudoers(user: string): Inside {
  const why = 'the password was right: a user was named and refused, 1'
  const deed = 'sudo by somebody who may not'
  const script = `echo ${passwordOf.get(user)} | sudo -S true`
  return { script, deeds: [{ deed, program: 'sudo', user, attempts: 1, why }] }
}

/** su with a wrong password. */
export function su(user: string, to: string): Inside {
  const deed = `su to ${to}, wrong password`
  return {
    script: `echo bad | su ${to} -c true`,
    deeds: [{ deed, program: 'su', user, attempts: 1 }],
  }
}

/** Adds an account, makes it an administrator, locks it and removes it: no attempt at all. */
export function account(ledger: Ledger, host: string, name: string): Promise<void> {
  const { lab } = ledger
  return ledger.enter(host, async () => {
    const add = `useradd -m ${name}; echo ${name}:x | chpasswd; usermod -aG sudo ${name}`
    const outcome = await lab.run(host, `${add}; passwd -l ${name}; userdel -r ${name}`)
    const deed = `account ${name} added, made administrator, locked, removed`
    const nothing = { ip: null, user: null, attempts: 0, probes: 0, logins: 0 }
    return { deeds: [{ deed, program: 'accounts', ...nothing }], said: said(outcome) }
  })
}

/** Lines that a local user writes with logger(1), as if another program had. */
export function forge(
  ledger: Ledger,
  host: string,
  user: string,
  tag: string,
  line: string,
): Promise<void> {
  const { lab } = ledger
  return ledger.enter(host, async () => {
    const argv = `logger -t '${tag}' -p auth.info '${line}'`
    const outcome = await lab.run(host, `setpriv --reuid ${user} --clear-groups ${argv}`)
    const why = 'written by a local user: journald knows his _UID, a text log cannot tell'
    const nothing = { ip: null, user, attempts: 0, probes: 0, logins: 0 }
    const deed = `forges "${line}"`
    return { deeds: [{ deed, program: 'accounts', ...nothing, why }], said: said(outcome) }
  })
}
