import type { WebSocket } from 'ws'
import { reason } from '../../shared/config.ts'
import {
  closeCodes,
  type FromAgent,
  type FromCollector,
  type Hello,
  limits,
  type Pulse,
  type Welcome,
} from '../../shared/wire.ts'
import type { Agent } from '../store/agents.ts'
import type { Ingest, Storable } from './ingest.ts'

/** What the agents' door asks of the rest. `now` gives ms UTC. */
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
  | { kind: 'disconnected'; agent: Agent }
  | { kind: 'duplicate'; agent: Agent; address: string }
  | { kind: 'refused'; why: string; address: string }
  | { kind: 'trouble'; agent: Agent; why: string }

/** Takes frames of a proven agent. */
export type Listener = (frame: FromAgent) => void

/** A socket whose agent is proven. */
export type Connection = {
  agent: Agent
  instance: string
  socket: WebSocket
  send: (frame: FromCollector) => void
  /** Says why, and closes. */
  end: (code: number, why: string) => void
}

/**
 * Welcomes a proven agent with where each of its sources stands, and gives what takes its frames:
 * stored in order, each acknowledged once it is on disk. Where one cannot be stored the connection
 * ends, because what came after it must not be acknowledged: the agent starts again from its last
 * stored checkpoint.
 */
export function converse(
  connection: Connection,
  hello: Hello,
  address: string,
  present: Map<number, Connection>,
  options: GateOptions,
): Listener {
  const { agent, socket, send, end } = connection
  const { tell, now } = options
  present.set(agent.id, connection)
  socket.once('close', () => {
    if (present.get(agent.id) === connection) present.delete(agent.id)
    tell({ kind: 'disconnected', agent })
  })
  tell({ kind: 'connected', agent, hostname: hello.hostname, version: hello.version, address })
  send({ type: 'welcome', name: agent.name, now: now(), resume: options.resume(agent) })

  const store = inOrder(connection, options)
  return (frame: FromAgent) => {
    switch (frame.type) {
      case 'findings':
      case 'checkpoint':
      case 'gap':
        store(frame)
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

function inOrder(connection: Connection, { ingest, tell }: GateOptions): (frame: Storable) => void {
  const { agent, send, end } = connection
  let received = 0
  let stored = 0
  let told = 0
  let broken = false
  const acknowledge = (): void => {
    told = stored
    if (!broken) send({ type: 'ack', upto: stored })
  }
  return (frame) => {
    if (broken) return
    received += 1
    if (frame.seq !== received) {
      broken = true
      end(closeCodes.badFrame, `bad frame: number ${frame.seq}, expected ${received}`)
      return
    }
    // An honest agent waits at 8; twice that is one that does not listen.
    if (received - stored > 2 * limits.unacknowledged) {
      broken = true
      end(closeCodes.slowDown, 'slow down')
      return
    }
    ingest.submit(agent.id, frame, {
      stored: () => {
        stored += 1
        // Of several frames in one commit the last one's number says it of all.
        if (told === stored - 1) queueMicrotask(acknowledge)
      },
      refused: (error) => {
        if (broken) return
        broken = true
        tell({ kind: 'trouble', agent, why: `what it sent could not be stored: ${reason(error)}` })
        end(1011, 'the collector cannot store this now')
      },
    })
  }
}
