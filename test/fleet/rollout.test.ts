/**
 * The playbooks on three real hosts, from bare to proven to gone, in one piece. CIBOT_CHAPTERS names
 * those to go through after the roll-out: first,faults,releases,life,gone.
 */
import { test } from 'node:test'
import { faults } from './rollout-faults.ts'
import { first } from './rollout-first.ts'
import { asTheyWere, gone } from './rollout-gone.ts'
import { life } from './rollout-life.ts'
import { releases } from './rollout-releases.ts'
import { cannotRollOut, openStory, rolledOut } from './three-hosts.ts'

const wanted = (process.env['CIBOT_CHAPTERS'] ?? 'first,faults,releases,life,gone').split(',')

test('one command takes three bare hosts to a proven fleet that counts exactly, through what years bring, and away again', {
  skip: cannotRollOut ?? false,
  timeout: 2_400_000,
}, async (t) => {
  const story = await openStory(t)
  const before = await asTheyWere(story)
  if (wanted.includes('first')) await first(story)
  else await story.chapter('roll out', () => rolledOut(story))
  if (wanted.includes('faults')) await faults(story)
  if (wanted.includes('releases')) await releases(story)
  if (wanted.includes('life')) await life(story)
  if (wanted.includes('gone')) await gone(story, before)
})
