/** The log of a host under attack, written and rotated as syslog and logrotate do, with the truth of each line. */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { openLogWriter } from '../support/log-writer.ts'
import type { AttackLine, Truth } from './attack.ts'

/** What must have been reported, and the line that says so. */
export type Expected = Truth & { file: string; offset: number }

export type AttackedLog = {
  path: string
  /** Everything written so far that is worth something. */
  expected: Expected[]
  lines: () => number
  /** Writes lines at once; `between` runs while a part of them, cut anywhere, is on disk. */
  write: (lines: readonly AttackLine[], between?: () => Promise<void>) => Promise<void>
  /** logrotate moves the file; the daemon goes on in it until `reopen`. */
  rename: () => void
  /** The daemon is told (HUP) and begins a new file. */
  reopen: () => void
  copyTruncate: () => void
  /** Packs the youngest older file; `step` runs while half of it is written. */
  pack: (step?: () => Promise<void>) => Promise<void>
  /** How many older files there are. */
  older: () => number
  /** Where a reader that has read everything stands. */
  end: () => { file: string; offset: number }
}

/** Opens the log NAME in a folder; it is empty. */
export function openAttackedLog(folder: string, name: string): AttackedLog {
  const writer = openLogWriter(folder, name)
  const expected: Expected[] = []
  let descriptor = openSync(writer.path, 'a')
  let [file, offset, written, rotations] = ['', 0, 0, 0]
  const begin = () => {
    file = ''
    offset = 0
  }
  const note = ({ text, truth }: AttackLine): string => {
    const line = `${text}\n`
    if (file === '') file = identityOf(line)
    if (truth !== undefined) expected.push({ ...truth, file, offset })
    offset += Buffer.byteLength(line)
    written += 1
    return line
  }
  return {
    path: writer.path,
    expected,
    lines: () => written,
    async write(lines, between) {
      const bytes = Buffer.from(lines.map(note).join(''))
      const cut = between === undefined ? bytes.length : Math.floor(bytes.length / 2)
      writeSync(descriptor, bytes, 0, cut)
      await between?.()
      writeSync(descriptor, bytes, cut)
    },
    rename() {
      writer.rename()
      rotations += 1
    },
    reopen() {
      closeSync(descriptor)
      descriptor = openSync(writer.path, 'a')
      // logrotate may have truncated it in place: then it is the same file, empty again.
      if (fstatSync(descriptor).size === 0) begin()
    },
    copyTruncate() {
      writer.copyTruncate()
      rotations += 1
      begin()
    },
    pack: (step) => writer.pack(1, step),
    older: () => rotations,
    end: () => ({ file, offset }),
  }
}

// What agent/source/identity.ts must find: the first line, cut at 4096 bytes, with its newline.
function identityOf(line: string): string {
  const head = Buffer.from(line).subarray(0, 4096)
  return createHash('sha256').update(head).digest('hex').slice(0, 32)
}
