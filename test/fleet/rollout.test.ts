/** The playbooks on three real hosts, from bare to proven. */
import { test } from 'node:test'
import { first } from './rollout-first.ts'
import { cannotRollOut, openStory } from './three-hosts.ts'

test(
  'one command takes three bare hosts to a proven fleet that counts exactly',
  {
    skip: cannotRollOut ?? false,
    timeout: 2_400_000,
  },
  async (t) => first(await openStory(t)),
)
