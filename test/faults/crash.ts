/** A crash at every side effect of both programs, one play for each. */
import type { Stop } from './effects.ts'
import type { Programs } from './programs.ts'
import { type Played, play, type Step } from './world.ts'

/** A day of a log in small: rename with late lines, packing, copytruncate, two reports. */
export const smallDay: readonly Step[] = [
  { do: 'write', lines: 14 },
  { do: 'rename', late: 3 },
  { do: 'write', lines: 5 },
  { do: 'report' },
  { do: 'pack' },
  { do: 'write', lines: 4 },
  { do: 'copytruncate' },
  { do: 'write', lines: 4 },
]

/** One crash and what was wrong after it. */
export type Harm = { stop: Stop; wrong: string[] }

/** Plays at a time: most of each is waiting for the file system. */
const together = 6

/**
 * Plays `smallDay` with the log of a seed without a crash, and then with one before and one after each
 * of its side effects (those whose names match), until `enough` did harm. Gives how many effects there
 * were, and the crashes after which anything was lost, doubled or told wrong.
 */
export async function crashEverywhere(
  programs: Programs,
  seed: number,
  { at: where, enough }: { at: RegExp; enough: number } = {
    at: /./,
    enough: Number.POSITIVE_INFINITY,
  },
): Promise<{ effects: string[]; crashes: number; harm: Harm[] }> {
  const { effects, ...calm } = await play(programs, { seed, script: smallDay })
  const harm: Harm[] = []
  const wrong = wrongWith(calm)
  if (wrong.length > 0) harm.push({ stop: { effect: 'none', nth: 0, when: 'before' }, wrong })
  const stops = effects.flatMap((effect, at): Stop[] => {
    if (!where.test(effect)) return []
    const nth = effects.slice(0, at + 1).filter((one) => one === effect).length
    return [
      { effect, nth, when: 'before' },
      { effect, nth, when: 'after' },
    ]
  })
  let crashes = 0
  const work = async () => {
    for (let stop = stops.shift(); stop !== undefined; stop = stops.shift()) {
      if (harm.length >= enough) return
      const wrong = await wrongAfter(programs, seed, stop)
      if (wrong === undefined) continue
      crashes += 1
      if (wrong.length > 0) harm.push({ stop, wrong })
    }
  }
  await Promise.all(Array.from({ length: together }, work))
  return { effects, crashes, harm }
}

// Undefined where the play was over before: how reads and frames fall together is the system's affair, so
// one play has a few effects less than another.
async function wrongAfter(
  programs: Programs,
  seed: number,
  stop: Stop,
): Promise<string[] | undefined> {
  try {
    const played = await play(programs, { seed, script: smallDay, stop })
    const came = played.effects.filter((one) => one === stop.effect).length
    return came < stop.nth ? undefined : wrongWith(played)
  } catch (error) {
    return [String(error)]
  }
}

function wrongWith({ verdict, messages }: Omit<Played, 'effects'>): string[] {
  return [...verdict.differences, ...messages]
}
