import { setTimeout as pause } from 'node:timers/promises'

/**
 * Asks again and again until the answer is neither undefined nor false, and gives it. After `within`
 * ms it fails with `what` was waited for and the last error that asking threw, if any.
 */
export async function until<T>(
  what: string | (() => string),
  ask: () => T | Promise<T>,
  within = 20_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + within
  for (;;) {
    let failure: unknown
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    } catch (error) {
      failure = error
    }
    if (performance.now() > deadline) {
      const said = typeof what === 'string' ? what : what()
      throw new Error(`not within ${within} ms: ${said}`, { cause: failure })
    }
    await pause(40)
  }
}
