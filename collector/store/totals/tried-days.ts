/**
 * On which days a subject was tried, as the bits of one number: bit k of `days` is k days before `day`,
 * the last one. To count the addresses of a marked time, each one's row tells it; seeking each
 * of them in the sums by day cost six times as much.
 */

/** How far back the bits go: as many as a number holds exactly. */
const kept = 53

export type TriedDays = { day: number; days: number }

/** Takes days since 1970, each once; gives their bits, those too far before the last one left out. */
export function triedDays(tried: readonly number[]): TriedDays {
  let [day, days] = [0, 0]
  for (const one of tried) if (one > day) day = one
  for (const one of tried) if (day - one < kept) days += 2 ** (day - one)
  return { day, days }
}

/** What a row's bits become with more of them (`excluded`). */
export const joinedDays = `days = ((days << (max(day, excluded.day) - day))
    | (excluded.days << (max(day, excluded.day) - excluded.day))) & ${2 ** kept - 1},
  day = max(day, excluded.day)`

/** Whether a row of `subject` was tried on days from one to another, not included; NULL where its bits do not reach back. */
export function triedOn(from: string, to: string): string {
  const bits = `days >> max(0, day + 1 - ${to})`
  const asked = `(1 << max(0, min(${kept}, ${to} - ${from}, day + 1 - ${from}))) - 1`
  return `iif((${bits}) & (${asked}), true, iif(${from} > day - ${kept}, false, NULL))`
}
