import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { labDirectory } from './tree.ts'

/** Everything the lab makes outside its directory begins with this, and only that is ever removed. */
export const prefix = 'cibotlab-'
export const bridge = `${prefix}0`

/**
 * Ends every process of the lab, then removes its namespaces, cables, bridge, control groups and
 * host trees. Synchronous, because it also runs while the process exits; and it looks the processes
 * up by group and namespace instead of remembering them, because a killed systemd-nspawn leaves
 * its container running and a killed test leaves everything.
 */
export function sweep(): void {
  const namespaces = ip('netns', 'list').filter((name) => name.startsWith(prefix))
  const groups = hierarchies().flatMap((root) => own(root).map((name) => join(root, name)))
  const deadline = Date.now() + 10_000
  for (;;) {
    const pids = [...namespaces.flatMap((name) => ip('netns', 'pids', name))]
    pids.push(...groups.flatMap(members))
    if (pids.length === 0 || Date.now() > deadline) break
    for (const pid of pids) kill(Number(pid))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }
  for (const name of namespaces) ip('netns', 'delete', name)
  // a veth outlives its deleted namespace for a moment, and the next lab wants the same name
  for (const link of own('/sys/class/net')) ip('link', 'delete', link)
  for (const group of groups) removeGroup(group)
  rmSync(join(labDirectory(), 'hosts'), { recursive: true, force: true, maxRetries: 5 })
}

/**
 * Makes the control groups of one host and gives their directories. Without its own group every
 * host's systemd would work in the same one and see the other's services as its own.
 */
export function raiseGroups(name: string): string[] {
  const groups = hierarchies().map((root) => join(root, prefix + name))
  for (const group of groups) mkdirSync(group, { recursive: true })
  return groups
}

function hierarchies(): string[] {
  const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd']
  return roots.filter((root) => existsSync(join(root, 'cgroup.procs')))
}

function own(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith(prefix))
}

function members(group: string): string[] {
  try {
    const pids = readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Number)
    return [...pids, ...below(group).flatMap(members)]
  } catch {
    return [] // the group ended while we looked
  }
}

function removeGroup(group: string): void {
  try {
    for (const child of below(group)) removeGroup(child)
    rmdirSync(group)
  } catch {
    // still busy with a dying process: the next sweep takes it
  }
}

function below(group: string): string[] {
  const entries = readdirSync(group, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(group, entry.name))
}

function ip(...argv: string[]): string[] {
  const { stdout } = spawnSync('ip', argv, { encoding: 'utf8', timeout: 10_000 })
  const lines = (stdout ?? '').split('\n').filter((line) => line !== '')
  return lines.map((line) => line.split(' ')[0] ?? '')
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended by itself in the meantime
  }
}
