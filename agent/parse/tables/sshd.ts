import type { Event } from '../event.ts'
import { tableOf } from '../shape.ts'
import { unvis } from '../unvis.ts'
import { ATTEMPTS } from './sshd-attempts.ts'
import { CUT_OFF } from './sshd-cut.ts'
import { ENDS } from './sshd-ends.ts'
import { PROBES } from './sshd-probes.ts'
import { REST } from './sshd-rest.ts'

/** What OpenSSH's `sshd`, `sshd-session` and `sshd-auth` say; null for what is none of our business. */
export function understandSshd(message: string): Event | null {
  const { text, stage } = cutSshd(message)
  const table = message.length >= CUT_AT ? CUT : SSHD
  const event = table.event(text, 'sshd')
  if (event === null) return null
  if (event.user !== undefined) event.user = unvis(event.user, stage === null ? 1 : 2)
  if (stage === 'preauth') event.preauth = true
  return event
}

/**
 * A message without its level (log.c do_log) and without the mark that a less privileged process of
 * sshd asked to have it written ([preauth] since 5.9, [postauth] since 10.0).
 */
export function cutSshd(message: string): { text: string; stage: 'preauth' | 'postauth' | null } {
  const from = message.startsWith('error: ') || message.startsWith('fatal: ') ? 7 : 0
  if (message.endsWith(' [preauth]')) return { text: message.slice(from, -10), stage: 'preauth' }
  if (message.endsWith(' [postauth]')) return { text: message.slice(from, -11), stage: 'postauth' }
  return { text: from === 0 ? message : message.slice(from), stage: null }
}

/**
 * sshd writes no more than 500 bytes of a message (log.c `"%.500s"`). Enough control characters in a
 * user name, five bytes each, let its owner choose what the cut line ends with; so the right end of
 * a line of that length proves nothing.
 */
const CUT_AT = 500

const SHAPES = [...ATTEMPTS, ...ENDS, ...PROBES, ...REST]

/** All shapes of a whole message. */
export const SSHD = tableOf(SHAPES)

/** What a message of full length still proves: its left side, and that it named a user. */
export const CUT = tableOf([...SHAPES.filter(({ left }) => left), ...CUT_OFF])
