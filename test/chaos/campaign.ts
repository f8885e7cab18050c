/**
 * One campaign of a seed: a host under attack writes its log in bursts, the log is rotated in the
 * middle, and meanwhile the agent and the collector are killed and started again. Where the kills
 * fall in the log is the seed's; what each process is doing just then is chance.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Daemon } from '../support/daemon.ts'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { type Random, randomOf } from '../support/random.ts'
import { until } from '../support/until.ts'
import { type AttackedHost, openAttackedHost } from './attacked-host.ts'
import { type Rotation, rotate, rotations } from './rotations.ts'
import { judge, type Verdict } from './verdict.ts'

export type CampaignOptions = {
  seed: number
  lines: number
  kills: number
  /** Kills only where all is read and told, and writes on once the victim is back; false if not said. */
  atRest?: boolean
  /** Runs while a killed program is down: for what a test does to the database. */
  whileDown?: (fleet: Fleet, program: 'agent' | 'collector') => void
}

export type Outcome = Verdict & { lines: number; kills: number; rotation: Rotation }

/** Plays one campaign to the end and gives the verdict. Throws where the fleet does not come to rest. */
export async function play(options: CampaignOptions): Promise<Outcome> {
  const random = randomOf(options.seed)
  const fleet = await openFleet({ logLevel: 'warn' })
  try {
    const host = await openAttackedHost(fleet, 'nas', random)
    await host.agent.start()
    const rotation = random.pick(rotations)
    const kills = planKills(random, options)
    const reaper = openReaper(fleet, host, options)
    await write(host, random, options.lines, rotation, async (line) => {
      while ((kills[0]?.line ?? Number.POSITIVE_INFINITY) <= line) {
        if (options.atRest) await host.caughtUp()
        await reaper.send(kills.shift())
        if (options.atRest) await reaper.done()
      }
    })
    await reaper.done()
    try {
      await host.caughtUp()
    } catch (error) {
      const said = [host.agent, fleet.collector].map((one) => `${one.name}: ${one.said()}`)
      throw new Error(`${(error as Error).message}\n${said.join('\n')}`, { cause: error })
    }
    const verdict = await judge(fleet, [host.told])
    return { ...verdict, lines: host.log.lines(), kills: reaper.kills(), rotation }
  } finally {
    await fleet.close()
  }
}

// --- writing --------------------------------------------------------------------------------------

async function write(
  host: AttackedHost,
  random: Random,
  lines: number,
  rotation: Rotation,
  reached: (line: number) => Promise<void>,
): Promise<void> {
  const middle = Math.floor(lines * (0.35 + 0.3 * random.next()))
  let rotated = false
  while (host.log.lines() < lines) {
    const left = (rotated ? lines : middle) - host.log.lines()
    if (left === 0) {
      rotated = true
      await rotate(host, random, rotation)
      if (random.chance(0.5)) host.upgrade()
      continue
    }
    await host.burst(Math.min(left, random.whole(20, 700)), () => pause(random.whole(1, 30)))
    await reached(host.log.lines())
    // The rate of the attack, not a wait for anything.
    await pause(random.whole(10, 130))
  }
}

// --- killing --------------------------------------------------------------------------------------

/** `after` ms, and mostly only once something new was stored since the last kill. */
type Kill = { line: number; victim: 'agent' | 'collector'; after: number; fresh: boolean }

// The agent is the last to go, so that its patience with a collector that was often away does not
// make the end long.
function planKills(random: Random, { lines, kills }: CampaignOptions): Kill[] {
  const plan = Array.from({ length: kills }, (): Kill => {
    const line = random.whole(Math.floor(lines * 0.02), Math.floor(lines * 0.97))
    return {
      line,
      victim: random.pick(['agent', 'collector']),
      after: random.whole(0, 150),
      fresh: random.chance(0.8),
    }
  })
  plan.sort((one, other) => one.line - other.line)
  const last = plan.at(-1)
  if (last !== undefined) last.victim = 'agent'
  return plan
}

type Reaper = {
  /** Resolves once the victim is back from its kill before this one: kills fall where lines still come. */
  send: (kill: Kill | undefined) => Promise<void>
  done: () => Promise<void>
  kills: () => number
}

// One at a time per program; the two may be down together.
function openReaper(fleet: Fleet, { agent }: AttackedHost, options: CampaignOptions): Reaper {
  const busy = { agent: Promise.resolve(), collector: Promise.resolve() }
  const victims: Record<Kill['victim'], Daemon> = { agent, collector: fleet.collector }
  let kills = 0
  let stored = 0
  const progress = async () => {
    const now = () => Number(fleet.rows('SELECT max(n) AS n FROM finding')[0]?.['n'])
    // Where nothing comes any more it is killed all the same.
    await until('something new', () => now() > stored, 1_500).catch(() => undefined)
    stored = now()
  }
  const perform = async ({ victim, after, fresh }: Kill) => {
    if (fresh) await progress()
    await pause(after)
    await victims[victim].kill()
    kills += 1
    options.whileDown?.(fleet, victim)
    await victims[victim].start()
  }
  return {
    async send(kill) {
      if (kill === undefined) return
      await busy[kill.victim]
      busy[kill.victim] = perform(kill)
      // Heard by the next one or by done(); until then it must not end the process.
      busy[kill.victim].catch(() => undefined)
    },
    done: async () => void (await Promise.all(Object.values(busy))),
    kills: () => kills,
  }
}
