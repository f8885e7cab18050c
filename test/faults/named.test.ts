/** Every test that test/FAULTS.md names must exist: a table of promises that nobody keeps is worth nothing. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('FAULTS.md names only tests and files that exist', () => {
  const page = readFileSync(`${root}test/FAULTS.md`, 'utf8')
  const sources = globSync('test/**/*.ts', { cwd: root }).map((file) =>
    plainly(readFileSync(root + file, 'utf8')),
  )
  // “A sentence in curly quotes” is a test's name or the beginning of one; `agent/main.ts` is a file.
  const names = [...page.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name)
  const files = [...page.matchAll(/`(test\/[^`]+\.ts)`/g)].map(([, file = '']) => file)
  assert.ok(names.length > 60, `only ${names.length} tests are named`)
  const missing = names.filter((name) => !sources.some((text) => text.includes(plainly(name))))
  assert.deepEqual(missing, [])
  assert.deepEqual(
    files.filter((file) => !existsSync(root + file)),
    [],
  )
})

// A name may stand in two lines of the page, or with another apostrophe.
function plainly(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[’']/g, "'").replaceAll("\\'", "'")
}
