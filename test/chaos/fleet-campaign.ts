/** A fleet under attack to which everything happens at once, from its first line to the verdict. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Fleet, openFleet, type Programs } from '../support/fleet.ts'
import { openProxy, type TcpProxy } from '../support/proxy.ts'
import type { Random } from '../support/random.ts'
import { openSmallDisk } from '../support/small-disk.ts'
import {
  type AttackedHost,
  type HostOptions,
  type JournalHost,
  openAttackedHost,
  openJournalHost,
} from './attacked-host.ts'
import { journalMissing } from './attacked-journal.ts'
import {
  agentFaults,
  type Backups,
  collectorFaults,
  type Fault,
  type Faults,
  openBackups,
} from './faults.ts'
import { journalFaults } from './journal-faults.ts'
import { openLogrotate, rotate, rotations } from './rotations.ts'
import { judge, type Verdict } from './verdict.ts'

/** How long and how hard: it goes on until all three are reached. */
export type Measure = { minutes: number; lines: number; faults: number }

export type CampaignAsked = Measure & {
  random: Random
  agents: number
  /** Told of each fault and rotation as it begins. */
  note: (whose: string, what: string) => void
  /** What is run, where not the sources. */
  programs?: Programs
}

export type FleetOutcome = Verdict & { lines: number }

const hour = 3_600_000
/** Every file ever rotated stays on disk: a collector restored from a backup wants them again. */
const mostRotations = 30
/** MiB; the database of some million lines, and it must be possible to fill the rest in a moment. */
const diskSize = 800
/** Nobody gets further in so many ms: then something hangs. */
const stuckAfter = 240_000

/** A host, the network between it and the collector, its own way to rotate logs, and its own faults. */
type Site = {
  host: AttackedHost | JournalHost
  lines: () => number
  proxy: TcpProxy
  turn: () => Promise<string>
  own: Fault[]
  random: Random
}

/** Plays it to the end. Throws where the fleet does not come to rest. */
export async function playFleet(asked: CampaignAsked): Promise<FleetOutcome> {
  const disk = openSmallDisk(diskSize)
  const hasDisk = typeof disk !== 'string'
  if (!hasDisk) asked.note('collector', `its disk is never full: ${disk}`)
  const fleet = await openFleet(
    { logLevel: 'warn' },
    {
      ...(hasDisk ? { disk: disk.path } : {}),
      ...(asked.programs === undefined ? {} : { programs: asked.programs }),
      clocks: true,
    },
  )
  try {
    const backups = openBackups(fleet, asked.random)
    const sites = await openSites(fleet, backups, asked)
    await backups.make()
    const about = collectorFaults(fleet, backups, hasDisk ? disk : undefined, asked.random)
    await campaign(fleet, sites, about, asked)
    const verdict = await rest(fleet, sites)
    await Promise.all(sites.map(({ proxy }) => proxy.close()))
    return { ...verdict, lines: linesOf(sites) }
  } finally {
    await fleet.close()
    if (hasDisk) disk.remove()
  }
}

function linesOf(sites: readonly Site[]): number {
  return sites.reduce((sum, { lines }) => sum + lines(), 0)
}

// Of several hosts the last has no text log.
async function openSites(open: Fleet, backups: Backups, asked: CampaignAsked): Promise<Site[]> {
  const sites: Site[] = []
  const missing = await journalMissing()
  if (missing !== '') asked.note(`host${asked.agents}`, `no journal: ${missing}`)
  for (let at = 1; at <= asked.agents; at++) {
    const own = asked.random.fork()
    const proxy = await openProxy(open.port)
    const around = {
      collector: proxy.url,
      // A line is less than half a second of the log's time.
      from: Date.now() - (30 * hour + (asked.lines + asked.minutes * 60_000) * 500),
    }
    const hasJournal = missing === '' && at > 1 && at === asked.agents
    const site = hasJournal
      ? await openJournalSite(open, backups, `host${at}`, own, around)
      : await openLogSite(open, `host${at}`, own, around)
    await site.host.agent.start()
    sites.push({ ...site, proxy, random: own })
  }
  return sites
}

