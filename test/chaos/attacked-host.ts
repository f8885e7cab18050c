import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Daemon } from '../support/daemon.ts'
import { caughtUp, type Fleet } from '../support/fleet.ts'
import type { Random } from '../support/random.ts'
import { openAttack } from './attack.ts'
import { type AttackedLog, openAttackedLog } from './attacked-log.ts'
import type { Told } from './verdict.ts'

/** A host of the fleet: its agent, its log, and what is going on there. */
export type AttackedHost = {
  name: string
  agent: Daemon
  log: AttackedLog
  told: Told
  /** Writes the next so many lines; now and then in two pieces, with `between` in the middle. */
  burst: (lines: number, between: () => Promise<void>) => Promise<void>
  /** From now on the stamps are the newer ones, as after an upgrade of the host. */
  upgrade: () => void
  /** Resolves once the collector has stored everything written. */
  caughtUp: (within?: number) => Promise<void>
}

export type HostOptions = {
  /** Where its agent finds the collector, if not directly. */
  collector?: string
  /** ms UTC of its first line; 30 hours ago if not said. */
  from?: number
}

const hour = 3_600_000

/** Enrols a host, not started yet, under attack since yesterday; it relays the log of a neighbour. */
export async function openAttackedHost(
  fleet: Fleet,
  name: string,
  random: Random,
  { collector = fleet.url, from = Date.now() - 30 * hour }: HostOptions = {},
): Promise<AttackedHost> {
  const folder = join(fleet.folder, name)
  mkdirSync(folder, { mode: 0o700 })
  const log = openAttackedLog(folder, 'auth.log')
  const agent = await fleet.addAgent(name, { log: log.path, collector })
  const attack = openAttack({
    random: random.fork(),
    hosts: [name, `${name}-router`],
    age: random.pick(['old', 'middle', 'new']),
    stamps: random.pick(['RFC 3339', 'RFC 3164']),
    from,
  })
  return {
    name,
    agent,
    log,
    told: { agent: name, expected: log.expected },
    burst: (count, between) => {
      const lines = Array.from({ length: count }, attack.next)
      return log.write(lines, random.chance(0.3) ? between : undefined)
    },
    upgrade: () => attack.changeStamps('RFC 3339'),
    caughtUp: (within) => {
      const { file, offset } = log.end()
      return caughtUp(fleet, name, file, offset, within)
    },
  }
}
