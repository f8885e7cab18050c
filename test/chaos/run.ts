/**
 * npm run chaos -- [--seed N] [--minutes M] [--agents K]: a fleet under attack to which everything
 * happens at once, for as long as asked. Prints each fault and a table; exit code 1 where anything is
 * lost or counted twice.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { openProxy, type TcpProxy } from '../support/proxy.ts'
import { type Random, randomOf } from '../support/random.ts'
import { type AttackedHost, openAttackedHost } from './attacked-host.ts'
import { agentFaults, collectorFaults, type Fault } from './faults.ts'
import { openLogrotate, rotate, rotations } from './rotations.ts'
import { judge, type Verdict } from './verdict.ts'

const hour = 3_600_000
/** Every file ever rotated stays on disk: a collector restored from a backup wants them again. */
const mostRotations = 30

const asked = readAsked()
const random = randomOf(asked.seed)
const started = performance.now()
const faults = new Map<string, number>()
console.log(`seed ${asked.seed}, ${asked.minutes} minutes, ${asked.agents} agents`)

const fleet = await openFleet({ logLevel: 'warn' })
try {
  const sites = await openSites(fleet)
  await campaign(fleet, sites)
  const verdict = await rest(fleet, sites)
  tell(sites, verdict)
  process.exitCode = verdict.differences.length === 0 ? 0 : 1
  await Promise.all(sites.map(({ proxy }) => proxy.close()))
} finally {
  await fleet.close()
}

// --- the course of it -----------------------------------------------------------------------------

/** A host, the network between it and the collector, and its own way to rotate logs. */
type Site = { host: AttackedHost; proxy: TcpProxy; turn: () => Promise<string>; random: Random }

async function openSites(open: Fleet): Promise<Site[]> {
  const sites: Site[] = []
  for (let at = 1; at <= asked.agents; at++) {
    const own = random.fork()
    const proxy = await openProxy(open.port)
    const host = await openAttackedHost(open, `host${at}`, own, {
      collector: proxy.url,
      // A line is less than half a second of the log's time, some hundreds of them a second of ours.
      from: Date.now() - (30 + 4 * asked.minutes) * hour,
    })
    const real = own.chance(0.5) ? openLogrotate(host, open.folder, own) : undefined
    const turn = async () => {
      if (real !== undefined) {
        await real()
        return 'rotation by logrotate'
      }
      const how = own.pick(rotations)
      await rotate(host, own, how)
      return `rotation: ${how}`
    }
    await host.agent.start()
    sites.push({ host, proxy, turn, random: own })
  }
  return sites
}

async function campaign(open: Fleet, sites: readonly Site[]): Promise<void> {
  const long = asked.minutes >= 3
  const aboutCollector = await collectorFaults(open, random, long)
  const end = performance.now() + asked.minutes * 60_000
  await Promise.all([
    suffer('collector', aboutCollector, random.fork(), [800, 4_000], end),
    ...sites.flatMap(({ host, proxy, turn, random: own }) => [
      write(host, turn, own.fork(), end),
      suffer(host.name, agentFaults(host.agent, proxy, own, long), own.fork(), [400, 3_000], end),
    ]),
  ])
}

async function write(
  host: AttackedHost,
  turn: () => Promise<string>,
  own: Random,
  end: number,
): Promise<void> {
  const between = Math.max(1_500, (asked.minutes * 60_000) / mostRotations)
  let rotation = performance.now() + between * (0.5 + own.next())
  while (performance.now() < end) {
    await host.burst(own.whole(5, 200), async () => void (await pause(own.whole(1, 60))))
    if (performance.now() > rotation && host.log.older() < mostRotations) {
      note(host.name, await turn())
      // A file that has only just begun cannot be rotated by name alone; syslog writes first.
      await host.burst(own.whole(1, 20), async () => undefined)
      if (own.chance(0.1)) host.upgrade()
      rotation = performance.now() + between * (0.5 + own.next())
    }
    await pause(own.whole(20, 400))
  }
}

async function suffer(
  whose: string,
  possible: readonly Fault[],
  own: Random,
  [least, most]: [number, number],
  end: number,
): Promise<void> {
  for (;;) {
    await pause(own.whole(least, most))
    if (performance.now() > end) return
    const fault = own.pick(possible)
    note(whose, fault.kind)
    await fault.happen()
  }
}

// Agents that were cut off often wait long before they try again; a fresh one tries at once.
async function rest(open: Fleet, sites: readonly Site[]): Promise<Verdict> {
  for (const { host, proxy } of sites) {
    proxy.pass()
    await host.agent.kill()
    await host.agent.start()
  }
  try {
    for (const { host } of sites) await host.caughtUp(120_000)
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

// --- words ----------------------------------------------------------------------------------------

function note(whose: string, what: string): void {
  faults.set(what, (faults.get(what) ?? 0) + 1)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${seconds.padStart(7)} s  ${whose.padEnd(10)} ${what}`)
}

function tell(sites: readonly Site[], { expected, lost, doubled, gaps, differences }: Verdict) {
  const lines = sites.reduce((sum, { host }) => sum + host.log.lines(), 0)
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0)
  const table: [string, number][] = [
    ...[...faults].sort(([one], [other]) => (one < other ? -1 : 1)),
    ['all of it', total],
    ['lines', lines],
    ['findings', expected],
    ['gaps', gaps],
    ['lost', lost],
    ['doubled', doubled],
  ]
  console.log('')
  for (const [name, count] of table) console.log(`${name.padEnd(42)}${String(count).padStart(9)}`)
  for (const one of differences) console.log(one)
  if (differences.length > 0) console.log(`again: npm run chaos -- --seed ${asked.seed}`)
}

function readAsked(): { seed: number; minutes: number; agents: number } {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { seed: text, minutes: text, agents: text } })
  const number = (given: string | undefined, otherwise: number, least: number): number => {
    const value = given === undefined ? otherwise : Number(given)
    if (Number.isFinite(value) && value >= least) return value
    console.error(`chaos: "${given}" is no number from ${least} up`)
    process.exit(2)
  }
  return {
    seed: Math.floor(number(values.seed, Date.now() % 1_000_000, 0)),
    minutes: number(values.minutes, 1, 0.1),
    agents: Math.floor(number(values.agents, 3, 1)),
  }
}
