import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

// CONTRIBUTING once led to a file that had moved a week before.
const pages = ['CONTRIBUTING.md', 'test/FAULTS.md']
const PATH = /`((?:agent|collector|shared|test|ansible|scripts)\/[\w./-]+)`/g

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

test('every file that a comment names is there', () => {
  const sources = globSync('{agent,collector,shared,scripts,test}/**/*.{ts,tsx}', { cwd: root })
  const missing = sources.flatMap((source) =>
    namedIn(readFileSync(join(root, source), 'utf8'))
      .filter((name) => ![join(root, name), join(root, dirname(source), name)].some(existsSync))
      .map((name) => `${source} names ${name}`),
  )
  assert.ok(sources.length > 100)
  assert.deepEqual(missing, [])
})

function namedIn(source: string): string[] {
  const comments = source.split('\n').filter((line) => /^\s*(?:\/\/|\/?\*)/.test(line))
  return comments.flatMap((line) => line.match(/[\w./-]*\w\.tsx?\b/g) ?? [])
}
