/** The agents' door of a collector that is a real process, against those who should not come in. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { makePrivateKey, publicKeyOf, readPrivateKey } from '../../shared/handshake.ts'
import { closeCodes } from '../../shared/wire.ts'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { enter, helloOf, knock, proofOf } from '../support/stranger.ts'

const key = readPrivateKey(makePrivateKey())
const other = readPrivateKey(makePrivateKey())
let fleet: Fleet

before(async () => {
  fleet = await openFleet()
  await fleet.command('agents', 'add', 'nas', publicKeyOf(key))
})
after(() => fleet.close())

const finding = {
  file: 'f',
  offset: 1,
  kind: 'attempt',
  at: 1_795_000_000_000,
  program: 'sshd',
  ip: '203.0.113.9',
  count: 1,
  ordinal: 0,
}
const gap = (offset: number) => ({
  type: 'gap',
  seq: 1,
  source: 's',
  gap: { file: 'f', offset, kind: 'missing', at: 1, text: 'gone' },
})

test('a whole recorded conversation said again opens nothing and stores nothing', async () => {
  const first = await enter(fleet.url, key)
  const told = { type: 'findings', seq: 1, source: 's', entries: [finding] }
  first.say(told)
  await first.next('ack')
  first.socket.close()
  await first.closed
  const again = await knock(fleet.url)
  for (const frame of [...first.recorded, { ...told, entries: [{ ...finding, offset: 9 }] }]) {
    again.say(frame)
  }
  assert.equal(await again.closed, closeCodes.unknownAgent)
  assert.equal(fleet.rows('SELECT count(*) AS n FROM finding')[0]?.['n'], 1)
})

test('a proof by another key, for another collector or over other nonces is none', async () => {
  const wrong: [typeof key, Record<string, unknown>][] = [
    [other, {}],
    [key, { collector: 'd'.repeat(32) }],
    [key, { collectorNonce: 'A'.repeat(43) }],
    [key, { agentNonce: 'A'.repeat(43) }],
    [key, { key: publicKeyOf(other) }],
    [key, { protocol: 2 }],
  ]
  for (const [by, over] of wrong) {
    const one = await knock(fleet.url)
    const hello = helloOf(key)
    one.say(hello)
    one.say(proofOf(hello, await one.next('challenge'), by, over))
    assert.equal(await one.closed, closeCodes.unknownAgent, JSON.stringify(over))
  }
})

test('nothing is taken before the proof: not a finding, not a second hello, not a proof without a challenge', async () => {
  const proof = { type: 'proof', signature: 'A'.repeat(86) }
  for (const frames of [[gap(7)], [helloOf(key), helloOf(key)], [proof], [helloOf(key), gap(7)]]) {
    const one = await knock(fleet.url)
    for (const frame of frames) one.say(frame)
    assert.equal(await one.closed, closeCodes.badFrame)
  }
  assert.equal(fleet.rows('SELECT count(*) AS n FROM gap')[0]?.['n'], 0)
})

test('whatever a proven agent says of itself, what it tells counts under its own name', async () => {
  await fleet.command('agents', 'add', 'pi', publicKeyOf(other))
  const one = await enter(fleet.url, other, { hostname: 'nas' })
  one.say({ type: 'findings', seq: 1, source: 's', entries: [finding] })
  await one.next('ack')
  one.socket.close()
  const { attackers } = await fleet.ask<{ attackers: { hosts: Record<string, object> }[] }>(
    '/api/v1/attackers',
  )
  assert.deepEqual(Object.keys(attackers[0]?.hosts ?? {}).toSorted(), ['nas', 'pi'])
})

test('agents revoke, in another process, cuts a live connection within a second (S1)', async () => {
  const third = readPrivateKey(makePrivateKey())
  await fleet.command('agents', 'add', 'leaver', publicKeyOf(third))
  const one = await enter(fleet.url, third)
  let cut = Number.NaN
  const closed = one.closed.then((code) => {
    cut = Date.now()
    return code
  })
  await fleet.command('agents', 'revoke', 'leaver')
  assert.equal(await closed, closeCodes.unknownAgent)
  // The moment it stands in the database, so that the command's own end is not counted.
  const [row] = fleet.rows("SELECT revoked FROM agent WHERE name = 'leaver'")
  const took = cut - Number(row?.['revoked'])
  assert.ok(took < 1000, `${took} ms`)
  await assert.rejects(enter(fleet.url, third), /closed with 4401/)
})

test('compression is not spoken, whoever offers it; a frame that claims it ends the connection', async () => {
  const one = await knock(fleet.url, { perMessageDeflate: true })
  assert.equal(one.socket.extensions, '')
  // A text frame with the bit of a compressed one (RFC 7692 section 6), masked with zeros.
  const raw = Reflect.get(one.socket, '_socket') as ReturnType<typeof connect>
  raw.write(Buffer.from([0xc1, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]))
  assert.equal(await one.closed, 1002)
})

test('a million fragments are not collected, and neither is a frame over a mebibyte (S3)', async () => {
  const one = await knock(fleet.url)
  let sent = 0
  while (sent < 1_000_000 && one.socket.readyState === one.socket.OPEN) {
    for (let left = 1000; left > 0; left--) one.socket.send('x', { fin: false })
    sent += 1000
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok([1006, 1008].includes(await one.closed))
  assert.ok(sent < 1_000_000)
  const big = await knock(fleet.url)
  big.socket.send(Buffer.alloc(1024 * 1024 + 1, 120), { binary: false })
  assert.equal(await big.closed, 1009)
})

test('a thousand sockets that never speak are few inside, cut soon, and keep nobody out for long (S2)', {
  timeout: 120_000,
}, async () => {
  const silent = Array.from({ length: 1000 }, () => {
    const socket = connect(fleet.port, '127.0.0.1')
    let answer = ''
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      answer += bytes
    })
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.write(
      `GET /agent HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`,
    )
    return { ended, answer: () => answer }
  })
  await Promise.all(silent.map(({ ended }) => ended))
  const inside = silent.filter(({ answer }) => answer().startsWith('HTTP/1.1 101')).length
  const turned = silent.filter(({ answer }) => answer().startsWith('HTTP/1.1 503')).length
  assert.ok(inside <= 256 * 2 && inside > 0, `${inside} inside`)
  assert.ok(turned >= 400, `${turned} turned away`)
  await pause(50)
  const honest = await enter(fleet.url, key)
  honest.socket.close()
})
