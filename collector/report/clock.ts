import { setTimeout as timer } from 'node:timers/promises'

/** What the delivery of reports asks of time. */
export type Clock = {
  /** ms UTC. */
  now: () => number
  /** Resolves after so many ms (Infinity: never), or as soon as the signal is aborted. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>
}

// A Node timer above 2^31 ms fires at once.
const longestTimer = 2 ** 31 - 1

/** The machine's own clock. */
export const systemClock: Clock = {
  now: Date.now,
  wait: async (ms, signal) => {
    try {
      await timer(Math.min(Math.max(ms, 0), longestTimer), undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  },
}
