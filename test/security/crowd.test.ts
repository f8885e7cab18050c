import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playCrowd } from './crowd.ts'

test('500 agents cut off at once come back, nothing is lost, and the page answers meanwhile', {
  timeout: 300_000,
}, async (t) => {
  const crowd = await playCrowd(500, 1, 120)
  t.diagnostic(JSON.stringify(crowd))
  assert.equal(crowd.wrong, 0)
  assert.equal(crowd.stored, 500 * crowd.findingsEach)
  assert.ok(crowd.answers.n > 0 && crowd.answers.most < 20_000)
})
