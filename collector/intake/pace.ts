/**
 * When totals are written: a moment after the findings, a slice at a time, so that no acknowledgement
 * waits for it long. All of it is on disk within a second, unless more is told than the disk
 * takes.
 */
import type { Sums } from '../store/sums.ts'

export type Pace = {
  /** To be called after each commit. */
  due: () => void
  /** Writes what is pending at once, where it is little. */
  settle: () => void
  /** Writes all that is pending, and ends. */
  close: () => void
}

const [firstAfter, nextAfter, againAfter] = [400, 2, 1000] as const
/** Milliseconds that are summed in one go: least and most. */
const [atOnce, mostAtOnce] = [2, 100] as const
/** Findings: what is written at once for a reader, and what is waited for before more is taken. */
const [little, tooMany] = [2000, 500_000] as const

/** Paces these totals. A slice that cannot be written (a full disk) is tried again: it can be made from the findings at any time. */
export function paceSums(sums: Pick<Sums, 'pending' | 'slice' | 'settle'>): Pace {
  let timer: NodeJS.Timeout | undefined
  let due = 0
  const after = (ms: number): void => {
    if (timer !== undefined) return
    due = performance.now() + ms
    timer = setTimeout(step, ms).unref()
  }
  // As long as everything else kept it waiting: what is told faster than it is summed must not pile up.
  const step = (): void => {
    timer = undefined
    const began = performance.now()
    const long = Math.max(atOnce, Math.min(began - due, mostAtOnce))
    try {
      let more = sums.slice()
      while (more && performance.now() - began < long) more = sums.slice()
      if (more) after(nextAfter)
    } catch {
      after(againAfter)
    }
  }
  const settle = (): void => {
    try {
      sums.settle()
    } catch {
      after(againAfter)
    }
  }
  const start = (): void => {
    if (sums.pending() > tooMany) settle()
    else if (sums.pending() > 0) after(firstAfter)
  }
  // What a crash left undone is due at once.
  start()
  return {
    due: start,
    settle: () => {
      if (sums.pending() <= little) settle()
    },
    close: () => {
      clearTimeout(timer)
      settle()
      clearTimeout(timer)
    },
  }
}
