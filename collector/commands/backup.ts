import { existsSync } from 'node:fs'
import { ConfigError, reason } from '../../shared/config.ts'
import type { Database } from '../store/database.ts'

/** Writes a consistent copy of the database, while the daemon runs; gives one sentence. Throws ConfigError. */
export function backup(db: Database, file: string): string {
  if (existsSync(file)) {
    throw new ConfigError(`${file} exists already; a backup never overwrites, choose another name`)
  }
  try {
    db.backup(file)
  } catch (error) {
    throw new ConfigError(`cannot write the backup ${file}: ${reason(error)}`)
  }
  return `${file} holds the whole collector; to restore, stop the collector and put it in the database's place`
}
