import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWindow } from '../../../agent/link/window.ts'
import { type FromAgent, limits } from '../../../shared/wire.ts'

const checkpoint = (source: string) =>
  ({ type: 'checkpoint', source, checkpoint: {} }) as Parameters<
    ReturnType<typeof openWindow>['submit']
  >[0]

function opened() {
  const sent: string[] = []
  const end = new AbortController()
  const window = openWindow(end.signal, (frame: FromAgent) => {
    if ('seq' in frame) sent.push(`${frame.seq} ${frame.source}`)
  })
  return { sent, window, end }
}

test('however many sources submit at once, no more are under way than were agreed', async () => {
  const { sent, window } = opened()
  const names = Array.from({ length: 16 }, (_, at) => `log ${at}`)
  const all = Promise.all(names.map((name) => window.submit(checkpoint(name))))
  assert.equal(sent.length, limits.unacknowledged)
  window.acknowledge(3)
  assert.equal(sent.length, limits.unacknowledged + 3)
  window.acknowledge(8)
  await all
  assert.deepEqual(
    sent,
    names.map((name, at) => `${at + 1} ${name}`),
  )
})

test('what waits for its turn is rejected when the connection ends, and nothing is sent after', async () => {
  const { sent, window, end } = opened()
  const first = Array.from({ length: limits.unacknowledged }, () => checkpoint('first'))
  await Promise.all(first.map((frame) => window.submit(frame)))
  const late = window.submit(checkpoint('late'))
  end.abort()
  await assert.rejects(late, /the connection ended/)
  await assert.rejects(window.submit(checkpoint('later')), /the connection ended/)
  window.acknowledge(8)
  assert.equal(sent.length, limits.unacknowledged)
})
