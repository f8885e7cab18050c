import { elapsed } from './elapsed.ts'
import { limits } from './wire.ts'

/** As much of a WebSocket as watching its pulse takes. */
type Socket = {
  on: (event: 'ping' | 'pong' | 'message', listener: () => void) => unknown
  once: (event: 'close', listener: () => void) => unknown
  ping: () => void
  terminate: () => void
}

/**
 * Pings an open socket every 15 s and cuts it after 30 s of silence: a peer that vanished without
 * closing (a router rebooted, a laptop asleep) is noticed by both sides on their own.
 */
export function keepAlive(socket: Socket): void {
  let heard = elapsed()
  const hear = (): void => {
    heard = elapsed()
  }
  socket.on('ping', hear)
  socket.on('pong', hear)
  socket.on('message', hear)
  const timer = setInterval(() => {
    if (elapsed() - heard > limits.silentAfter) socket.terminate()
    else socket.ping()
  }, limits.pingEvery)
  socket.once('close', () => clearInterval(timer))
}
