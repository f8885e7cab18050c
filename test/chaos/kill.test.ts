/**
 * Counts are exact although the agent and the collector are killed at any moment: real processes, a
 * real log, a rotation in the middle. One seed alone: CHAOS_SEED=7 node --test test/chaos/kill.test.ts
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { play } from './campaign.ts'

const lines = 20_000
const kills = 6
const asked = process.env['CHAOS_SEED']
const seeds = asked === undefined ? Array.from({ length: 20 }, (_, at) => at + 1) : [Number(asked)]

describe('killed at any moment', { concurrency: 2 }, () => {
  for (const seed of seeds) {
    test(`seed ${seed}: nothing is lost and nothing counts twice`, {
      timeout: 120_000,
    }, async () => {
      const again = `seed ${seed}; alone: CHAOS_SEED=${seed} node --test test/chaos/kill.test.ts`
      try {
        const { lost, doubled, gaps, differences, ...played } = await play({ seed, lines, kills })
        assert.deepEqual({ lost, doubled, gaps, differences }, exact)
        assert.equal(played.lines, lines)
        assert.equal(played.kills, kills)
      } catch (error) {
        process.stderr.write(`${again}: ${(error as Error).message.split('\n')[0]}\n`)
        throw error
      }
    })
  }
})

const exact = { lost: 0, doubled: 0, gaps: 0, differences: [] }
