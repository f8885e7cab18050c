/**
 * Names in a message. Every one comes from a log, so every one goes through plain() into a `code`
 * entity, where Telegram links nothing and formatting has no meaning. Pure.
 */
import { bold, expandableBlockquote, FormattedString, fmt } from '@grammyjs/parse-mode'
import { plain } from '../../shared/plain.ts'
import { counted, figure } from './words.ts'

type Text = FormattedString

// Letters of a right-to-left script pull the numbers beside them to their other side.
const rightToLeft =
  /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u

/** One name, at most so many characters of it. */
export function name(text: string, most = 64): Text {
  const safe = plain(text, most)
  if (safe.trim() === '') return fmt`(empty)`
  const code = FormattedString.code(safe)
  return rightToLeft.test(safe) ? fmt`\u2068${code}\u2069` : code
}

/** A heading and the rows under it, folded; null without rows. `all` counts those not given as well. */
export function list(heading: string, rows: readonly Text[], all: number): Text | null {
  if (rows.length === 0) return null
  const more = all > rows.length ? [fmt`and ${figure(all - rows.length)} more`] : []
  const body = FormattedString.join([...rows, ...more], '\n')
  return fmt`${bold}${heading}${bold}\n${expandableBlockquote}${body}${expandableBlockquote}`
}

/** "nas 40, pi 21". */
export function tally<K extends 'host' | 'user'>(
  rows: readonly (Record<K, string> & { attempts: number })[],
  key: K,
): Text {
  const entries = rows.map((row) => fmt`${name(row[key])} ${figure(row.attempts)}`)
  return FormattedString.join(entries, ', ')
}

/** "nas", "nas and pi", "nas, pi and web", "nas, pi, web and 4 more hosts". */
export function all(rows: readonly Text[]): Text {
  const rest = rows.length - 3
  if (rest > 0)
    return fmt`${FormattedString.join(rows.slice(0, 3), ', ')} and ${counted(rest, 'more host')}`
  const last = rows.at(-1)
  if (rows.length < 2 || last === undefined) return FormattedString.join([...rows])
  return fmt`${FormattedString.join(rows.slice(0, -1), ', ')} and ${last}`
}
