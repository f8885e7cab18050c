/**
 * Who may speak. A socket proves within five seconds that it holds the key of an enrolled agent, or is
 * cut; from then on its frames go to the ingest, in order, under the name that was proven and never
 * under one it claims. One identity has one connection: while the first answers, a second is a clone,
 * and a person is told.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { reason } from '../../shared/config.ts'
import { checkPledge, makeNonce, type Pledge } from '../../shared/handshake.ts'
import {
  agentPath,
  closeCodes,
  type FromAgent,
  type FromCollector,
  type Hello,
  limits,
  type Pulse,
  protocol,
  readFromAgent,
  type Welcome,
} from '../../shared/wire.ts'
import type { Agent } from '../store/agents.ts'
import type { Ingest } from './ingest.ts'

/** What the gate asks of the rest. `now` gives ms UTC. */
export type GateOptions = {
  /** Our own identity: part of what an agent signs, so that a proof is good here only. */
  collector: string
  now: () => number
  ingest: Ingest
  /** The enrolled agent with this key; undefined where there is none or it is revoked. */
  agentByKey: (key: string) => Agent | undefined
  resume: (agent: Agent) => Welcome['resume']
  tell: (event: GateEvent) => void
}

/** Agents coming and going, for the fleet's log. */
export type GateEvent =
  | { kind: 'connected'; agent: Agent; hostname: string; version: string; address: string }
  | { kind: 'pulse'; agent: Agent; skew: number; sources: Pulse['sources'] }
  | { kind: 'disconnected'; agent: Agent; why: string }
  | { kind: 'duplicate'; agent: Agent; address: string }
  | { kind: 'refused'; why: string; address: string }

export type Gate = {
  /** Cuts the live connections whose agent is no longer welcome: revoked, or its key replaced. */
  recheck: () => void
  /** Says goodbye to everybody and takes no new connection. */
  close: () => void
}

const mostStrangers = 1024
const mostStrangersPerAddress = 256

/** Opens the agents' door on an HTTP server: takes its upgrades to the agents' path. */
export function openGate(server: Server, options: GateOptions): Gate {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
    maxFragments: 64,
  })
  const present = new Map<number, Connection>()
  const strangers = openStrangers()

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const address = request.socket.remoteAddress ?? 'unknown'
    const refusal = refusalOf(request) ?? strangers.refusal(address)
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      greet(ws, address, strangers.enter(address), present, options)
    })
  })
  return {
    recheck: () => {
      for (const connection of present.values()) {
        const known = options.agentByKey(connection.agent.key)
        if (known?.id !== connection.agent.id) {
          connection.end(closeCodes.unknownAgent, 'this agent was revoked on the collector')
        }
      }
    },
    close: () => {
      for (const connection of present.values()) connection.end(1001, 'the collector is stopping')
      sockets.close()
    },
  }
}

// Browsers always send an Origin and carry cookies; agents never do.
function refusalOf(request: IncomingMessage): string | undefined {
  const { pathname } = new URL(request.url ?? '/', 'http://collector')
  if (pathname !== agentPath) return '404 Not Found'
  const { origin, cookie } = request.headers
  return origin !== undefined || cookie !== undefined ? '403 Forbidden' : undefined
}

type Connection = {
  agent: Agent
  instance: string
  socket: WebSocket
  end: (code: number, why: string) => void
}

// --- the handshake -----------------------------------------------------------------------------

function greet(
  socket: WebSocket,
  address: string,
  leave: () => void,
  present: Map<number, Connection>,
  options: GateOptions,
): void {
  const send = (frame: FromCollector): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame))
  }
  const end = (code: number, why: string): void => {
    send({ type: 'bye', why })
    socket.close(code, why.slice(0, 100))
  }
  const refuse = (code: number, why: string): void => {
    options.tell({ kind: 'refused', why, address })
    end(code, why)
  }
  const impatience = setTimeout(() => socket.terminate(), limits.helloWithin)
  let step: Step = { at: 'hello' }

  keepAlive(socket)
  socket.on('error', () => socket.terminate())
  socket.once('close', () => {
    clearTimeout(impatience)
    leave()
  })
  socket.on('message', (bytes, isBinary) => {
    const read = isBinary
      ? { ok: false as const, why: 'a binary frame' }
      : readFromAgent(String(bytes))
    if (!read.ok) {
      if (step.at === 'welcomed') end(closeCodes.badFrame, `bad frame: ${read.why}`)
      else refuse(closeCodes.badFrame, `bad frame: ${read.why}`)
      return
    }
    const frame = read.value
    if (step.at === 'hello' && frame.type === 'hello') {
      const next = challenge(frame, options.collector)
      if (next === undefined) {
        refuse(closeCodes.noCommonProtocol, noCommonProtocol(frame))
        return
      }
      step = next
      send({
        type: 'challenge',
        protocol: step.pledge.protocol,
        collector: options.collector,
        nonce: step.pledge.collectorNonce,
      })
    } else if (step.at === 'proof' && frame.type === 'proof') {
      const agent = checkPledge(step.pledge, frame.signature)
        ? options.agentByKey(step.hello.key)
        : undefined
      if (agent === undefined) {
        refuse(
          closeCodes.unknownAgent,
          `this key is not enrolled here; on the collector run: agents add NAME ${step.hello.key}`,
        )
        return
      }
      clearTimeout(impatience)
      leave()
      const { hello } = step
      step = { at: 'welcomed', take: () => undefined }
      const welcomed = step
      const connection = { agent, instance: hello.instance, socket, end }
      makeRoom(present, connection, hello, address, options).then((free) => {
        if (free) welcomed.take = welcome(connection, hello, address, present, options, send)
      })
    } else if (step.at === 'welcomed') step.take(frame)
    else end(closeCodes.badFrame, `bad frame: ${frame.type} before its turn`)
  })
}

