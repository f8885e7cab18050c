/** Each rule of exactness, and what becomes of the counts without it. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { changedPrograms } from './changed.ts'
import { loadPrograms, type Programs } from './programs.ts'
import { type Rule, rules } from './rules.ts'
import { play } from './world.ts'

const patience = { timeout: 120_000 }
const seeds = [1, 2, 3]

describe('the rules of exactness', () => {
  for (const rule of rules) {
    test(`${rule.name}: exact with it`, patience, async () => {
      assert.deepEqual(await harmUnder(await loadPrograms(), rule), { lost: 0, doubled: 0 })
    })
    test(`control: ${rule.name}: not without it`, patience, async (t) => {
      const { root, remove } = changedPrograms(rule.without)
      after(remove)
      const { lost, doubled } = await harmUnder(await loadPrograms(root), rule)
      t.diagnostic(`${lost} lost, ${doubled} doubled`)
      assert.ok(lost + doubled > 0, 'nothing went wrong: the rule is not tried here')
    })
  }
})

async function harmUnder(
  programs: Programs,
  { script, nameless = false }: Rule,
): Promise<{ lost: number; doubled: number }> {
  const harm = { lost: 0, doubled: 0 }
  for (const seed of seeds) {
    const { nameless: found } = await play(programs, { seed, script, nameless })
    harm.lost += found.lost
    harm.doubled += found.doubled
  }
  return harm
}
