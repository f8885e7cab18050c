/**
 * The agents' door with nothing real behind the socket: peers speak to it in bytes over an in-memory
 * pair of streams, so that a million conversations need no port.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'
import { openGate } from '../../collector/intake/gate.ts'
import { openIngest } from '../../collector/intake/ingest.ts'
import { openAgents } from '../../collector/store/agents.ts'
import { type Database, openDatabase } from '../../collector/store/database.ts'
import { openIntake } from '../../collector/store/intake/intake.ts'
import {
  makeNonce,
  makePrivateKey,
  publicKeyOf,
  readPrivateKey,
  signPledge,
} from '../../shared/handshake.ts'
import { agentPath } from '../../shared/wire.ts'
import { turns } from './turns.ts'

export type Peer = {
  /** Sends a text frame, or bytes as they are. */
  say: (frame: string | Buffer) => void
  /** Text frames heard so far, parsed. */
  heard: Record<string, unknown>[]
  /** The code the door closed with; undefined while it has not. */
  code: () => number | undefined
  leave: () => void
}

export type Door = {
  db: Database
  /** A peer that has said nothing yet. */
  enter: () => Peer
  /** One that is enrolled and welcomed. */
  welcomed: () => Promise<Peer>
  /** Brings the totals up to what was acknowledged. */
  settle: () => void
  close: () => void
}

const collector = 'c'.repeat(32)
const key = readPrivateKey(makePrivateKey())

/** Opens a door on a store in memory with one agent enrolled. */
export function openDoor(): Door {
  const db = openDatabase(':memory:')
  const agents = openAgents(db)
  agents.add('nas', publicKeyOf(key), 1)
  const server = new EventEmitter()
  const intake = openIntake(db, Date.now)
  const nothing = (): undefined => undefined
  const ingest = openIngest(db, intake, Date.now, nothing, nothing)
  const gate = openGate(server as Server, {
    collector,
    now: Date.now,
    ingest,
    agentByKey: (text) => agents.byKey(text),
    resume: (agent) => intake.resume(agent.id),
    tell: nothing,
  })
  const enter = (): Peer => {
    const [theirs, ours] = duplexPair()
    // As with a connection: when one end is gone, so is the other.
    theirs.once('close', () => ours.destroy())
    ours.once('close', () => theirs.destroy())
    server.emit('upgrade', upgrade(theirs), theirs, Buffer.alloc(0))
    return peerOn(ours)
  }
  return {
    db,
    enter,
    welcomed: async () => {
      const peer = enter()
      await greet(peer)
      return peer
    },
    settle: ingest.settle,
    close: () => {
      gate.close()
      ingest.close()
      db.close()
    },
  }
}

function upgrade(socket: Duplex): IncomingMessage {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    'sec-websocket-version': '13',
  }
  const remote = Object.assign(socket, { remoteAddress: '203.0.113.1' })
  return { method: 'GET', url: agentPath, headers, socket: remote } as unknown as IncomingMessage
}

async function greet(peer: Peer): Promise<void> {
  const nonce = makeNonce()
  const hello = { type: 'hello', protocol: { min: 1, max: 1 }, key: publicKeyOf(key), nonce }
  const who = { instance: '1'.repeat(32), version: '1', hostname: 'nas' }
  peer.say(JSON.stringify({ ...hello, ...who }))
  await turns(() => peer.heard.length > 0)
  const pledge = { key: hello.key, collector, agentNonce: nonce, protocol: 1 }
  const collectorNonce = String(peer.heard[0]?.['nonce'])
  const signature = signPledge({ ...pledge, collectorNonce }, key)
  peer.say(JSON.stringify({ type: 'proof', signature }))
  await turns(() => peer.heard.length > 1)
}

function peerOn(stream: Duplex): Peer {
  const heard: Record<string, unknown>[] = []
  let code: number | undefined
  let rest = Buffer.alloc(0)
  stream.on('error', () => stream.destroy())
  stream.on('close', () => (code ??= 1006))
  stream.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    if (rest.subarray(0, 4).toString() === 'HTTP') {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) return
      rest = rest.subarray(end + 4)
    }
    for (let frame = cutFrame(rest); frame !== undefined; frame = cutFrame(rest)) {
      rest = rest.subarray(frame.length)
      if (frame.opcode === 1) heard.push(JSON.parse(frame.payload.toString()))
      if (frame.opcode === 8)
        code ??= frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0)
    }
  })
  return {
    heard,
    code: () => code,
    say: (frame) => stream.write(typeof frame === 'string' ? framed(frame) : frame),
    leave: () => stream.destroy(),
  }
}

/** A text frame as a client sends it (RFC 6455 section 5.2), masked with zeros. */
export function framed(text: string): Buffer {
  const payload = Buffer.from(text)
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([0x81, 0x80 | length, 0, 0, 0, 0]), payload])
  const head = length < 65_536 ? Buffer.alloc(8) : Buffer.alloc(14)
  head[0] = 0x81
  head[1] = length < 65_536 ? 0xfe : 0xff
  if (length < 65_536) head.writeUInt16BE(length, 2)
  else head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

// The server's frames are short or up to 64 KiB here, and never masked.
function cutFrame(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = (bytes[1] ?? 0) & 0x7f
  const head = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length < head) return undefined
  const size =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (bytes.length < head + size) return undefined
  const payload = bytes.subarray(head, head + size)
  return { opcode: (bytes[0] ?? 0) & 15, payload, length: head + size }
}
