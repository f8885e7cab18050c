/**
 * The same campaigns with one rule of exactness taken away must not be exact: else they prove nothing.
 * Both do it in the database, behind the programs' backs.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { play } from './campaign.ts'

test('a collector that forgets its marks at each restart counts twice', async () => {
  const harm = await harmDone({ atRest: false }, (program) =>
    program === 'collector' ? 'UPDATE file SET mark = -1' : '',
  )
  assert.ok(harm.doubled > 0, 'the campaign does not notice that marks are missing')
})

// At rest: what lies behind the marks is kept out when it is read again, with its sessions or without.
test('checkpoints without their open sessions count one attempt twice', async () => {
  const harm = await harmDone(
    { atRest: true },
    () => `UPDATE checkpoint SET body = json_set(body, '$.open.sessions', json('[]'))`,
  )
  assert.ok(harm.doubled > 0, 'the campaign does not notice that sessions are missing')
})

const mostTries = 8
const hardest = 3

// Whether a kill falls where it hurts is chance: each further campaign is harder.
async function harmDone(
  { atRest }: { atRest: boolean },
  sql: (program: 'agent' | 'collector') => string,
): Promise<{ lost: number; doubled: number }> {
  const harm = { lost: 0, doubled: 0 }
  for (let tried = 0; tried < mostTries && harm.doubled === 0; tried++) {
    const hard = Math.min(tried, hardest)
    const { lost, doubled } = await play({
      seed: 101 + tried,
      lines: 10_000 * (hard + 1),
      kills: 6 + 2 * hard,
      atRest,
      whileDown: (fleet, program) => fleet.meddle(sql(program)),
    })
    harm.lost += lost
    harm.doubled += doubled
  }
  return harm
}
