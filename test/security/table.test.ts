import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const read = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

test('every test that SECURITY.md names is there', () => {
  const rows = read('test/SECURITY.md')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, , file]) => file?.endsWith('.test.ts'))
  assert.ok(rows.length > 50)
  for (const [, item = '', file = '', name = ''] of rows) {
    assert.ok(name.length > 10, item)
    assert.ok(read(file).includes(name), `${file} has no test “${name}”`)
  }
})
