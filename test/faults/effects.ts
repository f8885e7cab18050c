/**
 * Every side effect of a program passes through here and is counted, so that the k-th of its kind can be
 * the last of its process: the process ends just before it took place, or just after.
 */

export type Who = 'agent' | 'collector'

/**
 * Where a process is to end: at which effect of a kind ("agent: read"), counted from 1. Not counted over all
 * kinds: how they fall together is the system's affair, and the third message must be the third message.
 */
export type Stop = { effect: string; nth: number; when: 'before' | 'after' }

/** One process from its start to its end; what it does after its end has no effect. */
export type Life = { who: Who; ended: boolean; end: () => void; signal: AbortSignal }

/** Thrown into a process that has ended. */
export class Ended extends Error {
  override name = 'Ended'
}

export type Effects = {
  /** What took place so far, in order, as "agent: read". */
  taken: string[]
  /** Lets an effect of a process take place, unless the process has ended or ends here: then throws. */
  take: <T>(life: Life, what: string, perform: () => T) => T
}

/** Opens the count. */
export function openEffects(stop?: Stop): Effects {
  const taken: string[] = []
  let left = stop?.nth
  return {
    taken,
    take(life, what, perform) {
      if (life.ended) throw new Ended(what)
      const effect = `${life.who}: ${what}`
      taken.push(effect)
      if (left !== undefined && effect === stop?.effect) left -= 1
      const isHere = left === 0
      if (isHere) left = undefined
      if (isHere && stop?.when === 'before') life.end()
      if (life.ended) throw new Ended(what)
      const result = perform()
      if (isHere) life.end()
      if (life.ended) throw new Ended(what)
      return result
    },
  }
}
