/**
 * Which of our own code has run, by V8's block coverage (node:inspector): what makes fuzzing look for
 * new paths instead of rolling dice. Kept npm fuzzers were tried first: @jazzer.js/core 4.0.0 brings a
 * prebuilt libFuzzer that wants glibc 2.38, which Debian 12 has not, and 78 packages.
 */
import { Session } from 'node:inspector'

/** One stretch of code as V8 counts it (Chrome DevTools Protocol, Profiler.CoverageRange). */
type Range = { startOffset: number; endOffset: number; count: number }
type Script = { url: string; functions: { ranges: Range[] }[] }

/** Characters of each script that ran: 1 where they did. */
export type Ran = Map<string, Uint8Array>

export type Coverage = {
  /** What ran since it was last asked. */
  take: () => Ran
  close: () => void
}

/** Starts counting in all scripts whose address `ours` takes. */
export function openCoverage(ours: (url: string) => boolean): Coverage {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return {
    take: () => {
      const ran: Ran = new Map()
      // On its own thread the inspector answers before post returns.
      session.post('Profiler.takePreciseCoverage', (_error, answer) => {
        for (const script of (answer as { result: Script[] }).result) {
          if (ours(script.url)) ran.set(script.url, paint(script))
        }
      })
      return ran
    },
    close: () => {
      session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    },
  }
}

/** Whether anything ran that is not known. */
export function newIn(known: Ran, ran: Ran): boolean {
  for (const [url, characters] of ran) {
    const all = known.get(url)
    if (characters.some((did, at) => did === 1 && all?.[at] !== 1)) return true
  }
  return false
}

/** Adds what ran to what is known, and gives how many characters are new. */
export function addTo(known: Ran, ran: Ran): number {
  let fresh = 0
  for (const [url, characters] of ran) {
    const all = new Uint8Array(Math.max(characters.length, known.get(url)?.length ?? 0))
    all.set(known.get(url) ?? [])
    for (let at = 0; at < characters.length; at++) {
      if (characters[at] !== 1 || all[at] === 1) continue
      all[at] = 1
      fresh += 1
    }
    known.set(url, all)
  }
  return fresh
}

// Ranges come outer first; an inner one that never ran takes its stretch back.
function paint({ functions }: Script): Uint8Array {
  const ranges = functions.flatMap((one) => one.ranges)
  const characters = new Uint8Array(Math.max(0, ...ranges.map((range) => range.endOffset)))
  for (const { startOffset, endOffset, count } of ranges) {
    characters.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  return characters
}
