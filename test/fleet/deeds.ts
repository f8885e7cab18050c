import { until } from './command.ts'
import type { Lab } from './lab.ts'

/**
 * What was done to a host, and what its log therefore has to amount to: kept by the one who did it,
 * never read out of the log. Counted by credentials refused (each password, each answer, each key),
 * or 1 where a user was named and nothing was refused; a probe is a connection that named nobody.
 * Where the log cannot show what was done, the figures are what it can show and `why` says so.
 */
export type Deed = {
  /** What was done, in words. */
  deed: string
  /** When it began, ISO 8601. */
  at: string
  host: string
  /** Which program of the host it was done to. */
  program: 'sshd' | 'dropbear' | 'sudo' | 'su' | 'accounts'
  /** The attacker's address; null for a local deed. */
  ip: string | null
  /**
   * The name that was tried as the log can show it (unescaped, cut at the first colon, where sshd
   * cuts it); for sudo and su the local user who tried; null where nobody was named or where the
   * log keeps the name to itself.
   */
  user: string | null
  attempts: number
  probes: number
  logins: number
  /** Connections turned away before they could name anybody (MaxStartups, penalties). */
  blocked?: number
  why?: string
}

/**
 * All that is known about a set of recordings. `deeds` are in the order in which they were done;
 * those of one recording are the ones with its `host`. `files` hold the same log (a journal is kept
 * as json and as export); `zone` is the host's time zone, which traditional stamps do not tell.
 */
export type Truth = {
  recordings: { host: string; kind: string; zone: string; files: string[] }[]
  deeds: Deed[]
}

/** A deed before it is entered: the ledger knows when and where. */
export type Done = Omit<Deed, 'at' | 'host'>

/** What one deed left in the log: for the eye, and for the check that it left anything. */
export type Trace = { deed: string; host: string; said: string; lines: string[] }

/** The deeds done so far and the way to do another one. */
export type Ledger = {
  lab: Lab
  deeds: Deed[]
  traces: Trace[]
  /**
   * Does something to a host and enters what it amounted to. Waits until the log has been still for
   * a second; throws where the log holds no line with the attacker's address (or none at all, for a
   * local deed), because a deed without a trace would make the truth a lie.
   */
  enter(host: string, act: () => Promise<{ deeds: Done[]; said?: string }>): Promise<void>
}

/** Opens an empty ledger over a lab. */
export function openLedger(lab: Lab): Ledger {
  const deeds: Deed[] = []
  const traces: Trace[] = []
  return {
    lab,
    deeds,
    traces,
    async enter(host, act) {
      const at = new Date().toISOString()
      const mark = await lab.mark(host)
      const done = await act()
      const lines = await stillness(lab, host, mark)
      for (const deed of done.deeds) deeds.push({ ...deed, at, host })
      const what = done.deeds.map(({ deed }) => deed).join(' + ')
      traces.push({ deed: what, host, said: done.said ?? '', lines })
      for (const { ip } of done.deeds) {
        if (lines.some((line) => ip === null || line.includes(ip))) continue
        throw new Error(`${host}: "${what}" left no line: ${done.said}\n${lines.join('\n')}`)
      }
    },
  }
}

async function stillness(lab: Lab, host: string, mark: string): Promise<string[]> {
  let [length, since] = [0, Date.now()]
  return until(`the log of ${host} comes to rest`, 60, async () => {
    const lines = await lab.since(host, mark)
    if (lines.length !== length) [length, since] = [lines.length, Date.now()]
    const patience = length === 0 ? 6000 : 1000
    return Date.now() - since >= patience ? lines : undefined
  })
}
