import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cannotReadJournal, isPartial } from './trouble.ts'

/** What to run, and what of the journal to print. */
export type Asked = {
  /** Program and leading arguments. */
  command: readonly [string, ...string[]]
  /** Folder of journal files to read instead of the host's own. */
  directory: string | null
  /** Begin with the entry at this cursor, or else at this time (ms UTC), or else with the first. */
  cursor: string | null
  since: number | null
  /** Print what comes after the end, too, but of the current boot only. */
  follow: boolean
}

/** A journalctl at work. */
export type Journalctl = {
  /** The next piece of its output in the export format, null at the end. */
  next: () => Promise<Buffer | null>
  /** What keeps it from showing all there is: a sentence, empty where nothing does. */
  trouble: () => string
  /** Whether it may show only some of the journal. */
  partial: () => boolean
  /** Waits for its end; the sentence why it failed, null where it did not. */
  ended: () => Promise<string | null>
  stop: () => void
}

// What can matter to us: the facilities auth (4) and authpriv (10); the daemons by their own names;
// and journald saying that it dropped messages (SD_MESSAGE_JOURNAL_DROPPED of sd-messages.h), which
// only journald itself can say by that transport.
const daemons = ['sshd', 'sshd-session', 'sshd-auth', 'dropbear']
const matches = [
  ...['SYSLOG_FACILITY=4', 'SYSLOG_FACILITY=10'],
  ...['+', ...daemons.map((name) => `_COMM=${name}`)],
  ...['+', ...daemons.map((name) => `SYSLOG_IDENTIFIER=${name}`)],
  ...['+', '_TRANSPORT=driver', 'MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e'],
]

/** Starts journalctl. Does not throw: what is wrong is said by `ended`. */
export function startJournalctl(asked: Asked): Journalctl {
  const [program, ...leading] = asked.command
  const child = spawn(program, [...leading, ...argumentsFor(asked)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  const closed = once(child, 'close').catch((error: unknown) => error)
  const output: AsyncIterator<Buffer, void> = child.stdout[Symbol.asyncIterator]()
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    words = (words + more).slice(-4096)
  })
  return {
    next: async () => (await output.next()).value ?? null,
    trouble: () => (words === '' ? '' : cannotReadJournal(words)),
    partial: () => isPartial(words),
    async ended() {
      const result = await closed
      if (result instanceof Error) return cannotReadJournal(result)
      return child.exitCode === 0 ? null : cannotReadJournal(words)
    },
    stop: () => void child.kill('SIGTERM'),
  }
}

function argumentsFor({ directory, cursor, since, follow }: Asked): string[] {
  const where = directory === null ? [] : [`--directory=${directory}`]
  const shape = ['--no-pager', '--output=export', ...(follow ? ['--follow', '--no-tail'] : [])]
  if (cursor !== null) return [...shape, ...where, `--cursor=${cursor}`, ...matches]
  const start = since === null ? [] : [`--since=@${Math.floor(since / 1000)}`]
  return [...shape, ...where, ...start, ...matches]
}
