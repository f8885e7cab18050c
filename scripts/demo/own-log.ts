import { choose, journalState, logPaths, logState } from '../../agent/source/choose.ts'

/** This machine's own log as an agent's source, where it can be read; undefined where it cannot. */
export async function ownLog(): Promise<string | undefined> {
  const logs = await Promise.all(logPaths.map(logState))
  const journal = await journalState()
  const choice = choose(logs, journal, Date.now())
  if (choice.kind === 'journal') return journal === '' ? 'journal' : undefined
  return logs.find((log) => log.path === choice.path)?.trouble === '' ? choice.path : undefined
}
