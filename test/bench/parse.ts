import { rmSync } from 'node:fs'
import { flags } from '../../scripts/flags.ts'
import { type Bench, figure, median, type Setting, type Table } from './bench.ts'
import { type Mix, writeCorpus } from './corpus.ts'
import { type Command, type Cost, inTurn, medianCost, ratio } from './measure.ts'
import { findPeer } from './peers.ts'

export const bench: Bench = {
  about:
    'A log read once from its beginning to its end: `scan --json` understands every line, folds the sessions and adds up who did what, beside programs that do a part of it. Process start included.',
  async run(setting) {
    const tables: Table[] = []
    for (const { title, mix, lines, turns } of setting.quick ? small : logs) {
      tables.push(await table(setting, title, mix, lines, turns))
    }
    return tables
  },
}

type Log = { title: string; mix: Mix; lines: number; turns: number }

const logs: readonly Log[] = [
  { title: '1 M lines under attack', mix: 'attack', lines: 1e6, turns: 5 },
  { title: '1 M lines, 95 % of them of others', mix: 'noise', lines: 1e6, turns: 5 },
  { title: '1 M lines under attack, RFC 3339 stamps', mix: 'RFC 3339', lines: 1e6, turns: 3 },
  { title: '1 M lines of OpenSSH 9 and 10', mix: 'modern', lines: 1e6, turns: 3 },
  { title: '5 M lines under attack', mix: 'attack', lines: 5e6, turns: 3 },
  { title: '15 M lines under attack', mix: 'attack', lines: 15e6, turns: 1 },
]
const small: readonly Log[] = [
  { title: '20,000 lines under attack', mix: 'attack', lines: 20_000, turns: 1 },
]

const onOneCore = 'CIBot on one core'

/** What takes minutes for a million lines reads a part of them, and is reckoned up. */
const partOf = 10

async function table(
  { folder, programs, say, quick }: Setting,
  title: string,
  mix: Mix,
  lines: number,
  turns: number,
): Promise<Table> {
  const file = `${folder}/${mix.replaceAll(' ', '')}-${lines}.log`
  const part = `${folder}/part.log`
  say(`writing ${title}`)
  const bytes = writeCorpus(file, mix, lines)
  writeCorpus(part, mix, Math.ceil(lines / partOf))
  const ours = [process.execPath, ...flags.agent, programs.agent, 'scan', '--json', file]
  const commands: Command[] = [
    { name: 'CIBot', words: ours },
    { name: onOneCore, words: ['taskset', '-c', '0', ...ours] },
    // into a file: where nobody listens (/dev/null), grep stops at the first line it finds
    { name: "grep -c 'sshd\\['", words: ['grep', '-c', 'sshd\\[', file], output: `${folder}/grep` },
  ]
  const notes: string[] = []
  const guard = findPeer('sshguard-parser')
  if (typeof guard === 'string') notes.push(guard)
  else commands.push({ name: guard.name, words: [guard.path], input: file })
  const ban = findPeer('fail2ban-regex')
  const isLong = quick || lines > 1e6
  if (typeof ban === 'string') notes.push(ban)
  else if (!isLong) {
    commands.push({ name: ban.name, words: [ban.path, part, 'sshd'], codes: [255] })
    notes.push('fail2ban-regex read a tenth of the lines; its time is reckoned up')
  }
  const costs = await inTurn(commands, turns, say)
  rmSync(file)
  // Two threads warm up twice, so what a line costs is seen on one core, and what they save on the wall.
  const alone = costs.get(onOneCore) ?? []
  const walls = alone.map(
    ({ wall }, turn) => wall / (costs.get('CIBot')?.[turn]?.wall ?? Number.NaN),
  )
  notes.push(
    `By the clock CIBot takes ${figure(median(walls))} times as long on one core as on two.`,
  )
  return {
    title: `${title} (${Math.round(bytes / 1e6)} MB)`,
    columns: ['', 'CPU s', 'wall s', 'peak MiB', 'µs per line', 'CPU ÷ CIBot’s on one core'],
    rows: commands.map(({ name, words }) => {
      return row(name, costs.get(name) ?? [], alone, lines, words.includes(part) ? partOf : 1)
    }),
    notes,
  }
}

function row(
  name: string,
  costs: readonly Cost[],
  ours: readonly Cost[],
  lines: number,
  times: number,
): string[] {
  const { cpu, wall, peak } = medianCost(costs)
  return [
    name,
    figure(cpu * times),
    figure(wall * times),
    figure(peak),
    figure((cpu * times * 1e6) / lines),
    figure(ratio(costs, ours) * times),
  ]
}
