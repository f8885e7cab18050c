import type { Line, Reading, Source } from '../../agent/source/source.ts'
import type { Position } from '../../shared/checkpoint.ts'

/** A source being read, with all it has given so far. */
export type Reader = {
  readings: Reading[]
  /** Lines with their file, in the order given. */
  lines: () => (Line & { file: string })[]
  texts: () => string[]
  gaps: () => string[]
  /** The trouble of the last `waiting`, null where the last reading is another. */
  trouble: () => string | null
  /** Resolves as soon as `done` holds after a reading; fails after `within` ms, saying what was read. */
  until: (done: (reader: Reader) => boolean, within?: number) => Promise<void>
  /** Ends the reading and waits until it has ended. */
  stop: () => Promise<void>
}

/** Reads a source until it is stopped. */
export function startReader(
  source: Source,
  from: Position | null = null,
  since: number | null = null,
): Reader {
  const end = new AbortController()
  const readings: Reading[] = []
  let failure: unknown = null
  let wake = () => {}
  const lines = () =>
    readings.flatMap((one) =>
      one.kind === 'lines' ? one.lines.map((line) => ({ ...line, file: one.file })) : [],
    )
  const reader: Reader = {
    readings,
    lines,
    texts: () => lines().map((line) => line.text),
    gaps: () => readings.flatMap((one) => (one.kind === 'gap' ? [one.gap.kind] : [])),
    trouble() {
      const last = readings.at(-1)
      return last?.kind === 'waiting' ? last.trouble : null
    },
    async until(done, within = 10_000) {
      const deadline = performance.now() + within
      while (!done(reader)) {
        if (failure !== null) throw failure
        const left = deadline - performance.now()
        if (left <= 0) throw new Error(`not reached; read: ${JSON.stringify(readings.slice(-20))}`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    async stop() {
      end.abort()
      await finished
      if (failure !== null) throw failure
    },
  }
  const read = async () => {
    for await (const reading of source.read({ from, since, signal: end.signal })) {
      readings.push(reading)
      wake()
    }
  }
  const finished = read()
    .catch((error: unknown) => {
      failure = error
    })
    .then(() => wake())
  return reader
}

/** The last position given. */
export function lastPosition(reader: Reader): Position {
  const given = reader.readings.flatMap((one) =>
    one.kind !== 'waiting' && one.position !== null ? [one.position] : [],
  )
  const last = given.at(-1)
  if (last === undefined) throw new Error('no position was given yet')
  return last
}
