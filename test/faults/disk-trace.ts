/**
 * What a process wrote to its files, when it asked for it to be on disk, and what it said meanwhile: a
 * trace by strace(1), and the disk as a power cut at some moment of it may leave it. What was not
 * asked for by fsync may be there, may be there in part, or may be gone.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** One event of a trace; `file` is a path, `at` an offset in bytes. */
export type Event =
  | { kind: 'write'; file: string; at: number; bytes: Buffer }
  | { kind: 'truncate'; file: string; size: number }
  | { kind: 'sync'; file: string }
  | { kind: 'said'; text: string }

/** Runs a program under strace and gives what it did; a sentence instead where that cannot be done here. */
export function traceOf(trace: string, command: readonly string[]): Event[] | string {
  const calls = 'trace=pwrite64,fsync,fdatasync,ftruncate,write'
  const asked = ['-f', '-y', '-qq', '-xx', '-s', '100000', '-e', calls, '-o', trace, ...command]
  const { error, status, stderr } = spawnSync('strace', asked, { encoding: 'utf8' })
  if (error !== undefined)
    return `strace is not installed (Debian package strace): ${error.message}`
  if (status !== 0 && /ptrace/i.test(stderr)) return `processes cannot be traced here: ${stderr}`
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
  return whole(readFileSync(trace, 'latin1').split('\n')).flatMap(readCall)
}

// Calls of two threads may be written in pieces: "<unfinished ...>", later "<... name resumed>".
function whole(lines: readonly string[]): string[] {
  const begun = new Map<string, string>()
  return lines.flatMap((line) => {
    const [pid = ''] = line.split(' ', 1)
    if (line.endsWith('<unfinished ...>')) {
      begun.set(pid, line.slice(0, -'<unfinished ...>'.length))
      return []
    }
    const rest = /^\d+ +<\.\.\. \w+ resumed>(.*)$/s.exec(line)?.[1]
    return rest === undefined ? [line] : [`${begun.get(pid) ?? ''}${rest}`]
  })
}

const call =
  /^\d+ +(\w+)\((\d+)<([^>]*)>(?:, "([^"]*)"(?:\.\.\.)?)?(?:, (\d+))?(?:, (\d+))?\) += \d/

function readCall(line: string): Event[] {
  const [, name, descriptor, path = '', text = '', one, other] = call.exec(line) ?? []
  const file = unhex(path).toString()
  switch (name) {
    case 'pwrite64':
      return [{ kind: 'write', file, at: Number(other), bytes: unhex(text) }]
    case 'ftruncate':
      return [{ kind: 'truncate', file, size: Number(one) }]
    case 'fsync':
    case 'fdatasync':
      return [{ kind: 'sync', file }]
    case 'write':
      return descriptor === '1' ? [{ kind: 'said', text: unhex(text).toString() }] : []
    default:
      return []
  }
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}

/** A file between what is surely on disk and what was written to it. */
export type TracedFile = {
  take: (event: Exclude<Event, { kind: 'said' }>) => void
  /** How many bytes written since the last fsync. */
  unsure: () => number
  /** Where the writes since then end, counted in bytes of them. */
  boundaries: () => number[]
  /** The file as a power cut leaves it of which so many of those bytes had reached the disk. */
  cutAt: (bytes: number) => Buffer
}

/** Opens a file that is not there yet. */
export function openTracedFile(): TracedFile {
  let durable: Buffer = Buffer.alloc(0)
  let pending: Exclude<Event, { kind: 'said' | 'sync' }>[] = []
  const cutAt = (bytes: number): Buffer => {
    let left = bytes
    let content = durable
    for (const one of pending) {
      if (one.kind === 'truncate') {
        content = content.subarray(0, one.size)
        continue
      }
      if (left <= 0) break
      const piece = one.bytes.subarray(0, left)
      left -= piece.length
      const grown = Buffer.alloc(Math.max(content.length, one.at + piece.length))
      content.copy(grown)
      piece.copy(grown, one.at)
      content = grown
    }
    return content
  }
  const boundaries = (): number[] => {
    const ends = [0]
    for (const one of pending) {
      if (one.kind === 'write') ends.push((ends.at(-1) ?? 0) + one.bytes.length)
    }
    return ends
  }
  const unsure = (): number => boundaries().at(-1) ?? 0
  return {
    take(event) {
      if (event.kind !== 'sync') {
        pending.push(event)
        return
      }
      durable = cutAt(Number.POSITIVE_INFINITY)
      pending = []
    },
    unsure,
    boundaries,
    cutAt,
  }
}
