/**
 * When totals are written: a moment after the findings where they are few, gathered for seconds where
 * they are many. A row costs a page on its way to disk however much it grows: in an attack a finding
 * costs 5 µs written down with 400,000 others, 7 with 100,000, 14 with 10,000. They are written a slice
 * at a time between what agents tell, which goes first: it cannot be made again.
 */
import type { Sums } from '../store/totals/sums.ts'

export type Pace = {
  /** To be called after each commit. */
  due: () => void
  /** For who is about to read the totals: brings them up to date, at once where little is pending, else soon. */
  settle: () => void
  /** Writes all that is pending, and ends. */
  close: () => void
}

/** Milliseconds: until a look at what is pending, from slice to slice in haste, after one that failed, longest gathered. */
const [calm, nextAfter, againAfter, longest] = [400, 2, 1000, 5000] as const
/** Milliseconds that are written in one go: least, and most in haste. */
const [atOnce, mostAtOnce] = [2, 8] as const
/**
 * Of the time, one part in so many is for totals where there is no haste: written all at once they kept
 * agents waiting for a second of every five.
 */
const share = 4
/** Findings: written at once for a reader, gathered no longer, written in haste, and before more is taken. */
const [little, many, urgent, tooMany] = [2000, 400_000, 600_000, 1_000_000] as const

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
    if (isGathering()) after(calm)
    // In haste as long as everything else kept it waiting: what is told must not pile up.
    else write(isHasty() ? Math.max(atOnce, Math.min(now() - due, mostAtOnce)) : atOnce)
  }
  const isGathering = (): boolean => {
    const pending = sums.pending()
    if (isWriting || isAwaited || pending <= little || pending > many) return false
    gatheredSince ??= now()
    return now() - gatheredSince < longest
  }
  const isHasty = (): boolean => isAwaited || sums.pending() > urgent
  const write = (long: number): void => {
    const began = now()
    // While these are written the next ones gather.
    if (!isWriting) gatheredSince = began
    try {
      do isWriting = sums.slice()
      while (isWriting && now() - began < long)
      if (isWriting) after(isHasty() ? nextAfter : (share - 1) * (now() - began))
      else {
        isAwaited = false
        if (sums.pending() > 0) after(calm)
      }
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
