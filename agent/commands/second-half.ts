import { setFlagsFromString } from 'node:v8'
import type { Worker } from 'node:worker_threads'
import { type Cut, countSecond, type Second } from './halves.ts'
import type { ReadingOptions } from './records.ts'

type Task = { cut: Cut; options: ReadingOptions; since: number | null }

/** What a thread makes is soon forgotten; with more room it would only be forgotten later. */
const resourceLimits = { maxYoungGenerationSizeMb: 3 }

/**
 * What V8 keeps for two threads was more than 100 MiB. The most its compilers ever needed stays lying about
 * in each of their threads, less of it where a thread compiles for itself and frees there what it needed;
 * and what is young hardly ever grows old here, in whatever little room.
 */
const thrift = [
  '--no-concurrent-recompilation',
  '--no-maglev-destroy-on-background',
  '--semi-space-growth-factor=1',
  '--optimize-for-size',
]

/**
 * Has a thread of its own count the second half: `program` is the file of this program. Gives null where
 * it fails, whatever the reason; then who asked will find it out for himself.
 */
export function startSecond(
  program: URL,
  task: Task,
): { second: Promise<Second | null>; stop: () => void } {
  for (const flag of thrift) setFlagsFromString(flag)
  let worker: Worker | undefined
  const second = import('node:worker_threads')
    .then(
      (threads) =>
        new Promise<Second | null>((resolve) => {
          const options = { argv: ['second-half'], workerData: task, resourceLimits }
          worker = new threads.Worker(program, options)
          let half: Second | null = null
          worker.once('message', (told: Second) => (half = told))
          worker.once('error', () => resolve(null))
          // Not before its memory is free again: what is made of both halves takes some.
          worker.once('exit', () => resolve(half))
        }),
    )
    .catch(() => null)
  return { second, stop: () => void worker?.terminate() }
}

/** What the thread does, which is told by its first word; typed by a person, that word does nothing. */
export async function runSecond(): Promise<void> {
  const { parentPort, workerData } = await import('node:worker_threads')
  if (parentPort === null) return
  const { cut, options, since } = workerData as Task
  const half = await countSecond(cut, options, since)
  // Handed over, not copied: for a moment all of it was in memory three times.
  const { figures, tried } = half.rows
  const columns = [figures, ...tried.blocks.flatMap((block) => Object.values(block))]
  const buffers = columns.map(({ buffer }) => buffer)
  parentPort.postMessage(half, buffers)
}
