/** Everything that goes wrong in a long campaign, each as it happens to a real fleet. */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Daemon } from '../support/daemon.ts'
import type { Fleet } from '../support/fleet.ts'
import type { TcpProxy } from '../support/proxy.ts'
import type { Random } from '../support/random.ts'

/** One fault: what it is called, and its whole course until things work again. */
export type Fault = { kind: string; happen: () => Promise<void> }

/** Longer than either side waits for a sign of life: only worth its time in a long campaign. */
const pastPatience = 36_000

/** What can happen to an agent and to its way to the collector; `long` for a campaign of minutes. */
export function agentFaults(
  agent: Daemon,
  proxy: TcpProxy,
  random: Random,
  long: boolean,
): Fault[] {
  const silence: Fault = {
    kind: 'network swallows all, past patience',
    async happen() {
      proxy.blackhole()
      await pause(pastPatience)
      proxy.pass()
    },
  }
  return [
    ...processFaults('agent', agent, random, long),
    ...(long ? [silence] : []),
    {
      kind: 'connection cut at a byte',
      happen: async () => proxy.cutAfter(random.whole(0, 200_000)),
    },
    { kind: 'connection cut', happen: async () => proxy.cutAfter(0) },
    {
      kind: 'network swallows all',
      async happen() {
        proxy.blackhole()
        await pause(random.whole(200, 4_000))
        // Half of the time whoever waited is cut off instead of hearing the rest.
        if (random.chance(0.5)) proxy.cutAfter(0)
        proxy.pass()
      },
    },
    {
      kind: 'network is slow',
      async happen() {
        proxy.delay(random.whole(20, 400))
        await pause(random.whole(500, 4_000))
        proxy.pass()
      },
    },
  ]
}

/** What can happen to the collector and its database; makes the first backup. */
export async function collectorFaults(
  fleet: Fleet,
  random: Random,
  long: boolean,
): Promise<Fault[]> {
  const backups: string[] = []
  const backUp = async () => {
    const file = join(fleet.folder, `backup-${backups.length}.db`)
    await fleet.backup(file)
    backups.push(file)
  }
  await backUp()
  return [
    ...processFaults('collector', fleet.collector, random, long),
    { kind: 'backup made', happen: backUp },
    {
      kind: 'collector restored from an older backup',
      async happen() {
        await fleet.collector.kill()
        fleet.restore(random.pick(backups))
        await fleet.collector.start()
      },
    },
  ]
}

function processFaults(name: string, daemon: Daemon, random: Random, long: boolean): Fault[] {
  const sleep: Fault = {
    kind: `${name} stands still, past patience`,
    async happen() {
      daemon.pause()
      await pause(pastPatience)
      daemon.resume()
    },
  }
  return [
    ...(long ? [sleep] : []),
    {
      kind: `${name} killed`,
      async happen() {
        await daemon.kill()
        await pause(random.whole(0, 500))
        await daemon.start()
      },
    },
    {
      kind: `${name} stopped`,
      async happen() {
        await daemon.stop()
        await daemon.start()
      },
    },
    {
      kind: `${name} stands still`,
      async happen() {
        daemon.pause()
        await pause(random.whole(100, 3_000))
        daemon.resume()
      },
    },
    {
      kind: `${name} killed while it stands still`,
      async happen() {
        daemon.pause()
        await pause(random.whole(100, 1_000))
        await daemon.kill()
        await daemon.start()
      },
    },
  ]
}
