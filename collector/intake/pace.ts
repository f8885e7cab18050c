/**
 * When totals are written: a moment after the findings where they are few, gathered for seconds where
 * they are many. A row costs a page on its way to disk however much it grows: in an attack a finding
 * costs 5 µs written down with 400,000 others, 7 with 100,000, 14 with 10,000. They are written a slice
 * at a time between what agents tell, which goes first: it cannot be made again.
 */
import type { Sums } from '../store/sums.ts'

export type Pace = {
  /** To be called after each commit. */
  due: () => void
  /** For who is about to read the totals: brings them up to date, at once where little is pending, else soon. */
  settle: () => void
  /** Writes all that is pending, and ends. */
  close: () => void
}

/** Milliseconds: until a look at what is pending, from slice to slice, after one that failed, longest gathered. */
const [calm, nextAfter, againAfter, longest] = [400, 2, 1000, 5000] as const
/** Milliseconds that are written in one go: least and most. */
const [atOnce, mostAtOnce] = [2, 8] as const
/** Findings: written at once for a reader, gathered no longer, and written before more is taken. */
const [little, many, tooMany] = [2000, 400_000, 1_000_000] as const

/**
 * Paces these totals; `now` is in ms, of a clock that never goes back. A slice that cannot be written (a
 * full disk) is tried again: it can be made from the findings at any time.
 */
export function paceSums(
  sums: Pick<Sums, 'pending' | 'slice' | 'settle'>,
  now: () => number = () => performance.now(),
): Pace {
  let timer: NodeJS.Timeout | undefined
  let due = 0
  let gatheredSince: number | undefined
  let isAwaited = false
  // What a crash left undone is due at once.
  let isWriting = sums.pending() > 0
  const after = (ms: number): void => {
    if (timer !== undefined) return
    due = now() + ms
    timer = setTimeout(step, ms).unref()
  }
  const step = (): void => {
    timer = undefined
    if (isGathering()) {
      after(calm)
      return
    }
    gatheredSince = undefined
    isAwaited = false
    // As long as everything else kept it waiting: what is told faster than it is summed must not pile up.
    write(Math.max(atOnce, Math.min(now() - due, mostAtOnce)))
  }
  const isGathering = (): boolean => {
    const pending = sums.pending()
    if (isWriting || isAwaited || pending <= little || pending > many) return false
    gatheredSince ??= now()
    return now() - gatheredSince < longest
  }
  const write = (long: number): void => {
    const began = now()
    try {
      do isWriting = sums.slice()
      while (isWriting && now() - began < long)
      if (isWriting) after(nextAfter)
      else if (sums.pending() > 0) after(calm)
    } catch {
      after(againAfter)
    }
  }
  const settle = (): void => {
    try {
      sums.settle()
      isWriting = false
    } catch {
      after(againAfter)
    }
  }
  const start = (): void => {
    if (sums.pending() > tooMany) write(mostAtOnce)
    else if (sums.pending() > 0) after(calm)
  }
  start()
  return {
    due: start,
    settle: () => {
      if (sums.pending() <= little) settle()
      else isAwaited = true
    },
    close: () => {
      clearTimeout(timer)
      settle()
      clearTimeout(timer)
    },
  }
}
