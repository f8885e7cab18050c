/**
 * How soon a log that is written to is looked at again: at once after a quiet moment, and the busier it
 * is, the longer what comes is left to gather, 16 ms at the most. A line each millisecond costs a
 * wake-up, a frame and an acknowledgement each; gathered, a fraction of that. After a look that brought
 * hundreds of lines the next one is a fifth of a second later: of what such a stream costs, looking and
 * sending was more than reading.
 *
 * Gives what to call before each look, with the bytes that the one before has brought.
 */
export function openPace(
  now: () => number,
  sleep: (ms: number) => void = fallAsleep,
): (brought: number) => void {
  let looked = Number.NEGATIVE_INFINITY
  let gap = least
  return (brought) => {
    const passed = now() - looked
    if (brought >= plenty) gap = longest
    if (passed < gap) {
      sleep(gap - passed)
      gap = Math.min(2 * gap, most)
    } else gap = least
    looked = now()
  }
}

const least = 2
const most = 16
const longest = 200
const plenty = 32 * 1024

// A thread that waits is woken by every line; for one that sleeps the kernel makes one event of them all
// (inotify(7)). What else this process has to do (acknowledgements, signals, another log) can wait as long.
function fallAsleep(ms: number): void {
  Atomics.wait(still, 0, 0, ms)
}

const still = new Int32Array(new SharedArrayBuffer(4))