type OwnSite = Omit<Site, 'proxy' | 'random'>

async function openLogSite(
  open: Fleet,
  name: string,
  own: Random,
  around: HostOptions,
): Promise<OwnSite> {
  const host = await openAttackedHost(open, name, own, around)
  const real = own.chance(0.6) ? openLogrotate(host, open.folder, own) : undefined
  const turn = async () => {
    if (real !== undefined) {
      await real.turn()
      return `rotation by logrotate: ${real.manner}`
    }
    const how = own.pick(rotations)
    await rotate(host, own, how)
    return `rotation: ${how}`
  }
  return { host, lines: host.log.lines, turn, own: [] }
}

async function openJournalSite(
  open: Fleet,
  backups: Backups,
  name: string,
  own: Random,
  around: HostOptions,
): Promise<OwnSite> {
  const host = await openJournalHost(open, name, own, around)
  const turn = async () => {
    await host.journal.rotate()
    return 'rotation of the journal'
  }
  return { host, lines: host.journal.lines, turn, own: journalFaults(open, host, backups) }
}

async function campaign(
  open: Fleet,
  sites: readonly Site[],
  aboutCollector: Faults,
  asked: CampaignAsked,
): Promise<void> {
  const end = performance.now() + asked.minutes * 60_000
  let happened = 0
  const goesOn = () =>
    performance.now() < end || linesOf(sites) < asked.lines || happened < asked.faults
  const suffer = async (whose: string, possible: Faults, own: Random, most: number) => {
    for (;;) {
      await pause(own.whole(400, most))
      if (!goesOn()) return
      const isLong = asked.minutes >= 3 && own.chance(1 / 40)
      const fault = own.pick(isLong ? possible.long : possible.short)
      asked.note(whose, fault.kind)
      happened += 1
      await fault.happen()
    }
  }
  await Promise.all([
    suffer('collector', aboutCollector, asked.random.fork(), 3_000),
    ...sites.flatMap((site) => {
      const { host, proxy, random: own } = site
      const about = agentFaults(host.agent, open.clone(host.name), proxy, own)
      about.short.push(...site.own)
      return [write(site, asked, own.fork(), goesOn), suffer(host.name, about, own.fork(), 2_500)]
    }),
  ])
}

async function write(
  { host, turn }: Site,
  asked: CampaignAsked,
  own: Random,
  goesOn: () => boolean,
): Promise<void> {
  const between = Math.max(1_500, (asked.minutes * 60_000) / mostRotations)
  let rotation = performance.now() + between * (0.5 + own.next())
  let turned = 0
  while (goesOn()) {
    await host.burst(own.whole(5, 300), async () => void (await pause(own.whole(1, 60))))
    if (performance.now() > rotation && turned < mostRotations) {
      asked.note(host.name, await turn())
      turned += 1
      // A file that has only just begun cannot be rotated by name alone; syslog writes first.
      await host.burst(own.whole(1, 20), async () => undefined)
      if (own.chance(0.1)) host.upgrade()
      rotation = performance.now() + between * (0.5 + own.next())
    }
    await pause(own.whole(20, 400))
  }
}

// Agents that were cut off often wait long before they try again; a fresh one tries at once.
async function rest(open: Fleet, sites: readonly Site[]): Promise<Verdict> {
  open.collector.shiftClock(0)
  for (const { host, proxy } of sites) {
    proxy.pass()
    await host.agent.kill()
    host.agent.shiftClock(0)
    await host.agent.start()
  }
  try {
    for (const { host } of sites) await host.caughtUp(stuckAfter)
  } catch (error) {
    for (const one of [open.collector, ...sites.map(({ host }) => host.agent)]) {
      console.error(`--- ${one.name}\n${one.said().slice(-3_000)}`)
    }
    throw error
  }
  return judge(
    open,
    sites.map(({ host }) => host.told),
  )
}
