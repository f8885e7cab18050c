import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { until } from './command.ts'
import type { Place } from './network.ts'
import { prefix, raiseGroups } from './sweep.ts'
import type { Kind } from './tree.ts'

/** A running host. `init` is the pid of its systemd as this machine sees it. */
export type Host = Place & { kind: Kind; tree: string; init: number }

/**
 * Boots a host's tree in its place and gives it with its systemd's pid; throws CommandFailed when
 * systemd-nspawn does not get that far in 30 s. It outlives this process: see sweep().
 */
export async function boot(host: Host): Promise<Host> {
  const groups = raiseGroups(host.name)
  const argv = ['systemd-nspawn', '-q', '-D', host.tree, `--machine=${prefix}${host.name}`]
  argv.push(`--hostname=${host.name}`, `--network-namespace-path=/run/netns/${prefix}${host.name}`)
  argv.push('--capability=CAP_NET_ADMIN', '--register=no', '--keep-unit', '--boot')
  // by itself nspawn lays this machine's time zone and name servers over those of the tree
  argv.push('--timezone=off', '--resolv-conf=off')
  const enter = groups.map((group) => `echo $$ > ${group}/cgroup.procs`).join('; ')
  const child = spawn('sh', ['-c', `${enter}; exec "$0" "$@"`, ...argv], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
  })
  let ended: string | undefined
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code) => {
    ended = `systemd-nspawn ended with ${code}`
  })
  child.unref()
  const init = await until(`${host.name} boots`, 30, () => {
    if (ended !== undefined) throw new Error(`${host.name}: ${ended}`)
    return containerInit(child.pid)
  })
  return { ...host, init }
}

function containerInit(nspawn: number | undefined): number | undefined {
  try {
    const children = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').split(' ')
    const systemd = children.find((pid) => comm(pid) === 'systemd')
    return systemd === undefined ? undefined : Number(systemd)
  } catch {
    return undefined // between fork and exec
  }
}

function comm(pid: string): string {
  return pid === '' ? '' : readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
}
