import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Daemon } from '../support/daemon.ts'
import { caughtUp, type Fleet } from '../support/fleet.ts'
import type { Random } from '../support/random.ts'
import { openAttack } from './attack.ts'
import { type AttackedJournal, openAttackedJournal } from './attacked-journal.ts'
import { type AttackedLog, openAttackedLog } from './attacked-log.ts'
import type { Told } from './verdict.ts'

/** A host of the fleet: its agent, and what is going on there. */
type Attacked = {
  name: string
  agent: Daemon
  told: Told
  /** Writes the next so many lines; now and then in two pieces, with `between` in the middle. */
  burst: (lines: number, between: () => Promise<void>) => Promise<void>
  /** From now on the stamps are the newer ones, as after an upgrade of the host. */
  upgrade: () => void
  /** Resolves once the collector has stored everything written. */
  caughtUp: (within?: number) => Promise<void>
}

export type AttackedHost = Attacked & { log: AttackedLog }

/** A host without a text log; journald keeps no stamps to upgrade. */
export type JournalHost = Attacked & { journal: AttackedJournal }

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

/** The same host where its agent reads the journal. */
export async function openJournalHost(
  fleet: Fleet,
  name: string,
  random: Random,
  { collector = fleet.url, from = Date.now() - 30 * hour }: HostOptions = {},
): Promise<JournalHost> {
  const folder = join(fleet.folder, name)
  mkdirSync(folder, { mode: 0o700 })
  const journal = openAttackedJournal(folder, from)
  const { programs, expected } = journal
  const agent = await fleet.addAgent(name, { log: 'journal', collector, programs })
  const attack = openAttack({
    random: random.fork(),
    hosts: [name, `${name}-router`],
    age: random.pick(['middle', 'new']),
    stamps: 'RFC 3339',
    from,
  })
  return {
    name,
    agent,
    journal,
    told: { agent: name, expected },
    burst: async (count, between) => {
      const lines = Array.from({ length: count }, attack.next)
      const cut = random.chance(0.3) ? Math.floor(count / 2) : 0
      if (cut > 0) await journal.write(lines.slice(0, cut))
      if (cut > 0) await between()
      await journal.write(lines.slice(cut))
    },
    upgrade: () => undefined,
    caughtUp: (within) => {
      const { file, offset } = journal.end()
      return caughtUp(fleet, name, file, offset, within)
    },
  }
}
