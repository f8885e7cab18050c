/** The journal of a host under attack, in real journal files, with the truth of each entry. */
import { execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AttackLine } from './attack.ts'
import type { Expected } from './attacked-log.ts'

export type AttackedJournal = {
  /** Folder with a `journalctl` that reads this journal and no other. */
  programs: string
  expected: Expected[]
  lines: () => number
  write: (lines: readonly AttackLine[]) => Promise<void>
  /** journald closes its file and begins another. */
  rotate: () => Promise<void>
  /** Removes the closed files whose last entry stands before this place, as `--vacuum-files` would; how many. */
  vacuum: (before: number) => number
  /** How many closed files there are. */
  files: () => number
  /** Where a reader that has read everything stands: the boot, and microseconds since. */
  end: () => { file: string; offset: number }
}

const writer = '/lib/systemd/systemd-journal-remote'

/** Why no journal can be written or read here; empty where it can. */
export async function journalMissing(): Promise<string> {
  if (!existsSync(writer)) return 'systemd-journal-remote is not installed'
  const failed = await new Promise((resolve) => execFile('journalctl', ['--version'], resolve))
  return failed === null ? '' : 'journalctl is not installed'
}

/** Opens a journal in a folder; it is empty. `from` is ms UTC, before the first entry. */
export function openAttackedJournal(folder: string, from: number): AttackedJournal {
  const directory = join(folder, 'journal')
  const programs = join(folder, 'programs')
  for (const one of [directory, programs]) mkdirSync(one)
  openProgram(join(programs, 'journalctl'), directory)
  const live = join(directory, 'system.journal')
  const boot = 'b'.repeat(32)
  const expected: Expected[] = []
  const closed: { path: string; last: number }[] = []
  let [offset, written, files] = [0, 0, 0]
  let turn: Promise<unknown> = Promise.resolve()
  // One after the other: nobody closes a file while another writes in it.
  const next = <T>(work: () => Promise<T> | T): Promise<T> => {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }
  const note = ({ text, truth }: AttackLine): string => {
    const { at, fields } = readLine(text)
    offset = Math.max(offset + 1, at - from * 1000)
    written += 1
    if (truth !== undefined) expected.push({ ...truth, file: boot, offset })
    return exported({
      __REALTIME_TIMESTAMP: String(at),
      __MONOTONIC_TIMESTAMP: String(offset),
      _BOOT_ID: boot,
      ...fields,
    })
  }
  return {
    programs,
    expected,
    lines: () => written,
    write: (lines) => next(() => pipe(writer, ['-o', live, '-'], lines.map(note).join(''))),
    rotate: () =>
      next(() => {
        if (!existsSync(live)) return
        files += 1
        const path = join(directory, `system@${String(files).padStart(4, '0')}.journal`)
        renameSync(live, path)
        closed.push({ path, last: offset })
      }),
    vacuum(before) {
      const gone = closed.filter(({ last }) => last < before)
      for (const { path } of gone) rmSync(path)
      closed.splice(0, gone.length)
      return gone.length
    },
    files: () => closed.length,
    end: () => ({ file: boot, offset }),
  }
}

function openProgram(path: string, directory: string): void {
  writeFileSync(path, `#!/bin/sh\nPATH=\${PATH#*:} exec journalctl --directory=${directory} "$@"\n`)
  chmodSync(path, 0o755)
}

const LINE = /^(\S+) (\S+) ([^\s:[]+)(?:\[(\d+)\])?: (.*)$/

// What journald would have made of the line: syslog's words are its fields.
function readLine(text: string): { at: number; fields: Record<string, string> } {
  const [, stamp = '', host = '', tag = '', pid, message = ''] = LINE.exec(text) ?? []
  if (stamp === '') throw new Error(`no line for a journal: ${text}`)
  const micros = Number(/\.\d{3}(\d{3})/.exec(stamp)?.[1] ?? 0)
  return {
    at: Date.parse(stamp) * 1000 + micros,
    fields: {
      _HOSTNAME: host,
      SYSLOG_FACILITY: '10',
      SYSLOG_IDENTIFIER: tag,
      ...(pid === undefined ? {} : { _PID: pid }),
      MESSAGE: message,
    },
  }
}

// systemd docs/JOURNAL_EXPORT_FORMATS.md
function exported(fields: Record<string, string>): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}=${value}\n`)
  return `${lines.join('')}\n`
}

function pipe(program: string, words: string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['pipe', 'ignore', 'pipe'] })
    let complained = ''
    child.stderr.setEncoding('utf8').on('data', (text) => (complained += text))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program}: exit ${code}: ${complained}`)),
    )
    child.stdin.end(input)
  })
}
