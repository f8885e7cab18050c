/** A checkpoint follows what was found by a second, whatever the host's clock does. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { follow } from '../../agent/follow.ts'
import type { Reading, Source } from '../../agent/source/source.ts'
import { checker } from '../../shared/check.ts'
import { SourceState } from '../../shared/wire.ts'

const noon = Date.UTC(2026, 10, 22, 12)

// test/recordings/attic.auth.log
const text =
  'Nov 22 12:00:00 attic sshd[110]: Failed password for alice from 203.0.113.9 port 45158 ssh2'

function lines(offset: number): Reading {
  const at = {
    kind: 'file' as const,
    file: 'f',
    offset: offset + 1,
    before: '',
    name: 'auth.log',
    finished: [],
  }
  return {
    kind: 'lines',
    file: 'f',
    name: 'auth.log',
    lines: [{ offset, text }],
    position: at,
    lag: 0,
  }
}

test('a clock set back holds up neither the checkpoint nor the end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const ended = new AbortController()
  const frames: string[] = []
  let clock = noon
  let rest = (): void => undefined
  const resting = new Promise<void>((resolve) => (rest = resolve))
  const source: Source = {
    name: 'auth.log',
    async *read({ signal }) {
      yield lines(0)
      clock -= 12 * 3_600_000
      yield lines(1)
      clock -= 12 * 3_600_000
      yield lines(2)
      // From here on nothing is due for a second.
      yield lines(3)
      yield { kind: 'waiting', trouble: '' }
      rest()
      if (!signal.aborted) await once(signal, 'abort')
    },
  }
  const link = {
    signal: ended.signal,
    submit: async ({ type }: { type: string }): Promise<void> => void frames.push(type),
  }
  const following = follow({
    source,
    link,
    checkpoint: undefined,
    since: null,
    timeZone: 'UTC',
    isOwn: () => true,
    now: () => clock,
    stands: () => undefined,
  })
  await resting
  const each = ['findings', 'checkpoint']
  assert.deepEqual(frames, [...each, ...each, ...each, 'findings'])
  t.mock.timers.tick(999)
  await Promise.resolve()
  assert.equal(frames.length, 7)
  ended.abort()
  await following
  t.mock.timers.tick(24 * 3_600_000)
  await Promise.resolve()
  assert.equal(frames.length, 7, 'nothing is left that would keep an ended agent alive')
})

test('what is wrong with a log whose path is long is told in a frame that fits', async () => {
  const path = `/${'a'.repeat(250)}/${'b'.repeat(250)}/log`
  const states: SourceState[] = []
  await follow({
    source: {
      name: path,
      async *read() {
        yield {
          kind: 'waiting',
          trouble: `${path} does not exist; it will be read when it appears.`,
        }
      },
    },
    link: { signal: new AbortController().signal, submit: async () => undefined },
    checkpoint: undefined,
    since: null,
    timeZone: 'UTC',
    isOwn: () => true,
    now: () => noon,
    stands: (state) => states.push(state),
  })
  const [state] = states
  assert.match(state?.trouble ?? '', /^\/a/)
  assert.deepEqual(checker(SourceState)(state), { ok: true, value: state })
})
