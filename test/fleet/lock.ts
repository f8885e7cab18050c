import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './command.ts'
import { labDirectory } from './tree.ts'

/**
 * Holds the machine for one lab, by a file naming the process that has it and when it began; gives
 * what lets it go. Waits 45 minutes for another lab, then throws CommandFailed.
 */
export async function lock(): Promise<() => void> {
  const path = join(labDirectory(), 'lock')
  mkdirSync(labDirectory(), { recursive: true })
  let waitsFor: number | undefined
  await until(`another lab on this machine ends, see ${path},`, 2700, async () => {
    const holder = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const pid = Number.parseInt(holder, 10)
    if (pid === process.pid && holder === life(pid)) throw new Error('this lab is open already')
    if (holder !== '' && holder === life(pid)) {
      if (waitsFor !== pid) process.stderr.write(`waiting for the lab of ${called(pid)}\n`)
      waitsFor = pid
      return undefined
    }
    rmSync(path, { force: true })
    return writeFile(path, life(process.pid), { flag: 'wx' }).then(
      () => true,
      () => undefined,
    )
  })
  return () => rmSync(path, { force: true })
}

// The runner's own command line is long, and ends with the file.
function called(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return `process ${pid}, ${words.findLast((word) => word !== '')}`
  } catch {
    return `process ${pid}`
  }
}

/** A process's pid and start time: a pid alone would be taken for another one after it came round. */
function life(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return `${pid} ${fields[19]}`
  } catch {
    return ''
  }
}

/** Calls `clean` once: by the function given back, or with the end of the process. */
export function onEnd(clean: () => void): () => void {
  const once = (): void => {
    process.off('exit', once)
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', terminated)
    clean()
  }
  const interrupted = (): never => process.exit(130)
  const terminated = (): never => process.exit(143)
  process.once('exit', once)
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', terminated)
  return once
}
