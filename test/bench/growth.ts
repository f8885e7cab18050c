import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { open, skip, startBrowser } from '../browser/person.ts'
import { wordsOf } from '../support/daemon.ts'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { until } from '../support/until.ts'
import { type Bench, figure, median, type Setting, type Table } from './bench.ts'
import { openCorpus, writeCorpus } from './corpus.ts'
import { openFollower, settled } from './followers.ts'
import { attemptsIn } from './live.ts'
import { inTurn, medianCost } from './measure.ts'
import { cpuOf, memoryOf, treeOf } from './process.ts'
import { seed } from './seed.ts'

export const bench: Bench = {
  about:
    'What becomes of it all as things grow: the file that is scanned, the lines an agent has followed since it started, the findings a collector has stored.',
  run: async (setting) => [await ofFile(setting), await ofUptime(setting), await ofStore(setting)],
}

async function ofFile({ quick, folder, programs, say }: Setting): Promise<Table> {
  const sizes = quick ? [2000] : [100_000, 1_000_000, 5_000_000]
  const rows: string[][] = []
  for (const lines of sizes) {
    const log = join(folder, 'growing.log')
    const bytes = writeCorpus(log, 'attack', lines)
    const words = [process.execPath, ...wordsOf(programs.agent), 'scan', '--json', log]
    const name = `scan of ${lines.toLocaleString('en')} lines`
    const costs = await inTurn([{ name, words }], quick ? 1 : 3, say)
    const { cpu, peak } = medianCost(costs.get(name) ?? [])
    const each = figure((cpu / lines) * 1e6)
    rows.push([
      lines.toLocaleString('en'),
      figure(bytes / 2 ** 20),
      figure(cpu),
      each,
      figure(peak),
    ])
  }
  return {
    title: 'With the size of the file',
    columns: ['lines', 'file MiB', 'CPU s', 'µs per line', 'peak MiB'],
    rows,
    notes: ['The start of the process is in every figure: about 0.1 s of CPU.'],
  }
}

async function ofUptime(setting: Setting): Promise<Table> {
  const most = setting.quick ? 16_000 : 2_000_000
  const log = join(setting.folder, 'uptime.log')
  writeFileSync(log, '')
  const follower = await openFollower('agent', log, setting)
  if (typeof follower === 'string') throw new Error(follower)
  const next = openCorpus('attack', { perSecond: 100 })
  const rows: string[][] = []
  try {
    for (let [written, shown] = [0, most / 8]; written < most; ) {
      const before = cpuOf(treeOf(follower.pid()))
      const from = written
      for (; written < shown; written += 2000) {
        appendFileSync(log, Array.from({ length: 2000 }, next).join(''))
        if (written % 100_000 === 0) setting.say(`${written} lines followed`)
        await pause(setting.quick ? 5 : 50)
      }
      await settled(follower.pid)
      const cost = ((cpuOf(treeOf(follower.pid())) - before) / (written - from)) * 1e6
      const { rss, anonymous } = memoryOf([follower.pid()])
      rows.push([written.toLocaleString('en'), figure(cost), figure(rss), figure(anonymous)])
      shown *= 2
    }
    const expected = attemptsIn(log, setting)
    await until('every attempt counted', () => follower.attempts?.() === expected)
  } finally {
    await follower.close()
  }
  return {
    title: 'With the time an agent has run',
    columns: [
      'lines followed',
      'µs of CPU per line since the row above',
      'RSS MiB',
      'anonymous MiB',
    ],
    rows,
    notes: [],
  }
}

async function ofStore({ quick, folder, programs, say }: Setting): Promise<Table> {
  const sizes = quick ? [5000] : [100_000, 1_000_000, 5_000_000]
  const rows: string[][] = []
  for (const findings of sizes) {
    const disk = join(folder, `stored-${findings}`)
    mkdirSync(disk)
    say(`storing ${findings.toLocaleString('en')} findings`)
    seed(join(disk, 'cibot.db'), findings, Date.now())
    const fleet = await openFleet({}, { disk, programs })
    try {
      say(`asking a collector with ${findings.toLocaleString('en')} findings`)
      const answers: string[] = []
      for (const question of questions) answers.push(await asked(fleet, question, quick ? 1 : 7))
      const size = statSync(fleet.database).size / 2 ** 20
      const { rss } = memoryOf([fleet.collector.pid() ?? 0])
      const page = await painted(fleet, quick ? 1 : 5)
      rows.push([findings.toLocaleString('en'), figure(size), figure(rss), ...answers, page])
    } finally {
      await fleet.close()
    }
  }
  return {
    title: 'With the findings stored',
    columns: ['findings', 'MiB on disk', 'RSS MiB', ...questions, 'first paint'],
    rows,
    notes: [
      'ms of the collector’s CPU for an answer, the median of different spans, so that none is kept from the one before; the page’s first paint in ms on the wall, of Chromium.',
    ],
  }
}

const questions = ['totals', 'chart', 'attackers', 'top?by=user', 'findings'] as const

async function asked(fleet: Fleet, question: string, turns: number): Promise<string> {
  const pid = [fleet.collector.pid() ?? 0]
  const costs: number[] = []
  for (let turn = 0; turn <= turns; turn++) {
    const before = cpuOf(pid)
    const joint = question.includes('?') ? '&' : '?'
    await fleet.ask(
      `/api/v1/${question}${joint}since=${30 + turn}d&limit=25`.replace(unlimited, ''),
    )
    if (turn > 0) costs.push((cpuOf(pid) - before) * 1000)
  }
  return figure(median(costs))
}

// Two of the questions have no limit to their answers.
const unlimited = /(?<=(?:totals|chart).*)&limit=25/

async function painted(fleet: Fleet, turns: number): Promise<string> {
  if (skip !== false) return '–'
  const browser = await startBrowser()
  try {
    const { page } = await open(browser)
    await page.goto((await fleet.command('link', 'ana')).match(/http\S+/)?.[0] ?? '')
    const paints: number[] = []
    for (let turn = 0; turn < turns; turn++) {
      await page.goto(`${fleet.url}/`)
      await page.waitForSelector('#hosts .spark', { timeout: 60_000 })
      const paint =
        'performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? performance.now()'
      paints.push(Number(await page.evaluate(paint)))
    }
    return figure(median(paints))
  } finally {
    await browser.close()
  }
}
