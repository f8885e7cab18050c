/**
 * Thousands of agents cut off at once and coming back, to a collector that is a real process: everybody
 * is served, nothing is lost, and the page answers meanwhile.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openAgents } from '../../collector/store/agents.ts'
import { openDatabase } from '../../collector/store/database.ts'
import { makePrivateKey, publicKeyOf, readPrivateKey } from '../../shared/handshake.ts'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { until } from '../support/until.ts'

/** The source every agent of the crowd reads. */
export const source = '/var/log/auth.log'

export type Crowd = {
  agents: number
  /** Findings of each agent before, while and after they were cut off, and how many the store holds. */
  findingsEach: number
  stored: number
  /** Agents whose findings are not exactly theirs. */
  wrong: number
  /** Seconds from the first start until everybody is served, and from the return. */
  firstSeconds: number
  backSeconds: number
  /** Why connections were lost or refused while all came back, and how often. */
  lost: Record<string, number>
  /** What the page's API took to answer while all came back, ms. */
  answers: { n: number; median: number; most: number }
}

/** Plays it with so many agents in so many processes; each phase may take `within` seconds. */
export async function playCrowd(agents: number, processes: number, within: number): Promise<Crowd> {
  const fleet = await openFleet()
  const children: ChildProcess[] = []
  const lost = new Map<ChildProcess, [string, number][]>()
  try {
    const keys = await enrol(fleet, agents)
    const started = performance.now()
    for (let at = 0; at < processes; at++) {
      const [first, last] = [at, at + 1].map((n) => Math.round((n * agents) / processes))
      const child = fork(program, [fleet.url, keys, String(first), String(last)])
      child.on('message', (said: [string, number][]) => lost.set(child, said))
      children.push(child)
    }
    const grow = (length: number): void => {
      for (const child of children) child.send({ length })
    }
    grow(7)
    await served(fleet, agents, 7, within, lost)
    const firstSeconds = (performance.now() - started) / 1000
    const before = sums(lost.values())
    // The first question makes a token, by a command of its own.
    await fleet.ask('/api/v1/totals')

    // More is on its way when the collector dies, and more is written while it is away.
    grow(9)
    await fleet.collector.kill()
    grow(12)
    await fleet.collector.start()
    const back = performance.now()
    const watch = watchPage(fleet)
    await served(fleet, agents, 12, within, lost)
    const backSeconds = (performance.now() - back) / 1000
    const answers = await watch.stop()
    // The children say how many tries they lost once a second.
    await pause(1100)
    return {
      agents,
      findingsEach: 12,
      stored: stored(fleet),
      wrong: agents - rightOnes(fleet, 12),
      firstSeconds,
      backSeconds,
      lost: Object.fromEntries(
        [...sums(lost.values())].map(([why, n]) => [why, n - (before.get(why) ?? 0)]),
      ),
      answers,
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await fleet.close()
  }
}

const program = fileURLToPath(new URL('crowd-agents.ts', import.meta.url))

async function enrol(fleet: Fleet, agents: number): Promise<string> {
  const keys = Array.from({ length: agents }, makePrivateKey)
  const file = join(fleet.folder, 'keys.json')
  writeFileSync(file, JSON.stringify(keys))
  const db = openDatabase(fleet.database)
  const store = openAgents(db)
  for (const [at, pem] of keys.entries())
    store.add(`host${at}`, publicKeyOf(readPrivateKey(pem)), at)
  db.close()
  return file
}

// Everything of everybody is on disk, and everybody is connected.
async function served(
  fleet: Fleet,
  agents: number,
  each: number,
  within: number,
  lost: Map<ChildProcess, [string, number][]>,
): Promise<void> {
  await until(
    () =>
      `${agents} agents with ${each} findings each; there are ${stored(fleet)} of ${online(fleet)} online, lost: ${JSON.stringify([...sums(lost.values())])}`,
    () => stored(fleet) >= agents * each && online(fleet) === agents,
    within * 1000,
  )
}

function stored(fleet: Fleet): number {
  return Number(fleet.rows('SELECT count(*) AS n FROM finding')[0]?.['n'])
}

function online(fleet: Fleet): number {
  return Number(fleet.rows('SELECT count(*) AS n FROM agent WHERE online = 1')[0]?.['n'])
}

function rightOnes(fleet: Fleet, each: number): number {
  const [row] = fleet.rows(
    `SELECT count(*) AS n FROM (
       SELECT agent FROM finding JOIN file ON file.id = finding.file
       GROUP BY agent HAVING count(*) = ? AND count(DISTINCT offset) = ? AND max(offset) = ?)`,
    each,
    each,
    each,
  )
  return Number(row?.['n'])
}

function watchPage(fleet: Fleet): { stop: () => Promise<Crowd['answers']> } {
  const times: number[] = []
  let watching = true
  const loop = async (): Promise<void> => {
    while (watching) {
      const asked = performance.now()
      await fleet.ask('/api/v1/totals?since=24h')
      times.push(performance.now() - asked)
      await pause(100)
    }
  }
  const done = loop()
  return {
    stop: async () => {
      watching = false
      await done
      const sorted = times.toSorted((a, b) => a - b)
      const median = sorted[sorted.length >> 1] ?? Number.NaN
      return { n: times.length, median, most: sorted.at(-1) ?? Number.NaN }
    },
  }
}

function sums(all: Iterable<[string, number][]>): Map<string, number> {
  const found = new Map<string, number>()
  for (const [why, n] of [...all].flat()) found.set(why, (found.get(why) ?? 0) + n)
  return found
}
