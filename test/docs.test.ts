import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

// CONTRIBUTING once led to a file that had moved a week before.
const pages = ['CONTRIBUTING.md', 'test/FAULTS.md', 'test/SECURITY.md']
const PATH = /[`|] ?((?:agent|collector|shared|test|ansible|scripts)\/[\w./-]+)[` ]/g

for (const page of pages) {
  test(`every file that ${page} names is there`, () => {
    const text = readFileSync(new URL(`../${page}`, import.meta.url), 'utf8')
    const named = [...text.matchAll(PATH)].map((match) => match[1] ?? '')
    assert.ok(named.length > 0)
    assert.deepEqual(
      named.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url))),
      [],
    )
  })
}
