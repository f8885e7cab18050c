import { setImmediate as turn } from 'node:timers/promises'

/** Lets the event loop turn until the condition holds, or so many times; gives whether it held. */
export async function turns(holds: () => boolean, most = 50): Promise<boolean> {
  for (let left = most; left > 0 && !holds(); left--) await turn()
  return holds()
}
