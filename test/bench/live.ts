import { execFileSync } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { wordsOf } from '../support/daemon.ts'
import { until } from '../support/until.ts'
import { type Bench, figure, median, type Setting, type Table } from './bench.ts'
import { type Mix, openCorpus } from './corpus.ts'
import { type Follower, openFollower, settled } from './followers.ts'
import { cpuOf, treeOf } from './process.ts'

export const bench: Bench = {
  about:
    'Lines appended to a log, each program following a log of its own: CPU of its whole process tree per line. The agent sends what it finds to a collector, over the wire; a turn ends when that has every attempt on disk.',
  run: async (setting) => {
    const tables: Table[] = []
    for (const way of ways) tables.push(await follow(way, setting))
    return tables
  },
}

const contenders = ['agent', 'sshguard', 'fail2ban-server'] as const

/** How lines come: so many in one write, and one write every so many ms. */
type Way = { title: string; mix: Mix; lines: number; atOnce: number; everyMs: number }

const dense = { lines: 40_000, atOnce: 1000, everyMs: 50 }
const ways: readonly Way[] = [
  { title: 'Attack, 20,000 lines/s', mix: 'attack', ...dense },
  { title: '95 % noise, 20,000 lines/s', mix: 'noise', ...dense },
  { title: 'Attack, line by line', mix: 'attack', lines: 3000, atOnce: 1, everyMs: 1 },
]

async function follow(way: Way, setting: Setting): Promise<Table> {
  const { title, mix } = way
  const turns = setting.quick ? 1 : 5
  const lines = setting.quick ? way.lines / 20 : way.lines
  const followers: { follower: Follower; log: string; costs: number[] }[] = []
  const notes: string[] = []
  try {
    for (const name of contenders) {
      const log = join(setting.folder, `live-${mix}-${way.atOnce}-${name}.log`)
      writeFileSync(log, '')
      const follower = await openFollower(name, log, setting)
      if (typeof follower === 'string') notes.push(follower)
      else followers.push({ follower, log, costs: [] })
    }
    for (let turn = 0; turn <= turns; turn++) {
      for (const { follower, log, costs } of followers) {
        setting.say(`${title}, ${follower.name}, turn ${turn} of ${turns}`)
        const cost = await feed(follower, log, { ...way, lines }, turn, setting)
        if (turn > 0) costs.push((cost / lines) * 1e6)
      }
    }
  } finally {
    for (const { follower } of followers) await follower.close()
  }
  const own = followers[0]?.costs ?? []
  return {
    title,
    columns: ['', 'µs of CPU per line', 'times the agent’s'],
    rows: followers.map(({ follower, costs }) => [
      follower.name,
      figure(median(costs)),
      figure(median(costs.map((cost, turn) => cost / (own[turn] ?? Number.NaN)))),
    ]),
    notes: [
      `Median of ${turns} turns of ${lines.toLocaleString('en')} lines, after one that is not counted; every attempt counted.`,
      ...notes,
    ],
  }
}

async function feed(
  follower: Follower,
  log: string,
  { mix, lines, atOnce, everyMs }: Way,
  turn: number,
  setting: Setting,
): Promise<number> {
  const next = openCorpus(mix, { seed: turn + 1, perSecond: (atOnce * 1000) / everyMs })
  const tree = treeOf(follower.pid())
  const before = cpuOf(tree)
  for (let written = 0; written < lines; written += atOnce) {
    appendFileSync(log, Array.from({ length: Math.min(atOnce, lines - written) }, next).join(''))
    await pause(everyMs)
  }
  await exact(follower, log, setting)
  await settled(follower.pid)
  return cpuOf(tree) - before
}

// A follower that is fast because it drops lines would not count, nor one that waits for somebody else
// to take what it found and is still for that long.
async function exact(follower: Follower, log: string, setting: Setting): Promise<void> {
  if (follower.attempts === undefined) return
  const expected = attemptsIn(log, setting)
  await until(
    () => `${expected} attempts; there are ${follower.attempts?.()}`,
    () => follower.attempts?.() === expected,
  )
}

/** Attempts that a scan finds in a log. */
export function attemptsIn(log: string, { programs, folder }: Setting): number {
  const words = [...wordsOf(programs.agent), 'scan', '--json', log]
  const options = { cwd: folder, maxBuffer: 1 << 28 }
  const found = JSON.parse(String(execFileSync(process.execPath, words, options)))
  return Number(found.attempts)
}
