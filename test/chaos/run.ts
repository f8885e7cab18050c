/**
 * npm run chaos -- [--seed N] [--minutes M] [--agents K] [--lines L] [--faults F]: a fleet under attack
 * to which everything happens at once, for M minutes and until L lines were written and F faults
 * happened. Then the same in small with a rule taken away, which must not be exact. Prints each fault
 * and a table; exit code 1 where anything is lost or counted twice, or the control notices nothing.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { changedPrograms } from '../faults/changed.ts'
import { noMarks } from '../faults/rules.ts'
import { randomOf } from '../support/random.ts'
import { type FleetOutcome, playFleet } from './fleet-campaign.ts'

const asked = readAsked()
const chance = randomOf(asked.seed)
const mostControls = 4
const quietly = () => undefined
const started = performance.now()
const faults = new Map<string, number>()
console.log(`seed ${asked.seed}, ${asked.minutes} minutes, ${asked.agents} agents`)

const outcome = await playFleet({ ...asked, random: chance, note })
tell(outcome)
const bites = await control()
process.exitCode = outcome.differences.length === 0 && bites ? 0 : 1

/** The same without marks: whatever is told again counts again. */
async function control(): Promise<boolean> {
  const { root, remove } = changedPrograms(noMarks)
  const at = (path: string) => fileURLToPath(new URL(path, root)) as `/${string}`
  const programs = { agent: at('agent/main.ts'), collector: at('collector/main.ts') }
  try {
    // Whether a fault falls between findings and their checkpoint is chance: each further one is harder.
    for (let tried = 1; tried <= mostControls; tried++) {
      const small = { minutes: 0.5, lines: 0, faults: 15 * tried, agents: 1 }
      const random = chance.fork()
      const { lines, lost, doubled } = await playFleet({
        ...small,
        random,
        note: quietly,
        programs,
      })
      console.log(`control without marks: ${lines} lines, ${lost} lost, ${doubled} doubled`)
      if (lost + doubled > 0) return true
    }
    return false
  } finally {
    remove()
  }
}

function note(whose: string, what: string): void {
  faults.set(what, (faults.get(what) ?? 0) + 1)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${seconds.padStart(7)} s  ${whose.padEnd(10)} ${what}`)
}

function tell({ expected, lost, doubled, gaps, lines, differences }: FleetOutcome): void {
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0)
  const table: [string, number][] = [
    ...[...faults].sort(([one], [other]) => (one < other ? -1 : 1)),
    ['all of it', total],
    ['lines', lines],
    ['findings', expected],
    ['gaps', gaps],
    ['lost', lost],
    ['doubled', doubled],
  ]
  console.log('')
  for (const [name, count] of table) console.log(`${name.padEnd(72)}${String(count).padStart(9)}`)
  for (const one of differences) console.log(one)
  if (differences.length > 0) console.log(`again: npm run chaos -- --seed ${asked.seed}`)
}

function readAsked() {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: { seed: text, minutes: text, agents: text, lines: text, faults: text },
  })
  const number = (given: string | undefined, otherwise: number, least: number): number => {
    const value = given === undefined ? otherwise : Number(given)
    if (Number.isFinite(value) && value >= least) return value
    console.error(`chaos: "${given}" is no number from ${least} up`)
    process.exit(2)
  }
  return {
    seed: Math.floor(number(values.seed, Date.now() % 1_000_000, 0)),
    minutes: number(values.minutes, 1, 0.1),
    agents: Math.floor(number(values.agents, 3, 1)),
    lines: number(values.lines, 0, 0),
    faults: number(values.faults, 0, 0),
  }
}
