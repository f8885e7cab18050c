/**
 * `npm test`: every test this machine can run. Those on real hosts go one after the other, because there
 * is one lab; beside them all others; then those in a browser, alone, as some of them measure. Ends with
 * what was skipped and why, and one line of sums. With arguments it runs those files only.
 */
import { globSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { canBoot } from '../test/fleet/lab.ts'

/** Files that run so many at a time, each for so many ms at the most. */
type Lane = { files: string[]; concurrency: number; timeout: number }

const minute = 60_000
// A lab that brings its network up or down makes a browser drop what it is loading; and some measure.
const isAlone = (file: string): boolean => file.startsWith('test/browser/')
const isOnHosts = (file: string): boolean => file.startsWith('test/fleet/')

const named = process.argv.slice(2)
const all = globSync('test/**/*.test.ts').toSorted()
const others = all.filter((file) => !isAlone(file) && !isOnHosts(file))
// Lanes of one stage run side by side: two files at a time in all.
const stages: Lane[][] =
  named.length > 0
    ? [[{ files: named, concurrency: 1, timeout: 45 * minute }]]
    : [
        [
          { files: all.filter(isOnHosts), concurrency: 1, timeout: 45 * minute },
          { files: others, concurrency: canBoot() === undefined ? 1 : 2, timeout: 10 * minute },
        ],
        [{ files: all.filter(isAlone), concurrency: 1, timeout: 10 * minute }],
      ]

const sums = { passed: 0, failed: 0, skipped: 0 }
const skipped: string[] = []
for (const lanes of stages) await Promise.all(lanes.map(go))
for (const one of skipped) process.stdout.write(`skipped: ${one}\n`)
process.stdout.write(`${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped\n`)
process.exitCode = sums.failed > 0 || sums.passed === 0 ? 1 : 0

async function go(lane: Lane): Promise<void> {
  const tests = run(lane)
  tests.on('test:summary', ({ file, counts }) => {
    // One summary for each file, and one for all of them.
    if (file !== undefined) return
    sums.passed += counts.passed
    sums.failed += counts.tests - counts.passed - counts.skipped - counts.todo
    sums.skipped += counts.skipped
  })
  tests.on('test:pass', ({ name, skip }) => {
    if (skip !== undefined) skipped.push(`${name}: ${skip === true ? 'no reason given' : skip}`)
  })
  for await (const text of tests.compose(spec)) process.stdout.write(text)
}
