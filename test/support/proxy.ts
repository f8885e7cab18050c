/** A TCP proxy on loopback that a test makes behave like a bad network. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export type TcpProxy = {
  /** http://127.0.0.1:port, to be used in the target's place. */
  url: string
  /** Everything goes through at once again. */
  pass: () => void
  /** Resets every connection after so many more bytes of it, both ways together; 0 means now. */
  cutAfter: (bytes: number) => void
  /** Takes nothing and gives nothing, and closes nothing: a cable pulled out somewhere. */
  blackhole: () => void
  /** Every piece arrives so many ms later, in order. */
  delay: (ms: number) => void
  /** Sends the last piece of every client once more, as it came. */
  replay: () => void
  /** How many connections are open through it. */
  open: () => number
  close: () => Promise<void>
}

type Mode = { holds: boolean; late: number }
type Pair = { sockets: [Socket, Socket]; left: number; last: Buffer }

/** Opens a proxy in front of a port on loopback, which need not be listened to yet. */
export async function openProxy(target: number): Promise<TcpProxy> {
  const mode: Mode = { holds: false, late: 0 }
  const pairs = new Set<Pair>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    const pair: Pair = {
      sockets: [client, upstream],
      left: Number.POSITIVE_INFINITY,
      last: Buffer.alloc(0),
    }
    pairs.add(pair)
    for (const socket of pair.sockets) {
      socket.setNoDelay(true)
      socket.on('error', () => cut(pair))
      socket.on('close', () => cut(pair))
    }
    forward(client, upstream, pair)
    forward(upstream, client, pair)
    if (mode.holds) for (const socket of pair.sockets) socket.pause()
  })
  const cut = (pair: Pair) => {
    if (!pairs.delete(pair)) return
    for (const socket of pair.sockets) socket.resetAndDestroy()
  }
  const send = (to: Socket, bytes: Buffer, pair: Pair) => {
    if (!pairs.has(pair) || pair.left <= 0) return
    const passing = bytes.subarray(0, pair.left)
    if (to === pair.sockets[1]) pair.last = passing
    pair.left -= bytes.length
    to.write(passing, () => {
      if (pair.left <= 0) cut(pair)
    })
  }
  const forward = (from: Socket, to: Socket, pair: Pair) => {
    // What is late goes behind what is later still: bytes never overtake each other.
    let behind = Promise.resolve()
    let waiting = 0
    from.on('data', (bytes: Buffer) => {
      if (mode.late === 0 && waiting === 0) return send(to, bytes, pair)
      const due = pause(mode.late)
      waiting += 1
      behind = behind
        .then(() => due)
        .then(() => {
          waiting -= 1
          send(to, bytes, pair)
        })
    })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const hold = (holds: boolean) => {
    mode.holds = holds
    for (const { sockets } of pairs) for (const one of sockets) holds ? one.pause() : one.resume()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pass() {
      mode.late = 0
      for (const pair of pairs) pair.left = Number.POSITIVE_INFINITY
      hold(false)
    },
    cutAfter(bytes) {
      for (const pair of [...pairs]) {
        pair.left = bytes
        if (bytes <= 0) cut(pair)
      }
    },
    blackhole: () => hold(true),
    delay(ms) {
      mode.late = ms
    },
    replay() {
      for (const pair of pairs) if (pair.last.length > 0) send(pair.sockets[1], pair.last, pair)
    },
    open: () => pairs.size,
    close: () =>
      new Promise((resolve) => {
        for (const pair of [...pairs]) cut(pair)
        server.close(() => resolve())
      }),
  }
}
