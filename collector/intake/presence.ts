import type { WebSocket } from 'ws'
import { closeCodes } from '../../shared/wire.ts'
import type { Connection, GateEvent } from './conversation.ts'

const answersWithin = 2000

/**
 * One identity, one connection. The same process coming back takes its place at once. Another process
 * takes it only where the first no longer answers: otherwise one of the two is a clone (a copied
 * virtual machine), which is refused, and a person is told. Gives true where the place is free.
 */
export async function makeRoom(
  present: Map<number, Connection>,
  next: Connection,
  address: string,
  tell: (event: GateEvent) => void,
): Promise<boolean> {
  const first = present.get(next.agent.id)
  if (first !== undefined) {
    if (first.instance !== next.instance && (await answers(first.socket))) {
      tell({ kind: 'duplicate', agent: next.agent, address })
      next.end(
        closeCodes.duplicateIdentity,
        'another agent with this key is connected; if this host is a clone, run here: cibot-agent key --new, and enrol it under a name of its own',
      )
      return false
    }
    first.socket.terminate()
    if (present.get(next.agent.id) === first) present.delete(next.agent.id)
  }
  return next.socket.readyState === next.socket.OPEN && !present.has(next.agent.id)
}

function answers(socket: WebSocket): Promise<boolean> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = (alive: boolean) => (): void => {
      clearTimeout(timer)
      resolve(alive)
    }
    const timer = setTimeout(settle(false), answersWithin)
    socket.once('pong', settle(true))
    socket.once('close', settle(false))
    socket.ping()
  })
}
