import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives what a start or a burst left lying back to the system. Called while nothing is read: a program
 * that does nothing allocates nothing, and V8 collects only for those that do. Takes some 30 ms.
 */
export function tidy(): void {
  // The flag at the start would do, too, but Node's own compiled modules are refused with it.
  setFlagsFromString('--expose-gc')
  const collect: NodeJS.GCFunction = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', flavor: 'last-resort' })
}

/**
 * Calls `tidy` once the log was quiet for a whole turn, and not again before something was read: gives
 * what to call for each reading, and at each turn.
 */
export function openTidying(work: () => void): { read: () => void; turn: () => void } {
  let reads = 0
  let seen = -1
  let tidied = -1
  return {
    read: () => {
      reads++
    },
    turn: () => {
      if (reads === seen && reads !== tidied) {
        work()
        tidied = reads
      }
      seen = reads
    },
  }
}
