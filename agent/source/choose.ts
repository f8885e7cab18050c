import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { codeOf } from './files.ts'
import { cannotRead, cannotReadJournal, isPartial } from './trouble.ts'

/** Where this host's authentication log is, and the sentence why. */
export type Choice = { kind: 'file'; path: string; why: string } | { kind: 'journal'; why: string }

/** How one log stands: readable or the sentence why not, and ms UTC of its last change. */
export type LogState = { path: string; trouble: string; modified: number | null }

/** The places a syslog daemon writes it to: Debian and its kin, Red Hat and its kin. */
export const logPaths = ['/var/log/auth.log', '/var/log/secure'] as const

/** A log that got nothing for so long is a left-over: cron alone writes to it every hour. */
const freshFor = 24 * 3600 * 1000

/**
 * Picks the source for `auto`, at ms UTC `now`: one of the two, never both, as each line would count
 * twice. `journal` is empty where the journal can be read, else the sentence why not.
 */
export function choose(logs: readonly LogState[], journal: string, now: number): Choice {
  const readable = logs.filter((log) => log.trouble === '' && log.modified !== null)
  const fresh = readable.find((log) => now - (log.modified ?? 0) < freshFor)
  if (fresh) return { kind: 'file', path: fresh.path, why: `${fresh.path} is written to.` }
  const [stale] = readable
  const present = logs.find((log) => log.modified !== null)
  if (journal === '') return { kind: 'journal', why: whyNoFile(logs, stale, present) }
  if (stale) return { kind: 'file', path: stale.path, why: `${journal} ${stale.path} can be read.` }
  if (present) return { kind: 'file', path: present.path, why: `${present.trouble} ${journal}` }
  return {
    kind: 'journal',
    why: `There is no ${logs.map((log) => log.path).join(' or ')}. ${journal}`,
  }
}

function whyNoFile(
  logs: readonly LogState[],
  stale: LogState | undefined,
  present: LogState | undefined,
): string {
  if (stale) return `${stale.path} was not written to for 24 hours, so the journal is read.`
  if (present) return `${present.trouble} The journal can be read.`
  return `There is no ${logs.map((log) => log.path).join(' or ')}, so the journal is read.`
}

/** How the log at `path` stands. */
export function logState(path: string): LogState {
  let modified: number | null = null
  try {
    const found = statSync(path)
    modified = found.mtimeMs
    if (!found.isFile()) return { path, trouble: cannotRead(path, 'EISDIR'), modified }
    accessSync(path, constants.R_OK)
    return { path, trouble: cannotRead(path, null), modified }
  } catch (error) {
    return { path, trouble: cannotRead(path, codeOf(error)), modified }
  }
}

/**
 * Empty where the journal can be read by this user, else the sentence why not. The signal ends the asking:
 * on a slow disk journalctl takes its time.
 */
export function journalState(command = 'journalctl', signal?: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const asked = ['--no-pager', '--lines=1', '--output=export']
    const settings = { timeout: 10_000, signal, env: { ...process.env, LC_ALL: 'C' } }
    execFile(command, asked, settings, (error, printed, said) => {
      if (error && 'code' in error && error.code === 'ENOENT') resolve(cannotReadJournal(error))
      else if (error || isPartial(said)) resolve(cannotReadJournal(said))
      else
        resolve(
          printed === ''
            ? 'The journal is empty; if another logger is used here, set the source to the path of its log file.'
            : '',
        )
    })
  })
}
