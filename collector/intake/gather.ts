export type Gathering<T> = {
  enter: (item: T) => void
  /** Hands over at once what waits, if anything does. */
  hand: () => void
}

/** Milliseconds, and how often something must be handed over within them to be a stream. */
const [aWhile, often] = [100, 10] as const

/**
 * Hands over what comes together, in order of arrival: at the end of its turn of the event loop, of a
 * stream so many milliseconds (`apart`) after the last was done with, and at once what weighs as much as
 * `most`. One agent that tells of a line now and then is no stream, and waits for nothing.
 */
export function gather<T>(
  work: (items: readonly T[]) => void,
  { apart, most, weight }: { apart: number; most: number; weight: (item: T) => number },
): Gathering<T> {
  let waiting: T[] = []
  let weighs = 0
  let free = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const recent: number[] = []
  const hand = (): void => {
    clearTimeout(timer)
    const items = waiting
    waiting = []
    weighs = 0
    if (items.length === 0) return
    work(items)
    const now = performance.now()
    recent.push(now)
    const first = recent.length > often ? recent.shift() : undefined
    free = first !== undefined && now - first < aWhile ? now + apart : now
  }
  return {
    hand,
    enter: (item) => {
      waiting.push(item)
      weighs += weight(item)
      if (weighs >= most) hand()
      if (waiting.length !== 1) return
      const rest = free - performance.now()
      if (rest > 0) timer = setTimeout(hand, rest)
      else setImmediate(hand)
    },
  }
}

/** The same for what can wait for the end of its turn and no longer. */
export function together<T>(work: (items: readonly T[]) => void): (item: T) => void {
  return gather(work, { apart: 0, most: Number.POSITIVE_INFINITY, weight: () => 0 }).enter
}
