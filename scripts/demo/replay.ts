import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { shiftLine } from './shift.ts'

/** A recorded log: real lines of a real host under a real attack. */
export type Recording = { host: string; lines: string[] }

export type Replay = {
  host: string
  /** The file its agent follows. */
  path: string
  /** Writes the first part at once, as if it had happened in the last hours. */
  writeHistory: () => void
  /** Writes the rest line by line, as it happens, until there is no more or the signal aborts. */
  goOn: (ended: AbortSignal) => Promise<void>
}

const folder = fileURLToPath(new URL('../../test/recordings', import.meta.url))
const historyShare = 0.7
const between = { least: 300, most: 2500 }

/** Every recording, one for each host. */
export function recordings(): Recording[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.auth.log') || name.endsWith('.journal.json'))
    .toSorted()
    .map((name) => ({
      host: name.split('.')[0] ?? name,
      lines: readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    }))
}

/** Opens a recording for writing out again, so that its last line would be written at `now` (ms UTC). */
export function openReplay({ host, lines }: Recording, home: string, now: number): Replay {
  const path = join(home, `${host}.log`)
  const history = Math.floor(lines.length * historyShare)
  const shift = shiftLine(lines, now)
  return {
    host,
    path,
    writeHistory: () =>
      writeFileSync(
        path,
        lines
          .slice(0, history)
          .map((line) => `${shift(line)}\n`)
          .join(''),
      ),
    goOn: async (ended) => {
      for (const line of lines.slice(history)) {
        await wait(between.least + Math.random() * (between.most - between.least), undefined, {
          signal: ended,
        }).catch(() => undefined)
        if (ended.aborted) return
        appendFileSync(path, `${shift(line, Date.now())}\n`)
      }
    },
  }
}
