/** What running processes have cost so far: the kernel's own account under /proc (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs'

/** A process and every one below it, itself first. */
export function treeOf(pid: number): number[] {
  const below = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return [pid, ...below.flatMap(treeOf)]
}

/** CPU seconds that the living threads of these processes have used so far, to the nanosecond. */
export function cpuOf(pids: readonly number[]): number {
  const threads = pids.flatMap((pid) => folder(`/proc/${pid}/task`).map((t) => `${pid}/task/${t}`))
  const used = threads.map((thread) => Number(read(`/proc/${thread}/schedstat`).split(' ')[0]))
  return used.reduce((sum, ns) => sum + (ns || 0), 0) / 1e9
}

/** MiB that these processes hold: resident, and of that what is no file's. */
export function memoryOf(pids: readonly number[]): { rss: number; anonymous: number } {
  const sum = (field: RegExp): number =>
    pids
      .map((pid) => Number(field.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0))
      .reduce((one, other) => one + other, 0) / 1024
  return { rss: sum(/^Rss: +(\d+)/m), anonymous: sum(/^Anonymous: +(\d+)/m) }
}

/** MiB that a process held at its peak. */
export function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
}

// A process may be gone by the time it is looked at.
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function folder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
