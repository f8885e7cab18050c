/**
 * Tables for spreadsheets (RFC 4180). A cell that a spreadsheet would take for a formula begins with an
 * apostrophe, and what cannot be seen is written out: user names are the attacker's text, and opening
 * the export must not run it.
 */
import type { FastifyReply } from 'fastify'
import { plain } from '../../shared/plain.ts'

export type Cell = string | number | null
export type Table = { name: string; columns: readonly string[]; rows: readonly Cell[][] }

const longestCell = 1000
// With the full-width forms that some spreadsheets take for the plain ones (OWASP, CSV injection).
const formula = /^\s*[=+\-@|%＝＋－＠]/

/** Sends the table as a file. */
export function sendCsv(reply: FastifyReply, table: Table): FastifyReply {
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="cibot-${table.name}.csv"`)
    .send(csvText(table))
}

/** The text of a table; it begins with a byte order mark, without which Excel garbles names. */
export function csvText({ columns, rows }: Omit<Table, 'name'>): string {
  const lines = [columns, ...rows].map((row) => row.map(cellText).join(','))
  return `\ufeff${lines.join('\r\n')}\r\n`
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = plain(cell, longestCell)
  return `"${(formula.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}
