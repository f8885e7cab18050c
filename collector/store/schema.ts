/**
 * Brings a database to the schema of this program. What it was stays beside it for a week: a release that
 * does not run and is left again must leave a database that the one before it can read.
 */
import { existsSync, globSync, renameSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { reason } from '../../shared/config.ts'
import { DatabaseError } from './database-error.ts'
import { migrations } from './migrations.ts'

/**
 * Runs the migrations that this database has not seen, `within` one transaction. Throws DatabaseError
 * where a newer program has written it, and where there is no room for the copy.
 */
export function bringUpToDate(
  db: DatabaseSync,
  path: string,
  within: (work: () => void) => void,
): void {
  const found = schemaOf(db)
  if (found === migrations.length) return
  if (found > 0 && found < migrations.length && path !== ':memory:') keepCopy(db, path, found)
  within(() => {
    const from = schemaOf(db)
    if (from > migrations.length) throw new DatabaseError(tooNew(path, from))
    for (const sql of migrations.slice(from)) db.exec(sql)
    db.exec(`PRAGMA user_version = ${migrations.length}`)
  })
}

/** Forgets the copies that were made more than a week before `now` (ms UTC): nobody goes back that far. */
export function dropOldCopies(path: string, now: number): void {
  for (const copy of globSync(`${path}.schema-*`)) {
    if (statSync(copy).mtimeMs < now - weekMs) rmSync(copy, { force: true })
  }
}

const weekMs = 7 * 86_400_000

function schemaOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
}

function keepCopy(db: DatabaseSync, path: string, found: number): void {
  const copy = copyOf(path, found)
  const making = `${copy}.${process.pid}`
  try {
    rmSync(making, { force: true })
    db.prepare('VACUUM INTO ?').run(making)
    // Two programs may open it at once, and the other one may have been quicker.
    if (schemaIn(making) === found) renameSync(making, copy)
    else rmSync(making)
  } catch (error) {
    throw new DatabaseError(
      `cannot copy the database ${path} before changing it for this version: ${reason(error)}; make as much room beside it as it takes`,
      { cause: error },
    )
  }
}

function schemaIn(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return schemaOf(db)
  } finally {
    db.close()
  }
}

function copyOf(path: string, schema: number): string {
  return `${path}.schema-${schema}`
}

function tooNew(path: string, from: number): string {
  const copy = copyOf(path, migrations.length)
  const older = existsSync(copy) ? `put ${copy} in its place` : 'restore an older backup'
  return `the database ${path} was written by a newer version (schema ${from}, this program knows ${migrations.length}); install that version again or ${older}`
}
