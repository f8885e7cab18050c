/** The words a session's log is written down in. */
import type { FindingKind } from '../../shared/finding.ts'
import type { Random } from '../support/random.ts'

/** What a line is worth: reported at this line, once. */
export type Worth = { kind: FindingKind; count: number; user: string }

/**
 * One line of a session. `after` says how long after the one before: `close` where one event writes
 * both, `quick` between answers of a machine, `slow` where it waits in between.
 */
export type Step = { text: string; after: Pace; worth?: Worth }
export type Pace = 'close' | 'quick' | 'slow'

/** One session: its lines in order, and whether a line says that it has ended. */
export type Script = { steps: Step[]; ends: boolean }

/** How old the host's OpenSSH is: 6.6, 9.2, 10.0. */
export type Age = 'old' | 'middle' | 'new'

/** Who comes, and what the host gives him. */
export type Visit = {
  random: Random
  age: Age
  ip: string
  port: number
  /** The connection's process, and processes that say one thing on its behalf. */
  pid: number
  helper: () => number
  pace: Pace
}

/** So many attempts of a user, and one probe. */
export const attempt = (user: string, count = 1): Worth => ({ kind: 'attempt', count, user })
export const aProbe: Worth = { kind: 'probe', count: 1, user: '' }
