import type { Database } from './database.ts'

/**
 * A table's columns, in the order in which rows give them, and what is done where a row is there: what
 * stands behind ON CONFLICT.
 */
export type Into = { table: string; columns: readonly string[]; onConflict?: string }

export type Value = string | number | null

/** Most rows of one statement. A frame has about ten: written by 8 and 2 they cost a twentieth more. */
const most = 32

/**
 * Inserts rows in their order, several with one statement, and gives the row id of the last one; those
 * before it are numbered without a hole where the table numbers its rows. `values` are those of all rows,
 * one after the other. For use inside a transaction, which a failure rolls back as a whole: a statement
 * that had to be able to take back itself alone would copy every page it touches, and lose what it saves.
 */
export function putRows(db: Database, into: Into, values: readonly Value[]): number {
  const width = into.columns.length
  let last = 0
  for (let at = 0; at < values.length; at += most * width) {
    const some = values.slice(at, at + most * width)
    const sql = statement(into, some.length / width)
    last = Number(db.prepare(sql).run(...some).lastInsertRowid)
  }
  return last
}

const statements = new Map<Into, Map<number, string>>()

function statement(into: Into, size: number): string {
  const known = statements.get(into)?.get(size)
  if (known !== undefined) return known
  const { table, columns, onConflict } = into
  const row = `(${columns.map(() => '?').join(', ')})`
  const values = Array.from({ length: size }, () => row).join(', ')
  const conflict = onConflict === undefined ? '' : `ON CONFLICT ${onConflict}`
  const sql = `INSERT OR ROLLBACK INTO ${table} (${columns.join(', ')}) VALUES ${values} ${conflict}`
  const ofThis = statements.get(into) ?? new Map<number, string>()
  statements.set(into, ofThis.set(size, sql))
  return sql
}
