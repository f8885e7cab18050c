/**
 * `npm test`: every test this machine can run, two files at a time; then those that measure, alone, so
 * that nothing beside them moves their figures. Ends with what was skipped and why, and one line of
 * sums. With arguments it runs those files only.
 */
import { globSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const measuring = ['test/browser/load.test.ts']
const apart = ['test/fleet/rollout.test.ts']
const patience = 10 * 60_000

const named = process.argv.slice(2)
const all = globSync('test/**/*.test.ts').toSorted()
const stages =
  named.length > 0
    ? [{ files: named, concurrency: 1 }]
    : [
        {
          files: all.filter((file) => !measuring.includes(file) && !apart.includes(file)),
          concurrency: 2,
        },
        { files: measuring, concurrency: 1 },
      ]

const sums = { passed: 0, failed: 0, skipped: 0 }
const skipped: string[] = []
if (named.length === 0) {
  sums.skipped += apart.length
  skipped.push(
    'the roll-out by Ansible on real hosts: some minutes and root; npm run test:fleet runs it',
  )
}
for (const stage of stages) {
  const tests = run({ ...stage, timeout: patience })
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
for (const one of skipped) process.stdout.write(`skipped: ${one}\n`)
process.stdout.write(`${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped\n`)
process.exitCode = sums.failed > 0 || sums.passed === 0 ? 1 : 0
