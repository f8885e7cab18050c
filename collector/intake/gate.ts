/**
 * The agents' door: takes sockets, has them prove who they are (greeting.ts), and lets each agent
 * speak (conversation.ts) over one connection at a time.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { agentPath, closeCodes, limits } from '../../shared/wire.ts'
import { type Connection, converse, type GateOptions } from './conversation.ts'
import { greet } from './greeting.ts'
import { makeRoom } from './presence.ts'

export type Gate = {
  /** Cuts the live connections whose agent is no longer welcome: revoked, or its key void. */
  recheck: () => void
  /** Says goodbye to everybody and takes no new connection. */
  close: () => void
}

const mostStrangers = { inAll: 1024, perAddress: 256 }
const unavailable = '503 Service Unavailable'

/** ms in which everybody has to answer a goodbye: no stop waits for a cable that was pulled out. */
const goodbyeWithin = 1000

/** Opens the door on an HTTP server: takes its upgrades to the agents' path. */
export function openGate(server: Server, options: GateOptions): Gate {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
    maxFragments: 64,
  })
  const present = new Map<number, Connection>()
  const strangers = countStrangers()
  let closing = false
  const endIfRevoked = ({ agent, end }: Connection): boolean => {
    const isRevoked = options.agentByKey(agent.key)?.id !== agent.id
    if (isRevoked) end(closeCodes.unknownAgent, 'this agent was revoked on the collector')
    return isRevoked
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const address = request.socket.remoteAddress ?? 'unknown'
    const refusal = closing ? unavailable : (refusalOf(request) ?? strangers.refusal(address))
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const leave = strangers.enter(address)
    socket.once('close', leave)
    sockets.handleUpgrade(request, socket, head, (ws) => {
      greet(ws, address, options, async (connection, hello) => {
        leave()
        if (hello.check) {
          connection.send({
            type: 'welcome',
            name: connection.agent.name,
            now: options.now(),
            resume: [],
          })
          connection.socket.close(1000)
          return undefined
        }
        giveWay(present.get(connection.agent.id), connection)
        if (!(await makeRoom(present, connection, address, options.tell)) || closing)
          return undefined
        // Who waited for his place was once let in for good though he was revoked meanwhile.
        if (endIfRevoked(connection)) return undefined
        return converse(connection, hello, address, present, options)
      })
    })
  })
  return {
    recheck: () => {
      for (const connection of present.values()) endIfRevoked(connection)
    },
    // One that was being greeted was once let in after this, and kept the collector from ending.
    close: () => {
      closing = true
      for (const { end } of present.values()) end(1001, 'the collector is stopping')
      for (const socket of sockets.clients) socket.close(1001)
      sockets.close()
      setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate()
      }, goodbyeWithin).unref()
    },
  }
}

// Both keys of an agent that changes its key are good until it has come with the new one. Who comes with
// that one is no clone of who came with the old one, which somebody else may have by now.
function giveWay(first: Connection | undefined, { agent }: Connection): void {
  if (first === undefined || first.agent.key === agent.key || agent.next !== null) return
  first.end(closeCodes.unknownAgent, 'this agent has come with a newer key')
}

// Browsers always send an Origin and carry cookies; agents never do.
function refusalOf(request: IncomingMessage): string | undefined {
  const path = request.url?.split('?')[0]
  if (path !== agentPath) return '404 Not Found'
  const { origin, cookie } = request.headers
  return origin !== undefined || cookie !== undefined ? '403 Forbidden' : undefined
}

// Sockets that have proven nothing yet are few at a time, in all and from one address.
function countStrangers(): {
  refusal: (address: string) => string | undefined
  enter: (address: string) => () => void
} {
  const counts = new Map<string, number>()
  let total = 0
  const add = (address: string, more: 1 | -1): void => {
    total += more
    const count = (counts.get(address) ?? 0) + more
    if (count === 0) counts.delete(address)
    else counts.set(address, count)
  }
  return {
    refusal: (address) =>
      total >= mostStrangers.inAll || (counts.get(address) ?? 0) >= mostStrangers.perAddress
        ? unavailable
        : undefined,
    enter: (address) => {
      let inside = true
      add(address, 1)
      return () => {
        if (inside) add(address, -1)
        inside = false
      }
    },
  }
}
