import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { boot, type Host } from './boot.ts'
import { command, type Given, must, type Outcome, until } from './command.ts'
import { lock, onEnd } from './lock.ts'
import { type Place, raiseBridge, raisePlace, reach } from './network.ts'
import { prefix, sweep } from './sweep.ts'
import { baseTree, type HostPlan, hostTree, labDirectory } from './tree.ts'

/** An attacker that is wanted: a place on the bridge, with public addresses if it shall have some. */
export type AttackerPlan = { name: string; addresses?: readonly string[] }

/** What the lab can do while it is open; see openLab. */
export type Lab = {
  hosts: ReadonlyMap<string, Host>
  attackers: ReadonlyMap<string, Place>
  /**
   * The private key that logs in to every host as root, unless its sshd forbids it; the lab's own
   * address is 10.77.0.1.
   */
  key: string
  /** Runs a shell script as root inside a host, without a login: it leaves no line in its log. */
  run(host: string, script: string, given?: Given): Promise<Outcome>
  /** Restarts a host as `systemctl reboot` does, and waits until it is up; its cable stays. */
  reboot(host: string): Promise<void>
  /** Reads a text file of a host. */
  read(host: string, path: string): Promise<string>
  /** Runs a program of this machine in an attacker's place. */
  attack(attacker: string, argv: readonly string[], given?: Given): Promise<Outcome>
  /** Where the authentication log of a host ends now: to be given to since(). */
  mark(host: string): Promise<string>
  /** The lines of the authentication log since a mark, as the host itself shows them. */
  since(host: string, mark: string): Promise<string[]>
  close(): void
}

const home = 'cibot-lab'

/**
 * A sentence why this machine cannot boot hosts (or run the attackers' `tools`), or undefined where
 * it can.
 */
export function canBoot(tools: readonly string[] = []): string | undefined {
  if (process.platform !== 'linux') return 'real hosts need Linux'
  if (process.getuid?.() !== 0) return 'real hosts need root: run this with sudo'
  const needed: Record<string, string> = {
    debootstrap: 'debootstrap',
    'systemd-nspawn': 'systemd-container',
    ip: 'iproute2',
    nsenter: 'util-linux',
    ssh: 'openssh-client',
  }
  for (const tool of tools) needed[tool] = tool
  const missing = Object.entries(needed).filter(([program]) => !onPath(program))
  if (missing.length === 0) return undefined
  const [programs, packages] = [missing.map(([name]) => name), missing.map(([, name]) => name)]
  return `${programs.join(', ')} missing: apt-get install ${packages.join(' ')}`
}

/**
 * Boots real systemd hosts on a bridge of their own and gives them to be used and attacked. One lab
 * at a time on a machine: waits up to 45 minutes for another one to end, and removes what a killed
 * one left behind. Everything goes away with close(), with the process, with SIGINT and SIGTERM.
 * Throws CommandFailed where something of it does not work in time; nothing is left running then.
 */
export async function openLab(plan: {
  hosts: readonly HostPlan[]
  attackers?: readonly AttackerPlan[]
}): Promise<Lab> {
  const reason = canBoot()
  if (reason !== undefined) throw new Error(reason)
  const unlock = await lock()
  const stop = onEnd(() => {
    sweep()
    unlock()
  })
  try {
    sweep()
    return await raise(plan, stop)
  } catch (error) {
    stop()
    throw error
  }
}

async function raise(
  plan: { hosts: readonly HostPlan[]; attackers?: readonly AttackerPlan[] },
  close: () => void,
): Promise<Lab> {
  const key = await makeKey()
  const publicKey = await readFile(`${key}.pub`, 'utf8')
  for (const { kind } of plan.hosts) await baseTree(kind)
  const places = plan.hosts.map(({ name }, index) => hostPlace(name, 11 + index))
  const attackers = (plan.attackers ?? []).map(attackerPlace)
  await raiseBridge()
  for (const [index, place] of [...places, ...attackers].entries()) await raisePlace(place, index)
  for (const place of places) for (const attacker of attackers) await reach(place, attacker)
  const names = places.map(({ name, addresses }) => `${addresses[0]} ${name}\n`).join('')
  const hosts = new Map<string, Host>()
  const booting = plan.hosts.map(async (host, index) => {
    const place = places[index] ?? hostPlace(host.name, 11 + index)
    const tree = await hostTree(host, publicKey, names)
    hosts.set(host.name, await boot({ ...place, kind: host.kind, tree, init: 0 }))
  })
  await Promise.all(booting)
  const lab = makeLab(hosts, new Map(attackers.map((each) => [each.name, each])), key, close)
  await Promise.all([...hosts.keys()].map((name) => settle(lab, name)))
  return lab
}

