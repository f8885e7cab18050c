import { spawn } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { keepLinked } from '../../agent/link/link.ts'
import { openAgents } from '../../collector/store/agents.ts'
import { openDatabase } from '../../collector/store/database.ts'
import { makePrivateKey, publicKeyOf, readPrivateKey } from '../../shared/handshake.ts'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { until } from '../support/until.ts'
import { type Bench, figure, median, type Setting, type Table } from './bench.ts'
import { openCorpus } from './corpus.ts'
import { openFollower } from './followers.ts'
import { attemptsIn } from './live.ts'
import { cpuOf, memoryOf, peakOf, treeOf } from './process.ts'

export const bench: Bench = {
  about:
    'The agent and its peers with nothing to do, the collector with 50 agents that have nothing to say, and the agent in a burst. MiB by the kernel’s account of their pages; CPU in % of one core.',
  run: async (setting) => [
    await atRest(setting),
    await collectorAtRest(setting),
    await burst(setting),
  ],
}

async function atRest(setting: Setting): Promise<Table> {
  const rows = [await nodeAlone()]
  const notes: string[] = []
  const seconds = setting.quick ? 1 : 45
  for (const name of ['agent', 'agent, TLS', 'sshguard', 'fail2ban-server'] as const) {
    setting.say(`${name} at rest for ${seconds} s`)
    const log = join(setting.folder, `rest-${name}.log`)
    writeFileSync(log, openCorpus('attack')())
    const follower = await openFollower(name, log, setting)
    if (typeof follower === 'string') {
      notes.push(follower)
      continue
    }
    try {
      await pause(setting.quick ? 500 : 5000)
      const tree = treeOf(follower.pid())
      const used: number[] = []
      for (let second = 0; second < seconds; second++) {
        const before = cpuOf(tree)
        await pause(1000)
        used.push((cpuOf(tree) - before) * 100)
      }
      const all = used.reduce((sum, one) => sum + one, 0) / seconds
      const { rss, anonymous } = memoryOf(tree)
      const ready = follower.readyAfter === undefined ? '–' : figure(follower.readyAfter, 2)
      const between = median(used).toFixed(3)
      rows.push([follower.name, figure(rss), figure(anonymous), all.toFixed(3), between, ready])
    } finally {
      await follower.close()
    }
  }
  return {
    title: 'At rest',
    columns: ['', 'RSS MiB', 'anonymous MiB', 'CPU %', 'its median second', 'exec → connected ms'],
    rows,
    notes: [
      `${seconds} s with all their pings, of which the median second has none; goal for the agent: 58 MiB, 16 MiB anonymous, 0.00 % between pings, connected within 100 ms (median of nine starts, after one).`,
      ...notes,
    ],
  }
}

// What a system maps of a program's file at a time, and so every RSS below, differs by 20 MiB from one
// day to the next; what Node alone has then says how to read the others.
async function nodeAlone(): Promise<string[]> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 2 ** 30)'])
  try {
    await pause(2000)
    const { rss, anonymous } = memoryOf([child.pid ?? 0])
    return [`Node ${process.versions.node} alone`, figure(rss), figure(anonymous), '–', '–', '–']
  } finally {
    child.kill()
  }
}

async function collectorAtRest({ programs, quick, say }: Setting): Promise<Table> {
  const many = quick ? 3 : 50
  const seconds = quick ? 1 : 30
  say(`the collector with ${many} agents`)
  const fleet = await openFleet({}, { programs })
  const ended = new AbortController()
  const links = await Promise.all(
    enrol(fleet, many).map((key, index) => hold(fleet.url, key, index, ended.signal)),
  )
  try {
    await pause(quick ? 500 : 10_000)
    const tree = treeOf(fleet.collector.pid() ?? 0)
    const before = cpuOf(tree)
    await pause(seconds * 1000)
    const used = ((cpuOf(tree) - before) / seconds) * 100
    const { rss, anonymous } = memoryOf(tree)
    return {
      title: 'The collector at rest',
      columns: ['agents', 'RSS MiB', 'anonymous MiB', 'CPU %'],
      rows: [[String(many), figure(rss), figure(anonymous), used.toFixed(2)]],
      notes: ['Goal: under 1 % CPU and 150 MiB.'],
    }
  } finally {
    ended.abort()
    await Promise.all(links.map((link) => link.ended))
    await fleet.close()
  }
}

function enrol(fleet: Fleet, many: number): string[] {
  const db = openDatabase(fleet.database)
  const agents = openAgents(db)
  const keys = Array.from({ length: many }, makePrivateKey)
  for (const [index, key] of keys.entries()) {
    agents.add(`host-${index}`, publicKeyOf(readPrivateKey(key)), Date.now())
  }
  db.close()
  return keys
}

// The agent's own link, with nothing to follow; resolves once it is welcome.
async function hold(
  url: string,
  pem: string,
  index: number,
  signal: AbortSignal,
): Promise<{ ended: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const ended = keepLinked(
    {
      url: url.replace('http', 'ws'),
      ca: undefined,
      key: readPrivateKey(pem),
      instance: index.toString(16).padStart(32, '0'),
      version: '2.0.0',
      hostname: `host-${index}`,
      random: Math.random,
      signal,
      say: () => undefined,
    },
    async (link) => {
      resolve()
      const sources = [{ source: 'auth.log', reading: 'auth.log', lag: 0, trouble: '' }]
      const pulse = setInterval(() => link.tell({ type: 'pulse', at: Date.now(), sources }), 15_000)
      await new Promise((end) => link.signal.addEventListener('abort', end))
      clearInterval(pulse)
    },
  )
  await promise
  return { ended }
}

async function burst(setting: Setting): Promise<Table> {
  const perSecond = setting.quick ? 5000 : 100_000
  const seconds = setting.quick ? 1 : 5
  const rows: string[][] = []
  for (let turn = 1; turn <= (setting.quick ? 1 : 3); turn++) {
    setting.say(`a burst of ${perSecond} lines/s, turn ${turn}`)
    const log = join(setting.folder, `burst-${turn}.log`)
    writeFileSync(log, '')
    const follower = await openFollower('agent', log, setting)
    if (typeof follower === 'string') throw new Error(follower)
    const late = await writeFor(log, perSecond, seconds)
    const expected = attemptsIn(log, setting)
    await until('all of it counted', () => follower.attempts?.() === expected, 120_000)
    const peak = peakOf(follower.pid())
    rows.push([String(turn), figure(perSecond), figure(peak), String(expected), figure(late, 2)])
    await follower.close()
  }
  return {
    title: 'A burst',
    columns: ['turn', 'lines/s offered', 'agent’s peak MiB', 'attempts, exact', 'written in s'],
    rows,
    notes: [
      `${seconds} s long; the median peak is ${figure(median(rows.map((row) => Number(row[2]))))} MiB. Goal: exact, under 90 MiB.`,
    ],
  }
}

async function writeFor(log: string, perSecond: number, seconds: number): Promise<number> {
  const next = openCorpus('attack')
  const begun = performance.now()
  for (let written = 0; written < perSecond * seconds; ) {
    const due = Math.min(1, (performance.now() - begun) / 1000 / seconds) * perSecond * seconds
    const batch = Math.min(10_000, Math.floor(due) - written)
    if (batch > 0) appendFileSync(log, Array.from({ length: batch }, next).join(''))
    written += Math.max(0, batch)
    await pause(10)
  }
  return (performance.now() - begun) / 1000
}
