/**
 * One SQLite file, opened the one safe way: WAL, every commit on disk before it is answered for
 * (synchronous=FULL: with NORMAL a power cut takes back commits that were acknowledged), foreign
 * keys on, and writers of other processes (the administration commands) waited for.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { reason } from '../../shared/config.ts'
import { DatabaseError } from './database-error.ts'
import { bringUpToDate } from './schema.ts'

export type Database = {
  /** The statement for this SQL, prepared once. */
  prepare: (sql: string) => StatementSync
  /**
   * Runs the work in one write transaction and gives what it gives; a throw rolls everything back
   * and passes on. The work is synchronous: nothing else can come between its statements. What is not
   * waited for until it is on disk may be lost in a power cut, until something behind it is.
   */
  transaction: <T>(work: () => T, isAwaited?: boolean) => T
  /** How many transactions were rolled back: whoever remembers what one wrote must forget it. */
  rollbacks: () => number
  /** A number that changes when another process has written. */
  version: () => number
  /** Writes a consistent copy of the database to a file, while it is in use. */
  backup: (path: string) => void
  close: () => void
}

/**
 * Opens the database file (made if it is missing, with its folder; ":memory:" for a passing one)
 * and brings its schema up to date. Throws DatabaseError where it is from a newer version, damaged
 * or not writable.
 */
export function openDatabase(path: string): Database {
  const db = connect(path)
  bringUpToDate(db, path, (work) => inTransaction(db, work))
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const made = db.prepare(sql)
    statements.set(sql, made)
    return made
  }
  let rollbacks = 0
  return {
    prepare,
    transaction: (work, isAwaited = true) => {
      const isLazy = !isAwaited && prepare('PRAGMA synchronous').get()?.['synchronous'] === full
      if (isLazy) db.exec('PRAGMA synchronous = NORMAL')
      try {
        return inTransaction(db, work, () => (rollbacks += 1))
      } finally {
        if (isLazy) db.exec('PRAGMA synchronous = FULL')
      }
    },
    rollbacks: () => rollbacks,
    version: () => Number(prepare('PRAGMA data_version').get()?.['data_version']),
    backup: (target) => {
      prepare('VACUUM INTO ?').run(target)
    },
    close: () => {
      statements.clear()
      db.close()
    },
  }
}

// sqlite.org/pragma.html#pragma_synchronous
const full = 2

/** Most of the database kept in memory, in KiB: the pages that thousands of agents write to in turn. */
const cacheKib = 32 * 1024

function connect(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    const db = new DatabaseSync(path, { timeout: 10_000, enableForeignKeyConstraints: true })
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;
      PRAGMA cache_size = -${cacheKib}`)
    return db
  } catch (error) {
    throw new DatabaseError(
      `cannot open the database ${path}: ${reason(error)}; check that the folder exists, is writable by this user, and that the file is a database of ours`,
      { cause: error },
    )
  }
}

function inTransaction<T>(db: DatabaseSync, work: () => T, rolledBack?: () => void): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    rolledBack?.()
    throw error
  }
}
