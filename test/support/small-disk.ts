/** A disk of its own, small enough to be filled: a tmpfs, which takes root. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type SmallDisk = {
  path: string
  /** Fills it to the last byte. */
  fill: () => void
  /** Gives the room back. */
  free: () => void
  remove: () => void
}

/** Mounts one of so many MiB; gives one sentence instead where that is not possible here. */
export function openSmallDisk(mebibytes: number): SmallDisk | string {
  const path = mkdtempSync(join(tmpdir(), 'cibot-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'cibot-test', path], {
      stdio: 'ignore',
    })
  } catch {
    rmSync(path, { recursive: true })
    return 'a disk that can be filled is mounted by root only'
  }
  const ballast = join(path, 'ballast')
  return {
    path,
    fill: () => {
      const descriptor = openSync(ballast, 'a')
      for (const size of [65_536, 1]) {
        try {
          const piece = Buffer.alloc(size)
          while (writeSync(descriptor, piece) > 0);
        } catch (error) {
          if (Reflect.get(Object(error), 'code') !== 'ENOSPC') throw error
        }
      }
      closeSync(descriptor)
    },
    free: () => rmSync(ballast, { force: true }),
    remove: () => {
      execFileSync('umount', ['--lazy', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}
