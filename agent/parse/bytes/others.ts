/** What else fills authentication logs, and counts nothing: cron, sudo, logind, whoever calls PAM. */
import { FOREIGN_STARTS } from '../understand.ts'
import { blankFrom, isAt, isPlain, literal, pastDigits } from './literal.ts'
import type { Speaker } from './sshd.ts'

/** A daemon whose lines never bear a refused credential. */
export const fromStranger: Speaker = () => 'passed'

/** A daemon we know nothing of: only PAM's words would be ours. */
export const fromForeigner: Speaker = (bytes, _view, from) => {
  const first = bytes[from] ?? 0
  const isOpen = FOREIGN_STARTS.has(first) || first === OPENING || first === LETTER_K
  return isOpen ? 'unknown' : 'passed'
}

const OPENING = 91
const LETTER_K = 107

const SUDO_OPENED = literal('pam_unix(sudo:session): session opened for user ')
const SUDO_CLOSED = literal('pam_unix(sudo:session): session closed for user ')
const TTY = literal(' : TTY=')
const PWD = literal(' ; PWD=')

/** A command that sudo ran: `U : TTY=T ; PWD=…`, and PAM's session around it. */
export const fromSudo: Speaker = (bytes, view, from, end, told, names) => {
  if (isAt(view, from, end, SUDO_OPENED) || isAt(view, from, end, SUDO_CLOSED)) {
    return 'quiet'
  }
  const past = blankFrom(bytes, from, end)
  if (past === from || !isAt(view, past, end, TTY)) return 'unknown'
  const tty = past + TTY.length
  const behind = blankFrom(bytes, tty, end)
  if (behind === tty || bytes[tty] === SLASH || !isAt(view, behind, end, PWD)) {
    return 'unknown'
  }
  // The command is the user's own text, and the shape wants it to be one line.
  if (!isPlain(bytes, behind, end)) return 'unknown'
  const user = names.users.of(bytes, view, from, past)
  const terminal = names.users.of(bytes, view, tty, behind)
  if (user === undefined || user.mark || terminal === undefined) return 'unknown'
  told.kind = 'session'
  told.user = user.text
  told.tty = terminal.text.slice(0, 64)
  told.end = true
  return 'told'
}

const SLASH = 47

const NEW = literal('New session ')
const OF_USER = literal(' of user ')
const REMOVED = literal('Removed session ')
const SESSION = literal('Session ')
const LOGGED_OUT = literal(' logged out. ')

/** `New session N of user U.`, `Session N logged out. …`, `Removed session N.` */
export const fromLogind: Speaker = (bytes, view, from, end) => {
  const verb = bytes[from] === 78 ? NEW : bytes[from] === 82 ? REMOVED : SESSION
  if (!isAt(view, from, end, verb)) return 'unknown'
  const digits = from + verb.length
  const past = pastDigits(bytes, digits, end)
  if (past === digits) return 'unknown'
  if (verb === REMOVED) return bytes[past] === DOT && past < end ? 'quiet' : 'unknown'
  if (verb === SESSION) return isAt(view, past, end, LOGGED_OUT) ? 'quiet' : 'unknown'
  if (!isAt(view, past, end, OF_USER)) return 'unknown'
  return isName(bytes, past + OF_USER.length, end - 1) && bytes[end - 1] === DOT
    ? 'quiet'
    : 'unknown'
}

const DOT = 46

/** Letters, digits, `-` and `_`, one of them at least. */
function isName(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const byte = (bytes[at] ?? 0) | 32
    const isLetter = byte >= 97 && byte <= 122
    const isOther = (byte >= 48 && byte <= 57) || bytes[at] === 45 || bytes[at] === 95
    if (!isLetter && !isOther) return false
  }
  return end > from
}
