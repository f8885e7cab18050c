/**
 * A short look with each of the fuzzers, and everything they ever found. The long look: `npm run fuzz`.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { randomOf } from '../support/random.ts'
import { campaign, type Target } from './campaign.ts'
import { mostGrown, watchMemory } from './memory.ts'
import { type Name, targets } from './targets.ts'

/** How much of each is tried here: seconds in all. */
const some = { lines: 10_000, names: 10_000, frames: 2000, bodies: 1000, settings: 1500 }
const seed = Number(process.env['FUZZ_SEED'] ?? 1)

for (const [name, least] of Object.entries(some)) {
  test(`whatever comes in as ${name}, promises are kept`, { timeout: 120_000 }, async (t) => {
    const target = (await targets[name as Name].open()) as Target<unknown>
    const { tried, kept, found } = await campaign(target, randomOf(seed), least)
    t.diagnostic(`${tried} tried with seed ${seed} (FUZZ_SEED), ${kept} kept`)
    assert.deepEqual(found, [])
    assert.ok(tried >= least)
    // A guide that sees nothing new in any of them has lost its eyes.
    assert.ok(kept > target.seeds.length)
  })
}

const folder = new URL('found/', import.meta.url)
for (const file of existsSync(folder) ? readdirSync(folder) : []) {
  const text = readFileSync(new URL(file, folder), 'utf8')
  const {
    target: name,
    why,
    input,
  } = JSON.parse(text) as {
    target: Name
    why: string
    input: unknown
  }
  test(`found before, in ${name}: ${why} (${file})`, { timeout: 60_000 }, async () => {
    const target = (await targets[name].open()) as Target<unknown>
    await target.run(input)
    await target.end?.()
  })
}

test('a broken promise is found, made small and told', async () => {
  const target: Target<string> = {
    name: 'a toy',
    seeds: ['no harm'],
    mutate: (text, random) => text + random.pick(['a', 'b', 'c']),
    run: (text) => {
      if (/harm.*b.*c/.test(text)) throw new Error('broken')
      return 1
    },
    smaller: function* smaller(text) {
      for (let at = 0; at < text.length; at++) yield text.slice(0, at) + text.slice(at + 1)
    },
  }
  // No code of ours runs in it, so nothing guides: the seed is one step away.
  const { found } = await campaign({ ...target, seeds: ['no harm, b'] }, randomOf(1), 64)
  assert.equal(found[0]?.input, 'harmbc')
  assert.match(String(found[0]?.error), /broken/)
})

for (const keeps of [true, false]) {
  test(`memory ${keeps ? 'grows' : 'is flat'} where all that is tried is ${keeps ? 'kept' : 'let go'}`, () => {
    const kept: string[][] = []
    const memory = watchMemory(2000)
    for (let tried = 0; tried <= 2000; tried++) {
      memory.beat(tried)
      const words = Array.from({ length: 400 }, (_, at) => `${tried} ${at}`)
      if (keeps) kept.push(words)
    }
    assert.equal(memory.held().length, 10)
    assert.equal(memory.grown() > mostGrown, keeps, `${memory.grown()} MiB, ${kept.length} kept`)
  })
}
