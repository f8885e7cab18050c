/**
 * Hands over at once what comes in one turn of the event loop: a commit waits for the disk, and a
 * thousand agents must not wait for a thousand. Takes what does the work, in order of arrival; gives
 * what takes one item.
 */
export function together<T>(work: (items: readonly T[]) => void): (item: T) => void {
  let waiting: T[] = []
  return (item) => {
    waiting.push(item)
    if (waiting.length > 1) return
    setImmediate(() => {
      const items = waiting
      waiting = []
      work(items)
    })
  }
}
