/** A fleet's findings put into a database, for the tests of reports. */
import { type Database, openDatabase } from '../../../collector/store/database.ts'

export type Seed = {
  kind?: string
  host?: string
  ip?: string | null
  user?: string | null
  count?: number
  at?: number
  program?: string
  text?: string
}

export type Fleet = {
  db: Database
  /** Stores one finding; gives its number. */
  find: (seed: Seed) => number
  alert: (of: {
    ip: string
    host: string
    user: string
    failed: number
    on: string
    times: number
  }) => void
  gap: (host: string, kind: string) => void
  seen: (host: string, at: number | null) => void
}

/** 22 Nov 2026 12:59:00 UTC. */
export const noon = Date.UTC(2026, 10, 22, 12, 59)

/** Opens a database (in memory unless given a path) with agents on these hosts, heard of at `noon`. */
export function openFleet(hosts: readonly string[], path = ':memory:'): Fleet {
  const db = openDatabase(path)
  const ids = new Map<string, number>()
  for (const host of hosts) {
    const known = db.prepare('SELECT id FROM host WHERE label = ?').get(host)
    if (known === undefined) addHost(db, host)
    ids.set(host, Number(db.prepare('SELECT id FROM host WHERE label = ?').get(host)?.['id']))
  }
  const idOf = (host: string): number => ids.get(host) ?? 0
  let offset = Number(db.prepare('SELECT coalesce(max(n), 0) AS n FROM finding').get()?.['n'])
  return {
    db,
    find: (seed) => {
      offset += 1
      const { lastInsertRowid } = db
        .prepare(`
          INSERT INTO finding (file, offset, kind, at, host, program, ip, user, count, ordinal, text)
          VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`)
        .run(
          offset,
          seed.kind ?? 'attempt',
          seed.at ?? noon - 1000,
          idOf(seed.host ?? hosts[0] ?? ''),
          seed.program ?? 'sshd',
          seed.ip === undefined ? '203.0.113.9' : seed.ip,
          seed.user === undefined ? 'root' : seed.user,
          seed.count ?? 1,
          seed.text ?? null,
        )
      return Number(lastInsertRowid)
    },
    alert: ({ ip, host, user, failed, on, times }) => {
      db.prepare(`
        INSERT INTO alert (ip, host, user, login, failed, failed_on, times, first, last)
        VALUES (?, ?, ?, 1, ?, ?, ?, 0, 0)
        ON CONFLICT (ip, host, user) DO UPDATE SET times = excluded.times`).run(
        ip,
        idOf(host),
        user,
        failed,
        on,
        times,
      )
    },
    gap: (host, kind) => {
      offset += 1
      db.prepare(`
        INSERT INTO gap (agent, source, file, offset, kind, at, text, received)
        VALUES ((SELECT agent FROM host WHERE id = ?), 's', 'f', ?, ?, 0, 'gone', 0)`).run(
        idOf(host),
        offset,
        kind,
      )
    },
    seen: (host, at) => {
      db.prepare('UPDATE agent SET seen = ? WHERE id = (SELECT agent FROM host WHERE id = ?)').run(
        at,
        idOf(host),
      )
    },
  }
}

function addHost(db: Database, host: string): void {
  const { lastInsertRowid } = db
    .prepare('INSERT INTO agent (name, key, added, seen) VALUES (?, ?, 0, ?)')
    .run(host, `key of ${host}`, noon)
  db.prepare('INSERT INTO host (agent, label) VALUES (?, ?)').run(lastInsertRowid, host)
  db.prepare(`
    INSERT INTO file (agent, source, identity, mark, seen) VALUES (?, 's', 'f', 0, 0)`).run(
    lastInsertRowid,
  )
}
