import assert from 'node:assert/strict'
import { test } from 'node:test'
import { troubleOf } from '../../../agent/link/trouble.ts'

const failed = (code: string, message: string) => Object.assign(new Error(message), { code })

// As net.connect of Node 26 gives it for a name with an IPv4 and an IPv6 address.
function failedAll(...errors: (Error & { code: string })[]): Error & { code?: string } {
  const code = errors[0]?.code
  return Object.assign(new AggregateError(errors), code === undefined ? {} : { code })
}

test('a name whose addresses all fail has a sentence, too', () => {
  const v4 = failed('ENETUNREACH', 'connect ENETUNREACH 203.0.113.1:8787')
  const v6 = failed('ENETUNREACH', 'connect ENETUNREACH 2001:db8::1:8787')
  assert.match(troubleOf(failedAll(v4, v6)), /nothing answers at the collector’s address/)
  const refused = failed('EPERM', 'connect EPERM 203.0.113.1:8787')
  assert.equal(troubleOf(failedAll(refused, v6)), `${refused.message}; ${v6.message}`)
})
