import { type Host, type KnownAgent, labelHosts, ownerOf } from '../fleet/hosts.ts'
import type { Database } from './database.ts'

export type Hosts = {
  /** The host (its row's id) that a finding of this agent belongs to; `name` where the line named another. */
  of: (agent: number, name: string | undefined) => number
  /** True where more than one agent tells of this host, so that one event may come twice. */
  isRelayed: (host: number) => boolean
  label: (host: number) => string
}

/** Opens the hosts' table, for use inside a transaction. */
export function openHosts(db: Database): Hosts {
  return {
    of: (agent, name) => {
      const host = name === undefined ? ownHost(db, agent) : namedHost(db, name)
      const { changes } = db
        .prepare('INSERT INTO sighting (host, agent) VALUES (?, ?) ON CONFLICT DO NOTHING')
        .run(host, agent)
      if (changes > 0) relabel(db)
      return host
    },
    isRelayed: (host) =>
      db.prepare('SELECT count(*) AS tellers FROM sighting WHERE host = ?').get(host)?.[
        'tellers'
      ] !== 1,
    label: (host) =>
      String(db.prepare('SELECT label FROM host WHERE id = ?').get(host)?.['label'] ?? '?'),
  }
}

// A log host may have told of this machine before its own agent ran: that row becomes the agent's.
function ownHost(db: Database, agent: number): number {
  const known = db.prepare('SELECT id FROM host WHERE agent = ?').get(agent)
  if (known !== undefined) return Number(known['id'])
  const agents = allAgents(db)
  const adopted = allHosts(db).find(
    (host) => host.agent === null && host.name !== null && ownerOf(host.name, agents)?.id === agent,
  )
  if (adopted !== undefined) {
    db.prepare('UPDATE host SET agent = ? WHERE id = ?').run(agent, adopted.id)
    return adopted.id
  }
  return Number(
    db.prepare("INSERT INTO host (agent, label) VALUES (?, '')").run(agent).lastInsertRowid,
  )
}

function namedHost(db: Database, name: string): number {
  const key = name.toLowerCase()
  const known = db.prepare('SELECT id FROM host WHERE name = ?').get(key)
  if (known !== undefined) return Number(known['id'])
  const owner = ownerOf(key, allAgents(db))
  if (owner !== undefined) return ownHost(db, owner.id)
  return Number(
    db.prepare("INSERT INTO host (name, label) VALUES (?, '')").run(key).lastInsertRowid,
  )
}

function relabel(db: Database): void {
  const sightings = db.prepare('SELECT host, agent FROM sighting').all() as {
    host: number
    agent: number
  }[]
  for (const [id, label] of labelHosts(allHosts(db), allAgents(db), sightings)) {
    db.prepare('UPDATE host SET label = ? WHERE id = ? AND label <> ?').run(label, id, label)
  }
}

function allHosts(db: Database): Host[] {
  return db.prepare('SELECT id, agent, name FROM host').all() as Host[]
}

function allAgents(db: Database): KnownAgent[] {
  return db.prepare('SELECT id, name, hostname FROM agent').all() as KnownAgent[]
}
