/** Everything that goes wrong in a long campaign, each as it happens to a real fleet. */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Daemon } from '../support/daemon.ts'
import type { Fleet } from '../support/fleet.ts'
import type { Proxy } from '../support/proxy.ts'
import type { Random } from '../support/random.ts'

/** One fault: what it is called, and its whole course until things work again. */
export type Fault = { kind: string; happen: () => Promise<void> }

/** What can happen to an agent and to its way to the collector. */
export function agentFaults(agent: Daemon, proxy: Proxy, random: Random): Fault[] {
  return [
    ...processFaults('agent', agent, random),
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

/** What can happen to the collector and its database. */
export function collectorFaults(fleet: Fleet, random: Random): Fault[] {
  const backups: string[] = []
  let made = 0
  return [
    ...processFaults('collector', fleet.collector, random),
    {
      kind: 'backup made',
      async happen() {
        made += 1
        const file = join(fleet.folder, `backup-${made}.db`)
        await fleet.backup(file)
        backups.push(file)
      },
    },
    {
      kind: 'collector restored from an older backup',
      async happen() {
        if (backups.length === 0) return
        await fleet.collector.kill()
        fleet.restore(random.pick(backups))
        await fleet.collector.start()
      },
    },
  ]
}

function processFaults(name: string, daemon: Daemon, random: Random): Fault[] {
  return [
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
