import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { median } from './bench.ts'
import { peakOf, treeOf } from './process.ts'

/** What a command cost from its start to its end, with every process it waited for. */
export type Cost = {
  /** Seconds. */
  user: number
  sys: number
  /** user + sys. */
  cpu: number
  wall: number
  /** MiB: most resident memory of its processes, each at its peak; looked at every 10 ms. */
  peak: number
}

/** Something to be timed. */
export type Command = {
  name: string
  words: readonly string[]
  /** File given as standard input. */
  input?: string
  /** File that takes standard output; thrown away where there is none. */
  output?: string
  env?: Readonly<Record<string, string>>
  /** Exit codes that are no failure, besides 0. */
  codes?: readonly number[]
}

/**
 * Runs a command once to its end. Times are the kernel's own account of the finished processes, as
 * bash's `time` gives them (to the millisecond). Rejects where the command fails.
 */
export async function measure(command: Command): Promise<Cost> {
  const { name, words, input = '/dev/null', output = '/dev/null', env = {}, codes = [] } = command
  const files = [openSync(input, 'r'), openSync(output, 'w')] as const
  const child = spawn('bash', ['-c', timed, 'bash', ...words], {
    stdio: [...files, 'pipe', 'pipe'],
    env: { ...process.env, ...env, LC_ALL: 'C' },
  })
  const [said, times] = [listen(child.stdio[2]), listen(child.stdio[3])]
  const peaks = new Map<number, number>()
  const look = setInterval(() => {
    for (const pid of treeOf(child.pid ?? 0).slice(1)) {
      peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peakOf(pid)))
    }
  }, 10)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearInterval(look)
  for (const file of files) closeSync(file)
  if (code !== 0 && !codes.includes(code ?? -1)) {
    throw new Error(`${name}: exit ${code}: ${said().slice(-500)}`)
  }
  const [user = Number.NaN, sys = Number.NaN, wall = Number.NaN] = times().split(' ').map(Number)
  return { user, sys, cpu: user + sys, wall, peak: [...peaks.values()].reduce((a, b) => a + b, 0) }
}

// The command keeps its own standard error; the times come out at descriptor 3.
const timed = `TIMEFORMAT='%3U %3S %3R'; exec 4>&2; { time "$@" 2>&4 3>&- 4>&-; } 2>&3`

function listen(stream: unknown): () => string {
  let text = ''
  ;(stream as NodeJS.ReadableStream).setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-10_000)
  })
  return () => text
}

/**
 * Runs the commands in turn, A B C A B C …, `turns` times after one round that is not counted, so
 * that a machine that slows down or speeds up does so for all. Gives every cost, by name.
 */
export async function inTurn(
  commands: readonly Command[],
  turns: number,
  say: (text: string) => void,
): Promise<Map<string, Cost[]>> {
  const costs = new Map<string, Cost[]>(commands.map(({ name }) => [name, []]))
  for (let turn = 0; turn <= turns; turn++) {
    for (const command of commands) {
      say(`${command.name}, ${turn === 0 ? 'warm-up' : `turn ${turn} of ${turns}`}`)
      const cost = await measure(command)
      if (turn > 0) costs.get(command.name)?.push(cost)
    }
  }
  return costs
}

/** The middle of each figure. */
export function medianCost(costs: readonly Cost[]): Cost {
  const of = (key: keyof Cost): number => median(costs.map((cost) => cost[key]))
  return { user: of('user'), sys: of('sys'), cpu: of('cpu'), wall: of('wall'), peak: of('peak') }
}

/** How many times more one cost than the other, turn by turn; the median of that. */
export function ratio(
  one: readonly Cost[],
  other: readonly Cost[],
  key: keyof Cost = 'cpu',
): number {
  return median(one.map((cost, turn) => cost[key] / (other[turn]?.[key] ?? Number.NaN)))
}
