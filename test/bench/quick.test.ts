import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { order } from './results.ts'

const results = fileURLToPath(new URL('RESULTS.md', import.meta.url))

// Whether it is fast is not asked here: other tests run beside it.
test('every bench runs and fills its tables; a quick run keeps nothing', {
  timeout: 9 * 60_000,
}, async () => {
  const before = readFileSync(results, 'utf8')
  const run = fileURLToPath(new URL('run.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [run, '--quick'], {
    maxBuffer: 1 << 26,
  })
  const sections = stdout.split(/^(?=## )/m)
  assert.deepEqual(
    sections.map((section) => /^## (.*)/.exec(section)?.[1]),
    order.filter((name) => existsSync(new URL(`${name}.ts`, import.meta.url))),
  )
  for (const section of sections) {
    assert.match(section, /^\| .* \|$/m)
    assert.doesNotMatch(section, /NaN|undefined|Infinity/)
  }
  assert.equal(readFileSync(results, 'utf8'), before)
})
