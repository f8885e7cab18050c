/** What every route of the API is made with. */
import type { Static, TSchema } from 'typebox'
import type { Database } from '../../store/database.ts'
import type { DiskTrouble } from '../../store/disk.ts'
import type { Log } from '../../store/log.ts'
import type { People } from '../../store/people/people.ts'
import type { SettingsStore } from '../../store/settings.ts'
import type { Live } from '../live.ts'
import type { FileFormat } from './files.ts'
import { readSince, readUntil } from './query.ts'
import * as shapes from './shapes.ts'

export type RoutesOptions = {
  db: Database
  people: People
  log: Log
  live: Live
  settings: SettingsStore
  version: string
  now: () => number
  trouble: () => DiskTrouble | null
}

export type Asked<Q extends TSchema> = { Querystring: Static<Q> }

/** The span a query names. Throws a Refusal (400). `now` in ms UTC. */
export function readSpan(query: { since?: string; until?: string; host?: string }, now: number) {
  return {
    since: readSince(query.since, now),
    until: readUntil(query.until, now),
    host: query.host,
  }
}

/** Whether the whole table is asked for, as a file. */
export function isFile(format: 'json' | FileFormat | undefined): format is FileFormat {
  return format === 'csv' || format === 'all'
}

/** What the documentation shows of a route. */
export function documented(summary: string, querystring: object, answer?: object) {
  const response = answer && { 200: answer, 400: shapes.ErrorAnswer, 401: shapes.ErrorAnswer }
  return { summary, querystring, ...(response && { response }) }
}
