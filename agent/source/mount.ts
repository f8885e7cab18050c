import { readFileSync } from 'node:fs'
import { orElse } from './files.ts'

/**
 * Whether a path (a real one) is a place where something was mounted, as `docker -v FILE:FILE` does with
 * one file: proc_pid_mountinfo(5), fifth field, spaces and such as octal numbers.
 */
export function isMountPoint(path: string): boolean {
  const written = path.replaceAll(
    /[\s\\]/g,
    (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
  const mounts = orElse('', () => readFileSync('/proc/self/mountinfo', 'utf8'))
  return mounts.split('\n').some((line) => line.split(' ')[4] === written)
}
