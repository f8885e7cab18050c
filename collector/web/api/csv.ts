/**
 * Tables for spreadsheets (RFC 4180). A cell that a spreadsheet would take for a formula begins with an
 * apostrophe, and what cannot be seen is written out: user names are the attacker's text, and opening
 * the export must not run it.
 */
import { plain } from '../../../shared/plain.ts'

/** A text is cut where it is long; a `whole` one only where a spreadsheet would. */
export type Cell = string | number | null | { whole: string }

const longestCell = 1000
// Of Excel: more is cut off there, or the file refused.
const longestWhole = 32_767
// With the full-width forms that some spreadsheets take for the plain ones (OWASP, CSV injection).
const formula = /^\s*[=+\-@|%＝＋－＠]/

/** The first line of a file; it begins with a byte order mark, without which Excel garbles names. */
export function csvHead(columns: readonly string[]): string {
  return `\ufeff${csvLine(columns)}`
}

/** One row of it. */
export function csvLine(row: readonly Cell[]): string {
  return `${row.map(cellText).join(',')}\r\n`
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = typeof cell === 'string' ? plain(cell, longestCell) : plain(cell.whole, longestWhole)
  return `"${(formula.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}
