import { choose, journalState, logPaths, logState } from './choose.ts'
import { openJournal } from './journal.ts'
import { openLogFile } from './log-file.ts'
import type { Source } from './source.ts'

/** A source with the sentence why it was taken, and what keeps it from being read now (empty if nothing). */
export type ChosenSource = Source & { why: string; trouble: () => Promise<string> }

/**
 * Opens the sources of a configuration: paths of log files, "journal", or "auto" for this host's own.
 * `now` is ms UTC.
 */
export function openSources(names: readonly string[], now: number): Promise<ChosenSource[]> {
  return Promise.all(
    names.map(async (name) => {
      if (name === 'journal') return journal('the settings say so')
      if (name !== 'auto') return logFile(name, 'the settings say so')
      const choice = choose(logPaths.map(logState), await journalState(), now)
      return choice.kind === 'journal' ? journal(choice.why) : logFile(choice.path, choice.why)
    }),
  )
}

function journal(why: string): ChosenSource {
  return { ...openJournal(), why, trouble: () => journalState() }
}

function logFile(path: string, why: string): ChosenSource {
  return { ...openLogFile(path), why, trouble: async () => logState(path).trouble }
}
