import type { CollectorConfig } from '../config.ts'
import { configured } from '../report/delivery.ts'
import { type Agents, openAgents } from '../store/agents.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { type History, openHistory } from '../store/history.ts'
import { type Log, openLog } from '../store/log.ts'
import { type Known, openKnown } from '../store/people/known.ts'
import { openPeople, type People } from '../store/people/people.ts'
import { openReports, type Reports } from '../store/reports/reports.ts'
import { openSettings, type SettingsStore } from '../store/settings.ts'

/** The store as the administration commands use it, beside the daemon on the same database. */
export type Desk = {
  db: Database
  agents: Agents
  log: Log
  people: People
  known: Known
  reports: Reports
  history: History
  settings: SettingsStore
}

/** Opens the store of this configuration. Throws DatabaseError. */
export function openDesk(config: CollectorConfig): Desk {
  const db = openDatabase(config.database)
  return {
    db,
    agents: openAgents(db),
    log: openLog(db, Date.now),
    people: openPeople(db, Date.now),
    known: openKnown(db),
    reports: openReports(db),
    history: openHistory(db),
    settings: openSettings(db, configured(config)),
  }
}
