/** However long the names others choose, what is sent fits into frames, whole and in order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWindow } from '../../agent/link/window.ts'
import { openSender } from '../../agent/sender.ts'
import type { Checkpoint, OpenSession } from '../../shared/checkpoint.ts'
import type { Finding } from '../../shared/finding.ts'
import { limits, readFromAgent } from '../../shared/wire.ts'

const controls = '\u0001'.repeat(250)

function collecting() {
  const frames: string[] = []
  const window = openWindow(new AbortController().signal, (frame, text) => {
    frames.push(text ?? JSON.stringify(frame))
    assert.deepEqual(JSON.parse(frames.at(-1) ?? ''), JSON.parse(JSON.stringify(frame)))
    window.acknowledge(frames.length)
  })
  return { frames, sender: openSender('s', window, null) }
}

function finding(offset: number): Finding {
  return {
    kind: 'attempt',
    file: 'f',
    offset,
    at: 1,
    program: 'sshd',
    count: 1,
    ordinal: 0,
    user: controls,
    host: controls,
    ip: '203.0.113.9',
  }
}

function session(id: number): OpenSession {
  return {
    host: controls,
    program: 'sshd',
    id: String(id),
    seen: 1,
    reported: 1,
    refused: [],
    flags: ['named'],
    user: controls,
  }
}

function fits(frame: string): void {
  assert.ok(Buffer.byteLength(frame) <= limits.frameBytes, `${frame.length} bytes`)
  const read = readFromAgent(frame)
  assert.equal(read.ok ? '' : read.why, '')
}

test('findings with the worst names are parted into frames that fit', async () => {
  const { frames, sender } = collecting()
  await sender.add(Array.from({ length: 1200 }, (_, offset) => finding(offset)))
  await sender.flush()
  for (const frame of frames) fits(frame)
  const offsets = frames.flatMap((frame) =>
    (JSON.parse(frame) as { entries: Finding[] }).entries.map(({ offset }) => offset),
  )
  assert.deepEqual(offsets, [...Array(1200).keys()])
})

test('a checkpoint with more than fits leaves out the sessions longest untouched', async () => {
  const { frames, sender } = collecting()
  const checkpoint: Checkpoint = {
    position: { kind: 'file', file: 'f', offset: 1, before: '', name: 'n', finished: [] },
    clock: 1,
    since: null,
    open: { sessions: Array.from({ length: 3000 }, (_, id) => session(id)), clocks: [] },
  }
  await sender.checkpoint(checkpoint)
  const [frame = ''] = frames
  fits(frame)
  const kept = (JSON.parse(frame) as { checkpoint: Checkpoint }).checkpoint.open.sessions
  assert.ok(kept.length > 100)
  assert.equal(kept.at(-1)?.id, '2999')
})

test('a gap among files with long names is cut to what a frame takes', async () => {
  const { frames, sender } = collecting()
  const text = `${'a'.repeat(250)}.1, ${'a'.repeat(250)}.2, ${'a'.repeat(250)}.3 was removed unread`
  await sender.gap({ file: 'f', offset: 1, kind: 'missing', at: 1, text })
  fits(frames[0] ?? '')
})
