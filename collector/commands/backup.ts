import { existsSync, rmSync } from 'node:fs'
import { ConfigError, reason } from '../../shared/config.ts'
import { type Database, openDatabase } from '../store/database.ts'

/**
 * Writes a consistent copy of the database at this path, while the daemon runs; gives one sentence. A copy
 * that fails is not left behind. Throws ConfigError, and what opening the database throws.
 */
export function backup(
  database: string,
  file: string,
  open: (path: string) => Pick<Database, 'backup'> = openDatabase,
): string {
  if (existsSync(file)) {
    throw new ConfigError(`${file} exists already; a backup never overwrites, choose another name`)
  }
  // Opened it would be made: a copy of nothing, from the wrong folder, once held "the whole collector".
  if (!existsSync(database)) {
    throw new ConfigError(
      `there is no database ${database} to copy; name the collector's settings with --config`,
    )
  }
  const db = open(database)
  try {
    db.backup(file)
  } catch (error) {
    rmSync(file, { force: true })
    throw new ConfigError(`cannot write the backup ${file}: ${reason(error)}`)
  }
  // What a killed collector left in the -wal beside the database would be written into its copy.
  return `${file} holds the whole collector; to restore, stop the collector, remove ${database}, ${database}-wal and ${database}-shm, and put it in their place`
}
