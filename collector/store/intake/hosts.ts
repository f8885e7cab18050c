import { type Host, type KnownAgent, labelHosts, ownerOf } from '../../fleet/hosts.ts'
import type { Database } from '../database.ts'

export type Hosts = {
  /** The host (its row's id) that a finding of this agent belongs to; `name` where the line named another. */
  of: (agent: number, name: string | undefined) => number
  /** True where more than one agent tells of this host, so that one event may come twice. */
  isRelayed: (host: number) => boolean
  label: (host: number) => string
}

/**
 * Opens the hosts' table, for use inside a transaction. What is asked for every frame is remembered,
 * and forgotten when a transaction was rolled back: what was remembered may never have been.
 */
export function openHosts(db: Database): Hosts {
  const own = new Map<number, number>()
  const tellers = new Map<number, Set<number>>()
  const labels = new Map<number, string>()
  let rollbacks = db.rollbacks()
  const recall = (): void => {
    if (rollbacks === db.rollbacks()) return
    rollbacks = db.rollbacks()
    for (const known of [own, tellers, labels]) known.clear()
  }
  const tellersOf = (host: number): Set<number> => {
    const known = tellers.get(host)
    if (known !== undefined) return known
    const rows = db.prepare('SELECT agent FROM sighting WHERE host = ?').all(host)
    const found = new Set(rows.map(({ agent }) => Number(agent)))
    tellers.set(host, found)
    return found
  }
  return {
    of: (agent, name) => {
      recall()
      const known = name === undefined ? own.get(agent) : undefined
      const host = known ?? (name === undefined ? ownHost(db, agent) : namedHost(db, name))
      if (name === undefined) own.set(agent, host)
      if (!tellersOf(host).has(agent)) {
        db.prepare('INSERT INTO sighting (host, agent) VALUES (?, ?)').run(host, agent)
        tellersOf(host).add(agent)
        relabel(db, agent)
        labels.clear()
      }
      return host
    },
    isRelayed: (host) => tellersOf(host).size !== 1,
    label: (host) => {
      const known = labels.get(host)
      if (known !== undefined) return known
      const row = db.prepare('SELECT label FROM host WHERE id = ?').get(host)
      const label = String(row?.['label'] ?? '?')
      labels.set(host, label)
      return label
    },
  }
}

// A log host may have told of this machine before its own agent ran: that row becomes the agent's.
function ownHost(db: Database, agent: number): number {
  const known = db.prepare('SELECT id FROM host WHERE agent = ?').get(agent)
  if (known !== undefined) return Number(known['id'])
  const unowned = db
    .prepare('SELECT id, agent, name FROM host WHERE agent IS NULL AND name IS NOT NULL')
    .all() as (Host & { name: string })[]
  const agents = unowned.length === 0 ? [] : allAgents(db)
  const adopted = unowned.find(({ name }) => ownerOf(name, agents)?.id === agent)
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

// A new sighting may rename its host and the others that its agent tells of, and no more: a fleet of
// thousands is not looked through for each agent that speaks first.
function relabel(db: Database, agent: number): void {
  const its = 'IN (SELECT host FROM sighting WHERE agent = ?)'
  const hosts = db.prepare(`SELECT id, agent, name FROM host WHERE id ${its}`).all(agent) as Host[]
  const sightings = db.prepare(`SELECT host, agent FROM sighting WHERE host ${its}`).all(agent) as {
    host: number
    agent: number
  }[]
  const agents = db
    .prepare(
      `SELECT id, name, hostname FROM agent WHERE id = ?1
         OR id IN (SELECT agent FROM host WHERE id IN (SELECT host FROM sighting WHERE agent = ?1))`,
    )
    .all(agent) as KnownAgent[]
  for (const [id, label] of labelHosts(hosts, agents, sightings)) {
    db.prepare('UPDATE host SET label = ? WHERE id = ? AND label <> ?').run(label, id, label)
  }
}

function allAgents(db: Database): KnownAgent[] {
  return db.prepare('SELECT id, name, hostname FROM agent').all() as KnownAgent[]
}
