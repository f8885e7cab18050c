/**
 * Fuzzing guided by coverage: inputs are made by changing known ones; what reaches code that none has
 * reached is kept, to be changed further. What makes the target throw is made smaller and told.
 */
import type { Random } from '../support/random.ts'
import { addTo, newIn, openCoverage, type Ran } from './coverage.ts'

/** What is fuzzed. Inputs survive JSON, so that one that is found can be kept as a file. */
export type Target<I> = {
  name: string
  seeds: readonly I[]
  /** Another input like this one; `other` is one to take pieces from. */
  mutate: (input: I, random: Random, other: I) => I
  /** Throws, or rejects, where a promise is broken. Gives how much was tried: lines, frames. */
  run: (input: I) => number | Promise<number>
  /** Smaller inputs to try in place of one that fails. */
  smaller: (input: I) => Iterable<I>
  /** What must hold after all of it; throws where it does not. */
  end?: () => void | Promise<void>
}

export type Found<I> = { input: I; error: unknown }

export type Result<I> = {
  /** Lines or frames tried, and inputs they came in. */
  tried: number
  inputs: number
  /** Inputs to change: the seeds and those that reached new code. */
  kept: number
  /** Characters of our own code that ran. */
  reached: number
  found: Found<I>[]
}

// Asking what ran takes as long as hundreds of inputs: the less is new, the more are run between.
const atOnce = { least: 64, most: 4096 }
const mostKept = 20_000
const mostFound = 10

/**
 * Tries at least `least` lines or frames; `beat` is called between inputs, when nothing but what is kept
 * is held, with how many were tried.
 */
export async function campaign<I>(
  target: Target<I>,
  random: Random,
  least: number,
  beat: (tried: number) => void = () => undefined,
): Promise<Result<I>> {
  const coverage = openCoverage((url) => /\/(?:agent|collector|shared)\/[^?]*\.ts$/.test(url))
  const known: Ran = new Map()
  const pool = [...target.seeds]
  const result: Result<I> = { tried: 0, inputs: 0, kept: 0, reached: 0, found: [] }
  const run = async (inputs: readonly I[]): Promise<Ran> => {
    for (const input of inputs) await tryOne(target, input, result)
    return coverage.take()
  }
  // Which of them it was: halves of halves, each run again.
  const reaching = async (inputs: readonly I[]): Promise<I[]> => {
    if (!newIn(known, await run(inputs))) return []
    if (inputs.length === 1) return [...inputs]
    const half = inputs.length >> 1
    return [...(await reaching(inputs.slice(0, half))), ...(await reaching(inputs.slice(half)))]
  }
  try {
    result.reached = addTo(known, await run(target.seeds))
    for (let size = atOnce.least; result.tried < least && result.found.length < mostFound; ) {
      beat(result.tried)
      const change = (): I => target.mutate(random.pick(pool), random, random.pick(pool))
      const inputs = Array.from({ length: size }, change)
      const ran = await run(inputs)
      if (pool.length < mostKept && newIn(known, ran)) {
        pool.push(...(await reaching(inputs)))
        size = atOnce.least
      } else size = Math.min(2 * size, atOnce.most)
      result.reached += addTo(known, ran)
    }
    beat(result.tried)
    await target.end?.()
  } finally {
    coverage.close()
  }
  return { ...result, kept: pool.length }
}

async function tryOne<I>(target: Target<I>, input: I, result: Result<I>): Promise<void> {
  result.inputs += 1
  try {
    const tried = target.run(input)
    result.tried += typeof tried === 'number' ? tried : await tried
  } catch (error) {
    result.tried += 1
    if (result.found.length < mostFound) result.found.push(await smallest(target, { input, error }))
  }
}

async function smallest<I>(target: Target<I>, first: Found<I>): Promise<Found<I>> {
  for (const input of target.smaller(first.input)) {
    const error = await failure(target, input)
    if (error !== undefined) return smallest(target, { input, error })
  }
  return first
}

async function failure<I>(target: Target<I>, input: I): Promise<unknown> {
  try {
    await target.run(input)
    return undefined
  } catch (error) {
    return error
  }
}
