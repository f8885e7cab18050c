import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Host } from './boot.ts'
import { command, must, type Outcome } from './command.ts'
import type { Deed } from './deeds.ts'
import type { Lab } from './lab.ts'
import { prefix } from './sweep.ts'

const ansible = fileURLToPath(new URL('../../ansible', import.meta.url))

/**
 * What a playbook said: its output, seconds in all and of each of its plays by name, bytes sent to
 * each host, and what it changed or failed there.
 */
export type Played = Pick<Outcome, 'code' | 'out'> & {
  seconds: number
  phases: Map<string, number>
  sent: Map<string, number>
  changed: Map<string, number>
  failed: string[]
}

/** Counts as the API and the deeds give them: by address, then by host. */
export type Counts = Record<
  string,
  Record<string, { attempts: number; probes: number; logins: number }>
>

/** A fleet rolled out by the playbooks onto the lab's hosts. */
export type Rollout = {
  /** Runs a playbook of ansible/ with more words on its command line. */
  play: (playbook: string, ...words: string[]) => Promise<Played>
  /** What the collector's API counts for these addresses. */
  counts: (addresses: readonly string[]) => Promise<Counts>
  /** Whether the collector answers. */
  answers: () => Promise<boolean>
  /** Leaves only these hosts in the inventory, as agents; the collector stays. */
  only: (names: readonly string[]) => void
  /** A folder for bundles of one's own. */
  folder: string
  close: () => void
}

/**
 * Writes an inventory of the lab's hosts, one of them the collector, too, with these variables;
 * nothing is rolled out yet.
 */
