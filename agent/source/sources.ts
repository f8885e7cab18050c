import { realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { ConfigError } from '../../shared/config.ts'
import { choose, journalState, logPaths, logState } from './choose.ts'
import { orElse } from './files.ts'
import { openJournal } from './journal.ts'
import { openLogFile } from './log-file.ts'
import { isMountPoint } from './mount.ts'
import { parseName } from './rotation.ts'
import type { Source } from './source.ts'

/** A source with the sentence why it was taken, and what keeps it from being read now (empty if nothing). */
export type ChosenSource = Source & { why: string; trouble: () => Promise<string> }

/**
 * Opens the sources of a configuration: paths of log files, "journal", or "auto" for this host's own.
 * `now` is ms UTC; the signal ends the choosing. What two names lead to is opened once, as each line would
 * count twice. Throws ConfigError where the journal and its copy are both named.
 */
export async function openSources(
  names: readonly string[],
  now: number,
  signal?: AbortSignal,
): Promise<ChosenSource[]> {
  return Promise.all(
    apart(names).map(async (name) => {
      if (name === 'journal') return journal('the settings say so')
      if (name !== 'auto') return logFile(name, 'the settings say so')
      const choice = choose(logPaths.map(logState), await journalState(undefined, signal), now)
      return choice.kind === 'journal' ? journal(choice.why) : logFile(choice.path, choice.why)
    }),
  )
}

/** The names without those that another one stands for, too: the same log, or a file of its rotation. */
function apart(names: readonly string[]): string[] {
  const copies = names.filter((name) => logPaths.some((path) => path === name))
  if (names.includes('journal') && copies.length > 0) {
    throw new ConfigError(
      `source: the journal holds what ${copies.join(' and ')} holds, and each line would count twice; name one of them`,
    )
  }
  const isOwnNamed = names.includes('journal') || copies.length > 0
  const logs = [...new Set(names)]
    .filter((name) => name !== 'auto' || !isOwnNamed)
    .map((name) => ({ name, real: orElse(name, () => realpathSync.native(name)) }))
  return logs.flatMap(({ name, real }, at) => {
    const another = logs.some((one, before) => {
      return one.real === real ? before < at : isRotated(one.real, real)
    })
    return another ? [] : [name]
  })
}

function isRotated(log: string, file: string): boolean {
  return dirname(log) === dirname(file) && parseName(basename(log), basename(file)) !== null
}

function journal(why: string): ChosenSource {
  return { ...openJournal(), why, trouble: () => journalState() }
}

function logFile(path: string, why: string): ChosenSource {
  const real = orElse(path, () => realpathSync.native(path))
  const mounted = isMountPoint(real) ? `; ${alone}` : ''
  return {
    ...openLogFile(path),
    why: `${why}${mounted}`,
    trouble: async () => logState(path).trouble,
  }
}

const alone =
  'it is mounted by itself, and stays the old file when it is renamed: mount its folder, unless it is rotated by copytruncate'
