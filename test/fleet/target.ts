import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from './command.ts'
import type { Done } from './deeds.ts'
import type { Lab } from './lab.ts'

/**
 * Who does it to whom: an attacker's place, the host, the port and program there, over IPv6 or not.
 * `tries` is the host's MaxAuthTries, 6 where it says nothing.
 */
export type Target = {
  from: string
  host: string
  port?: number
  program?: 'sshd' | 'dropbear'
  six?: boolean
  tries?: number
}

/** A setup script for a host: the accounts that the attacks are about. alice may use sudo. */
export const victims = `
  for user in alice bob carol kim; do
    useradd -m -s /bin/bash $user && echo $user:right-horse | chpasswd
  done
  usermod -aG sudo alice
  echo root:right-root | chpasswd`

/** The accounts of `victims` with the passwords that open them. */
export const passwordOf: ReadonlyMap<string, string> = new Map([
  ['root', 'right-root'],
  ...['alice', 'bob', 'carol', 'kim'].map((user) => [user, 'right-horse'] as const),
])

/** The address that the host sees; throws where the attacker has none of that family. */
export function addressOfAttacker(lab: Lab, target: Target): string {
  const addresses = lab.attackers.get(target.from)?.addresses ?? []
  const address = addresses.find((each) => each.includes(':') === (target.six ?? false))
  if (address === undefined) throw new Error(`${target.from} has no such address`)
  return address
}

/** The address that the attacker goes to. */
export function addressOfHost(lab: Lab, target: Target): string {
  const address = lab.hosts.get(target.host)?.addresses[target.six ? 1 : 0]
  if (address === undefined) throw new Error(`the lab has no host ${target.host}`)
  return address
}

/** A deed that has amounted to nothing yet. The user's name is cut where sshd cuts it. */
export function blank(lab: Lab, target: Target, user: string | null, deed: string): Done {
  const name = user === null ? null : (user.split(':')[0] ?? '')
  return {
    deed,
    program: target.program ?? 'sshd',
    ip: addressOfAttacker(lab, target),
    user: name === null ? null : Buffer.from(name).subarray(0, 100).toString(),
    attempts: 0,
    probes: 0,
    logins: 0,
  }
}

/** What ssh shall do: options as in ssh_config, the answers to its prompts, and what to run there. */
export type Errand = {
  user: string
  options: readonly string[]
  answers?: readonly string[]
  script?: string
}

/**
 * OpenSSH's own client, with its answers in a file. The user name goes through a configuration file,
 * because on the command line the client refuses the names that attackers use.
 */
export async function ssh(lab: Lab, target: Target, errand: Errand): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'cibot-lab-'))
  const config = join(directory, 'config')
  const answers = join(directory, 'answers')
  const ask = join(directory, 'ask')
  const user = errand.user.replaceAll(/["\\]/g, '\\$&')
  await writeFile(config, `User "${user}"\n${errand.options.join('\n')}\n`)
  await writeFile(answers, (errand.answers ?? []).map((answer) => `${answer}\n`).join(''))
  await writeFile(ask, `#!/bin/sh\nsed -n 1p ${answers}; sed -i 1d ${answers}\n`)
  await chmod(ask, 0o700)
  const argv = ['env', `SSH_ASKPASS=${ask}`, 'SSH_ASKPASS_REQUIRE=force', 'ssh', '-F', config]
  argv.push(...plainOptions(target), addressOfHost(lab, target), errand.script ?? 'true')
  const outcome = await lab.attack(target.from, argv, { seconds: 60 })
  await rm(directory, { recursive: true })
  return outcome
}

/** ssh's options for a stranger: nothing of this machine's configuration, nothing remembered. */
export function plainOptions(target: Target): string[] {
  const options = ['IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'LogLevel=ERROR']
  options.push('UserKnownHostsFile=/dev/null', 'ConnectTimeout=10', `Port=${target.port ?? 22}`)
  return options.flatMap((option) => ['-o', option])
}

/** What a tool wrote, for the eye. */
export function said({ out, err, late }: Outcome): string {
  return `${out}${err}${late ? ' (killed: took too long)' : ''}`.trim()
}
