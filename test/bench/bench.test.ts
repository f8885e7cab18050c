import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/log-writer.ts'
import { figure, median, quantile } from './bench.ts'
import { openCorpus, writeCorpus } from './corpus.ts'
import { inTurn, measure, ratio } from './measure.ts'
import { keep, section } from './results.ts'

test('figures say what they are worth', () => {
  assert.deepEqual(
    [0, 0.01234, 4.567, 99.99, 1234, 123_456, Number.NaN].map((value) => figure(value)),
    ['0', '0.0123', '4.57', '100', '1230', '123,000', '–'],
  )
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(quantile([1, 2, 3, 4], 0.99), 4)
})

test('a command costs the CPU of all its processes, and its peak of memory', async () => {
  const spin = 'while (process.cpuUsage().user < 300_000);'
  const words = ['sh', '-c', `"$0" -e '${spin}' & wait`, process.execPath]
  const cost = await measure({ name: 'spin', words })
  assert.ok(cost.cpu > 0.25, `${cost.cpu} s of CPU`)
  assert.ok(cost.wall > 0.2, `${cost.wall} s`)
  assert.ok(cost.peak > 20, `${cost.peak} MiB`)
  await assert.rejects(
    measure({ name: 'no', words: ['sh', '-c', 'echo why >&2; exit 3'] }),
    /no: exit 3: why/,
  )
})

test('commands take turns, and the first round does not count', async () => {
  const said: string[] = []
  const commands = ['a', 'b'].map((name) => ({ name, words: ['true'] }))
  const costs = await inTurn(commands, 2, (text) => said.push(text))
  assert.deepEqual(said, [
    'a, warm-up',
    'b, warm-up',
    'a, turn 1 of 2',
    'b, turn 1 of 2',
    'a, turn 2 of 2',
    'b, turn 2 of 2',
  ])
  assert.equal(costs.get('a')?.length, 2)
  const cost = { user: 1, sys: 1, cpu: 2, wall: 2, peak: 1 }
  assert.equal(ratio([cost, { ...cost, cpu: 6 }], [cost, cost]), 2)
})

test('a corpus is the same for the same seed, whatever its mix', () => {
  const { path, remove } = temporaryFolder()
  for (const mix of ['attack', 'noise', 'RFC 3339', 'modern'] as const) {
    const from = Date.parse('2026-11-01T00:00:00Z')
    const next = openCorpus(mix, { seed: 7, from })
    const expected = Array.from({ length: 500 }, next).join('')
    const bytes = writeCorpus(join(path, 'log'), mix, 500, { seed: 7, from })
    assert.equal(readFileSync(join(path, 'log'), 'utf8'), expected)
    assert.equal(bytes, expected.length)
  }
  remove()
})

test('the results keep the parts that were not run again', () => {
  const { path, remove } = temporaryFolder()
  const file = join(path, 'RESULTS.md')
  const tables = [{ title: 'T', columns: ['what', 'n'], rows: [['a', '1']], notes: ['note'] }]
  const bench = { about: 'About.', run: async () => tables }
  writeFileSync(file, '# old\n\n## latency\n\nkept\n\n## live\n\ngone\n')
  keep(file, new Map([['live', section('live', bench, tables)]]))
  const text = readFileSync(file, 'utf8')
  assert.match(
    text,
    /^# How fast\n[\s\S]*## live\n\nAbout\.[\s\S]*\| a {4}\| 1 \|\n\n- note\n\n## latency\n\nkept\n$/,
  )
  assert.doesNotMatch(text, /gone|# old/)
  remove()
})
