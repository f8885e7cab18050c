/**
 * The playbooks on three real hosts, from bare to proven and through what years bring. CIBOT_CHAPTERS names
 * those to go through after the roll-out: first,faults,releases,life.
 */
import { test } from 'node:test'
import { faults } from './rollout-faults.ts'
import { first } from './rollout-first.ts'
import { life } from './rollout-life.ts'
import { releases } from './rollout-releases.ts'
import { cannotRollOut, openStory, rolledOut } from './three-hosts.ts'

const wanted = (process.env['CIBOT_CHAPTERS'] ?? 'first,faults,releases,life').split(',')

test('one command takes three bare hosts to a proven fleet that counts exactly, through what years bring', {
  skip: cannotRollOut ?? false,
  timeout: 2_400_000,
}, async (t) => {
  const story = await openStory(t)
  if (wanted.includes('first')) await first(story)
  else await story.chapter('roll out', () => rolledOut(story))
  if (wanted.includes('faults')) await faults(story)
  if (wanted.includes('releases')) await releases(story)
  if (wanted.includes('life')) await life(story)
})
