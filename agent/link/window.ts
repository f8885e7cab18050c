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
   * Resolves once it is on its way, in its turn; rejects when the connection ends.
   */
  submit: (frame: Unnumbered, text?: string) => Promise<void>
  /** Takes the collector's word that everything up to here is stored. */
  acknowledge: (upto: number) => void
}

/**
 * Opens the window of a connection that ends with the signal; `send` is given the text where there is one.
 * Several sources share it, so a frame waits before it is sent: sent first, sixteen sources once had
 * more under way than the collector takes from one agent, and were hung up on time and again.
 */
export function openWindow(
  signal: AbortSignal,
  send: (frame: FromAgent, text?: string) => void,
): Window {
  let sent = 0
  let acknowledged = 0
  let waiting: { post: () => void; reject: (error: unknown) => void }[] = []
  const ended = new Error('the connection ended')
  signal.addEventListener('abort', () => {
    for (const { reject } of waiting) reject(ended)
    waiting = []
  })
  const number = (frame: Unnumbered, text: string | undefined): void => {
    sent += 1
    const numbered = text === undefined ? undefined : `${text.slice(0, -1)},"seq":${sent}}`
    send({ ...frame, seq: sent } as Numbered, numbered)
  }
  const admit = (): void => {
    while (sent - acknowledged < limits.unacknowledged && waiting.length > 0)
      waiting.shift()?.post()
  }
  return {
    submit: (frame, text) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(ended)
        waiting.push({ post: () => resolve(number(frame, text)), reject })
        admit()
      }),
    acknowledge: (upto) => {
      acknowledged = Math.max(acknowledged, Math.min(upto, sent))
      admit()
    },
  }
}
