/**
 * What a program still holds once all that it let go of is gone. RSS alone cannot tell: V8 takes more from
 * the system while work comes thick, and is slow to give it back (lines once went from 238 to 292 MiB,
 * while the heap behind a collection stood where it was).
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** MiB of the heap and of buffers after a collection, and MiB that the system counts. */
export type Held = { heap: number; buffers: number; rss: number }

export type Watch = {
  /** To be called often; looks when another tenth of the way is done. */
  beat: (tried: number) => void
  /** What each look found. */
  held: () => readonly Held[]
  /** MiB of heap and buffers by which the least of the second half is above that of the first, once warm. */
  grown: () => number
}

/** MiB that may be added over a run of any length: inputs that are kept to be changed, code made faster. */
export const mostGrown = 8

const looks = 10
const warm = 2

/** Watches memory on the way to `least` tries. */
export function watchMemory(least: number): Watch {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held: Held[] = []
  return {
    beat: (tried) => {
      if (tried < (least * (held.length + 1)) / looks) return
      // What one collection finalises, the next one takes.
      collect()
      collect()
      const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
      held.push({
        heap: mebibytes(heapUsed),
        buffers: mebibytes(arrayBuffers),
        rss: mebibytes(rss),
      })
    },
    held: () => held,
    grown: () => {
      const sums = held.map(({ heap, buffers }) => heap + buffers)
      const [early, late] = [sums.slice(warm - 1, looks / 2), sums.slice(looks / 2)]
      // Code made faster comes and goes by 9 MiB; what is never let go of is there at every look.
      return late.length === 0 ? 0 : Math.round(Math.min(...late) - Math.min(...early))
    },
  }
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10
}
