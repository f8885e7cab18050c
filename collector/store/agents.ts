import type { SourceState } from '../../shared/wire.ts'
import type { Database } from './database.ts'

/** An agent of the fleet as the collector knows it. Times are ms UTC. */
export type Agent = {
  id: number
  name: string
  key: string
  /** The key it is to change to, and has not come with yet; null where there is none. */
  next: string | null
  added: number
  revoked: number | null
  hostname: string | null
  version: string | null
  seen: number | null
  online: boolean
  /** Its clock minus ours, ms; null before the first pulse. */
  skew: number | null
}

export type Agents = {
  list: () => Agent[]
  /** The agent that may come with this public key, revoked ones too; its `key` is this one. */
  byKey: (key: string) => Agent | undefined
  /**
   * Enrols a key under a name. The same name with another key is the same host: it keeps its history
   * and its place. `awaited` where its old key goes on until it has come with the new one; `taken`
   * where the key belongs to another name.
   */
  add: (
    name: string,
    key: string,
    now: number,
  ) => 'added' | 'unchanged' | 'renewed' | 'awaited' | 'taken'
  /** Takes the old key away from an agent that came with its next one; false where this is not it. */
  changedKey: (id: number, key: string) => boolean
  /** Shuts an agent out; false where there is none of this name. */
  revoke: (name: string, now: number) => boolean
  /** Notes who has connected, with what it said of itself. */
  connected: (id: number, hostname: string, version: string, now: number) => void
  pulsed: (id: number, skew: number, sources: readonly SourceState[], now: number) => void
  disconnected: (id: number, now: number) => void
  /** At the collector's own start nobody is connected yet. */
  forgetConnections: () => void
}

/** Opens the agents' table. */
export function openAgents(db: Database): Agents {
  return {
    list: () => db.prepare('SELECT * FROM agent ORDER BY name').all().map(row),
    byKey: (key) => {
      const agent = holderOf(db, key)
      if (agent === undefined) return undefined
      return { ...agent, key, next: agent.next === key ? null : agent.next }
    },
    changedKey: (id, key) =>
      db.prepare('UPDATE agent SET key = next, next = NULL WHERE id = ? AND next = ?').run(id, key)
        .changes > 0,
    add: (name, key, now) => db.transaction(() => add(db, name, key, now)),
    revoke: (name, now) =>
      db
        .prepare('UPDATE agent SET revoked = coalesce(revoked, ?), next = NULL WHERE name = ?')
        .run(now, name).changes > 0,
    connected: (id, hostname, version, now) => {
      db.prepare(
        'UPDATE agent SET online = 1, hostname = ?, version = ?, seen = ? WHERE id = ?',
      ).run(hostname, version, now, id)
    },
    pulsed: (id, skew, sources, now) => {
      db.prepare('UPDATE agent SET online = 1, skew = ?, sources = ?, seen = ? WHERE id = ?').run(
        skew,
        JSON.stringify(sources),
        now,
        id,
      )
    },
    disconnected: (id, now) => {
      db.prepare('UPDATE agent SET online = 0, seen = ? WHERE id = ?').run(now, id)
    },
    forgetConnections: () => {
      db.prepare('UPDATE agent SET online = 0').run()
    },
  }
}

function add(db: Database, name: string, key: string, now: number): ReturnType<Agents['add']> {
  const holder = holderOf(db, key)
  if (holder !== undefined && holder.name !== name) return 'taken'
  const known = read(db.prepare('SELECT * FROM agent WHERE name = ?').get(name))
  if (known === undefined) {
    db.prepare('INSERT INTO agent (name, key, added) VALUES (?, ?, ?)').run(name, key, now)
    return 'added'
  }
  const { id, revoked, seen } = known
  if (revoked === null && key === (known.next ?? known.key)) return 'unchanged'
  // Whoever was shut out, has never come, or takes the new key back, has no other to go on with.
  if (revoked === null && seen !== null && key !== known.key) {
    db.prepare('UPDATE agent SET next = ? WHERE id = ?').run(key, id)
    return 'awaited'
  }
  db.prepare('UPDATE agent SET key = ?, next = NULL, revoked = NULL WHERE id = ?').run(key, id)
  return 'renewed'
}

function holderOf(db: Database, key: string): Agent | undefined {
  return read(db.prepare('SELECT * FROM agent WHERE key = ? OR next = ?').get(key, key))
}

function read(found: Record<string, unknown> | undefined): Agent | undefined {
  return found === undefined ? undefined : row(found)
}

function row(found: Record<string, unknown>): Agent {
  const { id, name, key, next, added, revoked, hostname, version, seen, online, skew } = found
  return {
    id,
    name,
    key,
    next,
    added,
    revoked,
    hostname,
    version,
    seen,
    online: online === 1,
    skew,
  } as Agent
}