function hostPlace(name: string, number: number): Place {
  const addresses = [`10.77.0.${number}`, `fd77::${number}`]
  return { name, interface: 'host0', addresses }
}

function attackerPlace({ name, addresses }: AttackerPlan, index: number): Place {
  const own = [`10.77.0.${101 + index}`, `fd77::${101 + index}`]
  return { name, interface: 'eth0', addresses: addresses ?? own }
}

/** Waits for the end of the boot and for sshd, then empties the log of what the lab itself did. */
async function settle(lab: Lab, name: string): Promise<void> {
  await isUp(lab.run, name)
  await lab.run(name, `hostname ${name}`)
  // asked of systemd and not by a connection: its line may come after the log was emptied
  await until(`sshd of ${name} is up`, 30, async () => {
    return (await lab.run(name, 'systemctl is-active --quiet ssh')).code === 0 || undefined
  })
  const { code, err } = await lab.run(name, emptyLog)
  if (code !== 0) throw new Error(`${name}: cannot empty its log: ${err}`)
}

async function isUp(run: Lab['run'], name: string): Promise<void> {
  await until(`${name} is up`, 90, async () => {
    const { out } = await run(name, 'systemctl is-system-running')
    return /^(running|degraded)/.test(out) || undefined
  })
}

/** Options for ssh that take nothing from this machine's own configuration and remember nothing. */
export const plainSsh: readonly string[] = [
  ...['-F', 'none', '-o', 'IdentitiesOnly=yes', '-o', 'StrictHostKeyChecking=no'],
  ...['-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=10'],
]

/** A script that restarts the loggers (they learn the host's name only then) and empties their logs. */
const emptyLog = `
  loginctl list-sessions --no-legend | while read -r id rest; do loginctl terminate-session "$id"; done
  for i in $(seq 100); do test -z "$(loginctl list-sessions --no-legend)" && break; sleep 0.1; done
  journalctl --quiet --flush --rotate
  journalctl --quiet --vacuum-time=1s
  if systemctl --quiet is-enabled rsyslog 2>/dev/null; then
    systemctl restart rsyslog && : > /var/log/auth.log && chown root:adm /var/log/auth.log
  fi`

function makeLab(
  hosts: Map<string, Host>,
  attackers: Map<string, Place>,
  key: string,
  close: () => void,
): Lab {
  const host = (name: string): Host => {
    const found = hosts.get(name)
    if (found === undefined) throw new Error(`the lab has no host ${name}`)
    return found
  }
  const run: Lab['run'] = (name, script, given) => {
    const into = ['nsenter', '-t', `${host(name).init}`, '-m', '-u', '-i', '-n', '-p']
    return command([...into, 'sh', '-c', script], given)
  }
  const log = (name: string): string => join(host(name).tree, '/var/log/auth.log')
  return {
    hosts,
    attackers,
    key,
    run,
    close,
    async reboot(name) {
      const before = host(name)
      await run(name, 'systemctl reboot')
      // with --keep-unit nspawn ends here, and leaves starting again to whoever started it
      await until(`${name} goes down`, 90, () => !existsSync(`/proc/${before.init}`) || undefined)
      hosts.set(name, await boot(before))
      await isUp(run, name)
    },
    read: (name, path) => readFile(join(host(name).tree, path), 'utf8'),
    attack: (name, argv, given) => command(['ip', 'netns', 'exec', prefix + name, ...argv], given),
    async mark(name) {
      if (host(name).kind !== 'journal') return `${(await stat(log(name))).size}`
      const { out } = await run(name, 'journalctl --quiet --lines=1 --show-cursor')
      return out.split('-- cursor: ')[1]?.trim() ?? ''
    },
    async since(name, mark) {
      if (host(name).kind !== 'journal') {
        return lines((await readFile(log(name))).subarray(Number(mark)).toString())
      }
      const from = mark === '' ? '' : `--after-cursor='${mark}'`
      const query = `journalctl --quiet --no-pager --all -o short-iso-precise ${from}`
      const { out } = await run(name, `${query} SYSLOG_FACILITY=4 SYSLOG_FACILITY=10`)
      return lines(out)
    },
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

async function makeKey(): Promise<string> {
  const key = join(labDirectory(), 'root-key')
  mkdirSync(labDirectory(), { recursive: true })
  if (existsSync(key)) return key
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', home, '-f', key])
  return key
}

function onPath(program: string): boolean {
  const directories = `${process.env['PATH']}${delimiter}/usr/sbin${delimiter}/sbin`
  return directories.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
