import { Cron } from 'croner'
import type { Clock } from './clock.ts'

/** When the old script had its cron job run: at minute 59 of every hour. */
export const everyHour = '59 * * * *'

export type Schedule = {
  /** ms UTC of the next tick; null where the expression names none. */
  next: () => number | null
  /** Ticks until stopped; rejects with what a tick throws. */
  run: () => Promise<void>
  stop: () => void
}

// Short enough that a clock set right after the start of a board without one is noticed soon.
const longestNap = 60_000

/**
 * Calls `tick` with the time (ms UTC) whenever the cron expression says so in the zone (an IANA
 * name). Ticks missed while nothing ran are not made up for: what they would have told is told at
 * the next. Throws where expression or zone are none, or no time to come is named.
 */
export function openSchedule(ask: {
  cron: string
  zone: string
  clock: Clock
  tick: (now: number) => Promise<void>
}): Schedule {
  const { clock } = ask
  const cron = new Cron(ask.cron, { timezone: ask.zone, paused: true })
  const after = (at: number): number | null => cron.nextRun(new Date(at))?.getTime() ?? null
  if (after(clock.now()) === null) throw new RangeError(`${ask.cron} never comes`)
  const stopped = new AbortController()
  return {
    next: () => after(clock.now()),
    run: () => run(ask, after, stopped.signal),
    stop: () => stopped.abort(),
  }
}

async function run(
  { clock, tick }: { clock: Clock; tick: (now: number) => Promise<void> },
  after: (at: number) => number | null,
  signal: AbortSignal,
): Promise<void> {
  let since = clock.now()
  while (!signal.aborted) {
    const now = clock.now()
    // The clock was set back: what it showed before never happened.
    if (now < since) since = now
    // One that is over waits to be stopped: another may take its place.
    const next = after(since) ?? Number.POSITIVE_INFINITY
    if (next <= now) {
      since = now
      await tick(now)
    } else {
      await clock.wait(Math.min(next - now, longestNap), signal)
    }
  }
}