export function openRollout(lab: Lab, name: string, vars: Record<string, string>): Rollout {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-rollout-'))
  const inventory = join(folder, 'inventory.json')
  const only = (names: readonly string[]): void =>
    writeFileSync(inventory, JSON.stringify(inventoryOf(lab, name, names, vars)))
  only([...lab.hosts.keys()])
  const collector = lab.hosts.get(name)
  if (collector === undefined) throw new Error(`the lab has no host ${name}`)
  let token: string | undefined
  const ask = async (path: string): Promise<string> => {
    token ??= (await lab.run(name, 'cibot-collector token add lab')).out.trim()
    return fetchFrom(collector, path, token)
  }
  return {
    folder,
    only,
    play: (playbook, ...words) => play(lab, inventory, playbook, words),
    counts: async (addresses) => countsOf(await ask('/api/v1/attackers?limit=100'), addresses),
    answers: () =>
      fetchFrom(collector, '/healthz', '').then(
        (text) => text === 'ok\n',
        () => false,
      ),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A copy of the bundles of a release, with this text before one program. */
export async function bundlesWith(
  folder: string,
  name: string,
  from: string,
  program: 'agent' | 'collector',
  change: (code: string) => string,
): Promise<string> {
  const to = join(folder, name)
  await must(['cp', '-r', from, to])
  const file = join(to, `${program}.js`)
  writeFileSync(file, change(readFileSync(file, 'utf8')))
  return to
}

/** What these deeds have to amount to. */
export function countsByDeeds(deeds: readonly Deed[]): Counts {
  const counts: Counts = {}
  for (const { ip, host, attempts, probes, logins } of deeds) {
    if (ip === null) continue
    counts[ip] ??= {}
    const sum = counts[ip][host] ?? { attempts: 0, probes: 0, logins: 0 }
    counts[ip][host] = {
      attempts: sum.attempts + attempts,
      probes: sum.probes + probes,
      logins: sum.logins + logins,
    }
  }
  return counts
}

/** Lets the lab's hosts reach a server on this machine's loopback; gives its address for them. */
export async function onBridge(port: number): Promise<{ url: string; close: () => void }> {
  const sockets = new Set<Socket>()
  const server = createServer((from) => {
    const to = connect(port, '127.0.0.1')
    for (const socket of [from, to]) {
      sockets.add(socket)
      socket.on('error', () => [from, to].forEach((one) => void one.destroy()))
    }
    from.pipe(to).pipe(from)
  })
  await new Promise<void>((resolve) => server.listen(0, '10.77.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://10.77.0.1:${address.port}`,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function inventoryOf(
  lab: Lab,
  collector: string,
  agents: readonly string[],
  vars: Record<string, string>,
): unknown {
  const hosts = (names: readonly string[]): unknown =>
    Object.fromEntries(
      names.map((name) => [name, { ansible_host: lab.hosts.get(name)?.addresses[0] }]),
    )
  return {
    all: {
      children: {
        collector: { hosts: hosts([collector]) },
        agents: { hosts: hosts(agents) },
      },
      vars: {
        ansible_user: 'root',
        ansible_ssh_private_key_file: lab.key,
        ansible_ssh_common_args:
          '-F none -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null',
        ...vars,
      },
    },
  }
}

async function play(
  lab: Lab,
  inventory: string,
  playbook: string,
  words: readonly string[],
): Promise<Played> {
  const before = sentTo(lab)
  const started = performance.now()
  const env = {
    ...(process.env as Record<string, string>),
    ANSIBLE_CONFIG: join(ansible, 'ansible.cfg'),
    ANSIBLE_NOCOLOR: '1',
    LC_ALL: 'C.UTF-8',
  }
  const argv = ['ansible-playbook', '-i', inventory, join(ansible, playbook), ...words]
  const watch = watchPhases()
  const { code, out, err } = await command(argv, { env, seconds: 600, heard: watch.heard })
  const after = sentTo(lab)
  const recap = [
    ...out.matchAll(/^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/gm),
  ]
  return {
    code,
    out: out + err,
    seconds: (performance.now() - started) / 1000,
    phases: watch.end(),
    sent: new Map([...after].map(([name, bytes]) => [name, bytes - (before.get(name) ?? 0)])),
    changed: new Map(recap.map(([, name = '', changed]) => [name, Number(changed)])),
    failed: recap.filter((row) => row[3] !== '0' || row[4] !== '0').map(([, name = '']) => name),
  }
}

function watchPhases(): { heard: (text: string) => void; end: () => Map<string, number> } {
  const began: [string, number][] = []
  return {
    heard: (text) => {
      for (const [, name = ''] of text.matchAll(/^PLAY \[(.+)\] \*/gm)) {
        began.push([name, performance.now()])
      }
    },
    end: () => {
      const ends = [...began.slice(1).map(([, at]) => at), performance.now()]
      return new Map(began.map(([name, at], index) => [name, ((ends[index] ?? at) - at) / 1000]))
    },
  }
}

// What went through this machine's end of each host's cable.
function sentTo(lab: Lab): Map<string, number> {
  return new Map(
    [...lab.hosts.values()].map(({ name, addresses }) => {
      // the lab numbers addresses and cables in the same order
      const index = Number(addresses[0]?.split('.')[3]) - 11
      const file = `/sys/class/net/${prefix}v${index}/statistics/tx_bytes`
      return [name, Number(readFileSync(file, 'utf8'))]
    }),
  )
}

function fetchFrom(host: Host, path: string, token: string): Promise<string> {
  const ca = readFileSync(join(host.tree, 'etc/cibot/ca.crt'))
  const options = {
    host: host.addresses[0],
    port: 8787,
    path,
    ca,
    timeout: 5000,
    headers: { authorization: `Bearer ${token}` },
  }
  return new Promise((resolve, reject) => {
    const request = get(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(text)
          : reject(new Error(`GET ${path}: ${response.statusCode} ${text}`)),
      )
    })
    request.on('error', reject)
    request.on('timeout', () => request.destroy(new Error(`GET ${path}: no answer`)))
  })
}

function countsOf(answer: string, addresses: readonly string[]): Counts {
  const { attackers } = JSON.parse(answer) as {
    attackers: { ip: string; hosts: Counts[string] }[]
  }
  const wanted = attackers.filter(({ ip }) => addresses.includes(ip))
  return Object.fromEntries(wanted.map(({ ip, hosts }) => [ip, hosts]))
}
