/** A connection between two ends of one process that behaves as a WebSocket does, as far as anybody looks. */
import { EventEmitter } from 'node:events'

/** One end. What is sent arrives in order, in a later turn of the event loop. */
export type End = EventEmitter & {
  readonly OPEN: 1
  readonly readyState: number
  send: (text: string) => void
  /** Closes behind what was sent before. */
  close: () => void
  /** Closes at once; what is on its way is lost. */
  terminate: () => void
}

/** Opens a connection; both ends tell `message` (text) and, once, `close`. */
export function openPipe(): [End, End] {
  let open = true
  const way: (() => void)[] = []
  const shut = () => {
    if (!open) return
    open = false
    for (const end of ends) end.emit('close')
  }
  const later = (work: () => void) => {
    way.push(work)
    setImmediate(() => {
      const next = way.shift()
      if (open) next?.()
    })
  }
  const make = (other: () => End): End =>
    Object.defineProperty(
      Object.assign(new EventEmitter(), {
        OPEN: 1 as const,
        send: (text: string) => open && later(() => other().emit('message', text)),
        close: () => later(shut),
        terminate: shut,
      }),
      'readyState',
      { get: () => (open ? 1 : 3) },
    ) as unknown as End
  const ends: [End, End] = [make(() => ends[1]), make(() => ends[0])]
  return ends
}
