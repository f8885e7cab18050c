import { randomBytes } from 'node:crypto'
import type { Database } from './database.ts'

/** The collector's own identity (32 hex digits), made on first use: agents sign it, so that a proof is good here only. */
export function collectorIdentity(db: Database): string {
  db.prepare("INSERT INTO setting (name, value) VALUES ('identity', ?) ON CONFLICT DO NOTHING").run(
    randomBytes(16).toString('hex'),
  )
  return String(db.prepare("SELECT value FROM setting WHERE name = 'identity'").get()?.['value'])
}
