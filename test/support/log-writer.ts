import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A folder of its own for a test, gone when `remove` is called. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'cibot-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Writes a log and rotates it as logrotate does, one step at a time. */
export type LogWriter = {
  path: string
  /** Name of an older file: 1 is the youngest. */
  older: (number: number) => string
  append: (text: string) => void
  /** .1 becomes .2 and so on, the log becomes .1. A new log begins with the next line. */
  rename: () => void
  copyTruncate: () => void
  /** Packs an older file; `step` runs while half of it is written. */
  pack: (number: number, step?: () => void | Promise<void>) => Promise<void>
  remove: (number: number) => void
}

/** Older files a test makes at most. */
const mostOlder = 40

export function openLogWriter(folder: string, name = 'auth.log'): LogWriter {
  const path = join(folder, name)
  const older = (number: number) => {
    const plain = number === 0 ? path : `${path}.${number}`
    return !existsSync(plain) && existsSync(`${plain}.gz`) ? `${plain}.gz` : plain
  }
  const shift = () => {
    for (let number = mostOlder; number > 0; number--) {
      const from = older(number)
      if (!existsSync(from)) continue
      renameSync(from, `${path}.${number + 1}${from.endsWith('.gz') ? '.gz' : ''}`)
    }
  }
  return {
    path,
    older,
    append: (text) => appendFileSync(path, text),
    rename() {
      shift()
      renameSync(path, `${path}.1`)
    },
    copyTruncate() {
      shift()
      copyFileSync(path, `${path}.1`)
      truncateSync(path)
    },
    async pack(number, step) {
      const plain = older(number)
      if (plain.endsWith('.gz')) return
      const packed = gzipSync(readFileSync(plain))
      const half = Math.floor(packed.length / 2)
      writeFileSync(`${plain}.gz`, packed.subarray(0, half))
      await step?.()
      appendFileSync(`${plain}.gz`, packed.subarray(half))
      rmSync(plain)
    },
    remove: (number) => rmSync(older(number)),
  }
}

/** Deletes a file and makes another until it gets the same inode, as ext4 gives it back at once. */
export function replaceInPlace(path: string, text: string): boolean {
  const { ino } = statSync(path)
  rmSync(path)
  for (let tries = 0; tries < 50; tries++) {
    writeFileSync(path, text)
    if (statSync(path).ino === ino) return true
    rmSync(path)
  }
  writeFileSync(path, text)
  return false
}
