/** Everything that goes wrong in a long campaign, each as it happens to a real fleet. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Daemon } from '../support/daemon.ts'
import type { Fleet } from '../support/fleet.ts'
import type { TcpProxy } from '../support/proxy.ts'
import type { Random } from '../support/random.ts'
import type { SmallDisk } from '../support/small-disk.ts'

/** One fault: what it is called, and its whole course until things work again. */
export type Fault = { kind: string; happen: () => Promise<void> }

/** What can happen to somebody; the long ones are only worth their time in a long campaign. */
export type Faults = { short: Fault[]; long: Fault[] }

/** Longer than either side waits for a sign of life. */
const pastPatience = 36_000

const hour = 3_600_000
const day = 24 * hour

/**
 * What can happen to an agent and to its way to the collector; `clone` is a second process of the same
 * identity.
 */
export function agentFaults(agent: Daemon, clone: Daemon, proxy: TcpProxy, random: Random): Faults {
  const silence: Fault = {
    kind: 'network swallows all, past patience',
    async happen() {
      proxy.blackhole()
      await pause(pastPatience)
      proxy.pass()
    },
  }
  const own = processFaults('agent', agent, random)
  const short: Fault[] = [
    ...own.short,
    {
      kind: 'connection cut at a byte',
      happen: async () => proxy.cutAfter(random.whole(0, 200_000)),
    },
    { kind: 'connection cut', happen: async () => proxy.cutAfter(0) },
    { kind: 'frame replayed', happen: async () => proxy.replay() },
    {
      kind: 'agent cloned',
      async happen() {
        await clone.start()
        await pause(random.whole(500, 4_000))
        await clone.kill()
      },
    },
    // No further back than a log without years bears before its first line is known.
    clockFault('agent', agent, random, [-12 * hour, 30 * day]),
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
  return { short, long: [...own.long, silence] }
}

/** Copies of the collector's database that may come back. */
export type Backups = {
  make: () => Promise<void>
  pick: () => string
  /** Throws those away that do not hold, now and from now on, where one is left; gives whether one is. */
  keepOnly: (holds: (file: string) => boolean) => boolean
}

/** Opens them; the first is made once everybody is enrolled. */
export function openBackups(fleet: Fleet, random: Random): Backups {
  let files: string[] = []
  let wanted: (file: string) => boolean = () => true
  let made = 0
  const make = async () => {
    const file = join(fleet.folder, `backup-${made++}.db`)
    await fleet.backup(file)
    // One that was begun before others were thrown away.
    if (wanted(file)) files.push(file)
  }
  return {
    make,
    pick: () => random.pick(files),
    keepOnly(holds) {
      const some = files.filter(holds)
      if (some.length === 0) return false
      for (const file of files) if (!some.includes(file)) rmSync(file)
      files = some
      wanted = holds
      return true
    },
  }
}

/** What can happen to the collector and its database, and to its disk where it can be filled. */
export function collectorFaults(
  fleet: Fleet,
  backups: Backups,
  disk: SmallDisk | undefined,
  random: Random,
): Faults {
  const own = processFaults('collector', fleet.collector, random)
  const short: Fault[] = [
    ...own.short,
    { kind: 'backup made', happen: backups.make },
    clockFault('collector', fleet.collector, random, [-56 * 365 * day, 30 * day]),
    ...(disk === undefined ? [] : [fullDisk(disk, random)]),
    {
      kind: 'collector restored from an older backup',
      async happen() {
        await fleet.collector.kill()
        fleet.restore(backups.pick())
        await fleet.collector.start()
      },
    },
  ]
  return { short, long: own.long }
}

function fullDisk(disk: SmallDisk, random: Random): Fault {
  return {
    kind: 'collector’s disk full',
    async happen() {
      disk.fill()
      await pause(random.whole(500, 8_000))
      disk.free()
    },
  }
}

function clockFault(
  name: string,
  daemon: Daemon,
  random: Random,
  [least, most]: [number, number],
): Fault {
  return {
    kind: `${name}’s clock jumps`,
    happen: async () => {
      const ms = random.chance(0.3) ? 0 : random.whole(-hour, hour)
      daemon.shiftClock(random.chance(0.3) ? random.whole(least, most) : ms)
    },
  }
}

function processFaults(name: string, daemon: Daemon, random: Random): Faults {
  const sleep: Fault = {
    kind: `${name} stands still, past patience`,
    async happen() {
      daemon.pause()
      await pause(pastPatience)
      daemon.resume()
    },
  }
  const short: Fault[] = [
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
  return { short, long: [sleep] }
}
