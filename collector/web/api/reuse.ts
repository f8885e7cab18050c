/**
 * Answers that were dear to make are given again for a while. Counting 90 busy days takes seconds in
 * which no agent is answered; a page that asks every few seconds must not get all of them.
 */

/** What takes longer than this (ms) is dear, and is given again for 20 times as long as it took. */
const dear = 50
const times = 20
const mostKept = 50

export type Reuse = <T>(key: string, make: () => T) => T

/** Takes a clock (ms, monotonic); gives a function that makes an answer, or gives the one just made. */
export function createReuse(clock: () => number = () => performance.now()): Reuse {
  const kept = new Map<string, { until: number; answer: unknown }>()
  return <T>(key: string, make: () => T): T => {
    const known = kept.get(key)
    if (known !== undefined && clock() < known.until) return known.answer as T
    kept.delete(key)
    const begun = clock()
    const answer = make()
    const took = clock() - begun
    if (took > dear) kept.set(key, { until: begun + took * times, answer })
    const oldest = kept.size > mostKept ? kept.keys().next().value : undefined
    if (oldest !== undefined) kept.delete(oldest)
    return answer
  }
}
