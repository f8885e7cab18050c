/** The agents' door over real sockets: who gets in, who does not, and what becomes of a bad frame. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { WebSocket } from 'ws'
import type { GateEvent } from '../../../collector/intake/conversation.ts'
import { type Gate, openGate } from '../../../collector/intake/gate.ts'
import { openIngest } from '../../../collector/intake/ingest.ts'
import { type Agents, openAgents } from '../../../collector/store/agents.ts'
import { type Database, openDatabase } from '../../../collector/store/database.ts'
import { openIntake } from '../../../collector/store/intake/intake.ts'
import { makePrivateKey, publicKeyOf, readPrivateKey } from '../../../shared/handshake.ts'
import { agentPath, closeCodes } from '../../../shared/wire.ts'
import { helloOf, proofOf } from '../../support/stranger.ts'
import { until } from '../../support/until.ts'

type Frame = Record<string, unknown> & { type: string }

const collector = 'c'.repeat(32)
let db: Database
let agents: Agents
let server: Server
let gate: Gate
let url: string
let told: GateEvent[]
let sockets: WebSocket[]
/** How often it was asked whose a key is. */
let asked: number

beforeEach(async () => {
  db = openDatabase(':memory:')
  agents = openAgents(db)
  told = []
  sockets = []
  asked = 0
  server = createServer()
  const intake = openIntake(db, Date.now)
  gate = openGate(server, {
    collector,
    now: Date.now,
    ingest: openIngest(
      db,
      intake,
      Date.now,
      () => undefined,
      () => undefined,
    ),
    agentByKey: (key) => {
      asked += 1
      const agent = agents.byKey(key)
      return agent?.revoked === null ? agent : undefined
    },
    resume: (agent) => intake.resume(agent.id),
    tell: (event) => told.push(event),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}${agentPath}`
})

afterEach(async () => {
  for (const socket of sockets) socket.terminate()
  gate.close()
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  db.close()
})

const key = readPrivateKey(makePrivateKey())

/** A peer that speaks the protocol by hand. */
function peer(headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers })
  sockets.push(socket)
  const frames: Frame[] = []
  const waiting: (() => void)[] = []
  socket.on('message', (text) => {
    frames.push(JSON.parse(String(text)) as Frame)
    for (const wake of waiting.splice(0)) wake()
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined)
  const next = async (type: string): Promise<Frame> => {
    for (;;) {
      const at = frames.findIndex((frame) => frame.type === type)
      if (at >= 0) return frames.splice(at, 1)[0] as Frame
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  return { socket, closed, next, send: (frame: unknown) => socket.send(JSON.stringify(frame)) }
}

/** Speaks as far as the proof. */
async function prove(more: Record<string, unknown> = {}) {
  const one = peer()
  await once(one.socket, 'open')
  const said = helloOf(key, more)
  one.send(said)
  const challenge = await one.next('challenge')
  const proof = proofOf(said, challenge, key, { collector })
  return { ...one, proof }
}

async function enter(more: Record<string, unknown> = {}) {
  const one = await prove(more)
  one.send(one.proof)
  return { ...one, welcome: await one.next('welcome') }
}

test('an enrolled agent proves its key and is welcomed under its name', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const { welcome } = await enter()
  assert.equal(welcome['name'], 'nas')
  assert.deepEqual(welcome['resume'], [])
})

test('a key nobody enrolled is refused with the command that enrols it', async () => {
  const one = await prove()
  one.send(one.proof)
  assert.match(String((await one.next('bye'))['why']), /agents add NAME ed25519:/)
  assert.equal(await one.closed, closeCodes.unknownAgent)
})

test('a recorded proof is worth nothing on another connection', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const first = await prove()
  const second = await prove()
  second.send(first.proof)
  assert.equal(await second.closed, closeCodes.unknownAgent)
})

test('no common protocol says which side to upgrade', async () => {
  const one = peer()
  await once(one.socket, 'open')
  one.send(helloOf(key, { protocol: { min: 7, max: 9 } }))
  assert.match(String((await one.next('bye'))['why']), /upgrade the collector/)
  assert.equal(await one.closed, closeCodes.noCommonProtocol)
})

test('a frame with an unknown field, before or after the proof, ends the connection', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const early = peer()
  await once(early.socket, 'open')
  early.send(helloOf(key, { extra: 1 }))
  assert.equal(await early.closed, closeCodes.badFrame)
  const late = await enter()
  late.send({ type: 'pulse', at: '1', sources: [] })
  assert.equal(await late.closed, closeCodes.badFrame)
})

test('a socket that never speaks is cut', { timeout: 20_000 }, async () => {
  const one = peer()
  assert.equal(await one.closed, 1006)
})

test('frames are stored and acknowledged in order, and a hole is refused', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const one = await enter()
  const frame = (seq: number) => ({
    type: 'gap',
    seq,
    source: 's',
    gap: { file: 'f', offset: seq, kind: 'missing', at: 1, text: 'gone' },
  })
  one.send(frame(1))
  assert.deepEqual(await one.next('ack'), { type: 'ack', upto: 1 })
  one.send(frame(3))
  assert.equal(await one.closed, closeCodes.badFrame)
  assert.equal(db.prepare('SELECT count(*) AS n FROM gap').get()?.['n'], 1)
})

test('what cannot be stored is not acknowledged, and the connection ends', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const one = await enter()
  db.prepare('DROP TABLE gap').run()
  one.send({
    type: 'gap',
    seq: 1,
    source: 's',
    gap: { file: 'f', offset: 1, kind: 'missing', at: 1, text: 'gone' },
  })
  assert.equal(await one.closed, 1011)
  assert.equal(
    told.some(({ kind }) => kind === 'trouble'),
    true,
  )
})

test('a revoked agent is cut at once and not let in again', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const one = await enter()
  agents.revoke('nas', 2)
  gate.recheck()
  assert.equal(await one.closed, closeCodes.unknownAgent)
  const again = await prove()
  again.send(again.proof)
  assert.equal(await again.closed, closeCodes.unknownAgent)
})

test('an agent that waits for the place of one that does not answer is not let in once it is revoked', {
  timeout: 20_000,
}, async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const silent = await enter()
  silent.socket.pause()
  const waiting = await prove({ instance: '2'.repeat(32) })
  const before = asked
  waiting.send(waiting.proof)
  await until('its proof is heard', () => asked > before)
  agents.revoke('nas', 2)
  gate.recheck()
  assert.match(String((await waiting.next('bye'))['why']), /revoked/)
  assert.equal(await waiting.closed, closeCodes.unknownAgent)
})

test('a clone is refused while the first answers, and a person is told', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const first = await enter()
  const clone = await prove({ instance: '2'.repeat(32) })
  clone.send(clone.proof)
  assert.equal(await clone.closed, closeCodes.duplicateIdentity)
  assert.equal(
    told.some(({ kind }) => kind === 'duplicate'),
    true,
  )
  assert.equal(first.socket.readyState, WebSocket.OPEN)
})

test('the same process coming back takes its place at once', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const first = await enter()
  await enter()
  assert.equal(await first.closed, 1006)
})

test('who only checks is welcomed and takes no place', async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const first = await enter()
  const looking = await enter({ instance: '2'.repeat(32), check: true })
  assert.equal(await looking.closed, 1000)
  assert.equal(first.socket.readyState, WebSocket.OPEN)
})

test('a browser is turned away: it sends an origin or a cookie', async () => {
  for (const headers of [{ origin: 'http://127.0.0.1' }, { cookie: 's=1' }]) {
    const one = peer(headers)
    const [error] = (await once(one.socket, 'error')) as [Error]
    assert.match(error.message, /403/)
  }
})

test('nothing but the agents’ path is upgraded', async () => {
  const knock = request(url.replace('ws:', 'http:').replace(agentPath, '/other'), {
    headers: { connection: 'Upgrade', upgrade: 'websocket' },
  })
  knock.end()
  const [answer] = (await once(knock, 'response')) as [{ statusCode: number }]
  assert.equal(answer.statusCode, 404)
})

test('a frame over the limit, and one in a thousand pieces, ends the connection', async () => {
  const big = peer()
  await once(big.socket, 'open')
  big.socket.send('x'.repeat(1024 * 1024 + 1))
  assert.equal(await big.closed, 1009)
  const torn = peer()
  await once(torn.socket, 'open')
  for (let i = 0; i < 1000; i++) torn.socket.send('x', { fin: false })
  assert.equal(await torn.closed, 1008)
})

test('a stop lets nobody in who is being greeted, and waits for nobody who does not answer', {
  timeout: 30_000,
}, async () => {
  agents.add('nas', publicKeyOf(key), 1)
  const silent = await enter()
  silent.socket.pause()
  const greeted = await prove({ instance: '2'.repeat(32) })
  const stranger = peer()
  await once(stranger.socket, 'open')
  // The collector asks the first one now whether it is still there.
  const before = asked
  greeted.send(greeted.proof)
  await until('its proof is heard', () => asked > before)
  gate.close()
  assert.equal(await greeted.closed, 1001)
  assert.equal(await stranger.closed, 1001)
  const open = () =>
    new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  await until('everybody is gone', async () => (await open()) === 0, 1_800)
  const late = peer()
  const [error] = (await once(late.socket, 'error')) as [Error]
  assert.match(error.message, /503/)
})