type Step =
  | { at: 'hello' }
  | { at: 'proof'; hello: Hello; pledge: Pledge }
  | { at: 'welcomed'; take: (frame: FromAgent) => void }

function challenge(hello: Hello, collector: string): Extract<Step, { at: 'proof' }> | undefined {
  const version = Math.min(protocol.max, hello.protocol.max)
  if (version < Math.max(protocol.min, hello.protocol.min)) return undefined
  const pledge = {
    key: hello.key,
    collector,
    agentNonce: hello.nonce,
    collectorNonce: makeNonce(),
    protocol: version,
  }
  return { at: 'proof', hello, pledge }
}

function noCommonProtocol({ protocol: theirs, version }: Hello): string {
  const older = theirs.max < protocol.min ? 'agent' : 'collector'
  return `no common protocol: agent ${version} speaks ${theirs.min}–${theirs.max}, this collector ${protocol.min}–${protocol.max}; upgrade the ${older}`
}

// The same process coming back takes its place at once; another process only where the first is dead.
async function makeRoom(
  present: Map<number, Connection>,
  next: Connection,
  hello: Hello,
  address: string,
  options: GateOptions,
): Promise<boolean> {
  const first = present.get(next.agent.id)
  if (first === undefined) return next.socket.readyState === next.socket.OPEN
  if (first.instance !== hello.instance && (await answers(first.socket))) {
    options.tell({ kind: 'duplicate', agent: next.agent, address })
    next.end(
      closeCodes.duplicateIdentity,
      'another agent with this key is connected; if this host is a clone, run `key --new` here and enrol it under a name of its own',
    )
    return false
  }
  first.socket.terminate()
  if (present.get(next.agent.id) === first) present.delete(next.agent.id)
  return next.socket.readyState === next.socket.OPEN && !present.has(next.agent.id)
}

function answers(socket: WebSocket): Promise<boolean> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve(false)
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 2000)
    socket.once('pong', () => {
      clearTimeout(timer)
      resolve(true)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(false)
    })
    socket.ping()
  })
}

// --- a proven connection -----------------------------------------------------------------------

function welcome(
  connection: Connection,
  hello: Hello,
  address: string,
  present: Map<number, Connection>,
  options: GateOptions,
  send: (frame: FromCollector) => void,
): (frame: FromAgent) => void {
  const { agent, socket, end } = connection
  const { tell, now } = options
  present.set(agent.id, connection)
  tell({ kind: 'connected', agent, hostname: hello.hostname, version: hello.version, address })
  socket.once('close', (code, text) => {
    if (present.get(agent.id) === connection) present.delete(agent.id)
    tell({ kind: 'disconnected', agent, why: text.toString() || `closed (${code})` })
  })
  send({ type: 'welcome', name: agent.name, now: now(), resume: options.resume(agent) })

  let expected = 1
  let unacknowledged = 0
  let broken = false
  const store = async (frame: Extract<FromAgent, { seq: number }>): Promise<void> => {
    if (frame.seq !== expected) return end(closeCodes.badFrame, `bad frame: seq ${frame.seq}`)
    expected += 1
    unacknowledged += 1
    if (unacknowledged > 2 * limits.unacknowledged) return end(closeCodes.slowDown, 'slow down')
    try {
      await options.ingest.submit(agent.id, frame)
      unacknowledged -= 1
      if (!broken) send({ type: 'ack', upto: frame.seq })
    } catch (error) {
      // What came after it must not be acknowledged either: start again from the last checkpoint.
      broken = true
      tell({
        kind: 'refused',
        why: `could not store what ${agent.name} sent: ${reason(error)}`,
        address,
      })
      end(1011, 'the collector cannot store this now')
    }
  }
  return (frame) => {
    if (broken) return
    switch (frame.type) {
      case 'findings':
      case 'checkpoint':
      case 'gap':
        void store(frame)
        return
      case 'pulse':
        tell({ kind: 'pulse', agent, skew: frame.at - now(), sources: frame.sources })
        return
      case 'bye':
        socket.close(1000)
        return
      case 'hello':
      case 'proof':
        end(closeCodes.badFrame, `bad frame: ${frame.type} again`)
    }
  }
}

function keepAlive(socket: WebSocket): void {
  let heard = performance.now()
  const hear = (): void => {
    heard = performance.now()
  }
  socket.on('ping', hear).on('pong', hear).on('message', hear)
  const timer = setInterval(() => {
    if (performance.now() - heard > limits.silentAfter) socket.terminate()
    else socket.ping()
  }, limits.pingEvery)
  socket.once('close', () => clearInterval(timer))
}

// --- sockets that have not proven anything -----------------------------------------------------

function openStrangers(): {
  refusal: (address: string) => string | undefined
  enter: (address: string) => () => void
} {
  const counts = new Map<string, number>()
  let total = 0
  return {
    refusal: (address) =>
      total >= mostStrangers || (counts.get(address) ?? 0) >= mostStrangersPerAddress
        ? '503 Service Unavailable'
        : undefined,
    enter: (address) => {
      let inside = true
      total += 1
      counts.set(address, (counts.get(address) ?? 0) + 1)
      return () => {
        if (!inside) return
        inside = false
        total -= 1
        const left = (counts.get(address) ?? 1) - 1
        if (left === 0) counts.delete(address)
        else counts.set(address, left)
      }
    },
  }
}
