import { type FromAgent, limits } from '../../shared/wire.ts'

/** A frame that must be stored. */
type Numbered = Extract<FromAgent, { seq: number }>
/** The same before it has its number. */
export type Unnumbered = Numbered extends infer F
  ? F extends Numbered
    ? Omit<F, 'seq'>
    : never
  : never

/** The frames on their way: numbered, and never more than 8 without an acknowledgement. */
export type Window = {
  /**
   * Sends a frame that must be stored; `text` is its JSON, where somebody had to write that already.
   * Resolves when there is room for the next one; rejects when the connection ends.
   */
  submit: (frame: Unnumbered, text?: string) => Promise<void>
  /** Takes the collector's word that everything up to here is stored. */
  acknowledge: (upto: number) => void
}

/** Opens the window of a connection that ends with the signal; `send` is given the text where there is one. */
export function openWindow(
  signal: AbortSignal,
  send: (frame: FromAgent, text?: string) => void,
): Window {
  let sent = 0
  let acknowledged = 0
  let waiters: { upto: number; resolve: () => void; reject: (error: unknown) => void }[] = []
  const ended = new Error('the connection ended')
  signal.addEventListener('abort', () => {
    for (const waiter of waiters) waiter.reject(ended)
  })
  const until = (upto: number): Promise<void> => {
    if (signal.aborted) return Promise.reject(ended)
    if (acknowledged >= upto) return Promise.resolve()
    return new Promise((resolve, reject) => waiters.push({ upto, resolve, reject }))
  }
  return {
    submit: async (frame, text) => {
      signal.throwIfAborted()
      sent += 1
      const numbered = text === undefined ? undefined : `${text.slice(0, -1)},"seq":${sent}}`
      send({ ...frame, seq: sent } as Numbered, numbered)
      await until(sent - limits.unacknowledged + 1)
    },
    acknowledge: (upto) => {
      acknowledged = Math.max(acknowledged, Math.min(upto, sent))
      for (const waiter of waiters) if (waiter.upto <= acknowledged) waiter.resolve()
      waiters = waiters.filter((waiter) => waiter.upto > acknowledged)
    },
  }
}
