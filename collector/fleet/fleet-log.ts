/**
 * What the intake brings, told to those who watch and written in the fleet's log: findings as they are
 * stored, agents coming and going, what somebody should look at.
 */
import type { Logger } from '../../shared/log.ts'
import type { GateEvent } from '../intake/conversation.ts'
import type { Ingested } from '../intake/ingest.ts'
import type { Alert } from '../report/alert.ts'
import type { Agents } from '../store/agents.ts'
import type { Stored } from '../store/intake/stored.ts'
import type { Log } from '../store/log.ts'
import type { Feed, News } from './feed.ts'

export type FleetLog = {
  /** Takes what a commit brought. */
  ingested: (ingested: Ingested) => void
  /** Takes what the agents' door says. */
  told: (event: GateEvent) => void
}

/** Everything it writes to. `own` is the program's own log, `now` ms UTC. */
export type FleetLogOptions = {
  agents: Agents
  log: Log
  feed: Feed
  own: Logger
  now: () => number
}

const badClock = 60_000

/** Opens the fleet's log. */
export function openFleetLog(options: FleetLogOptions): FleetLog {
  const { agents, log, feed, own, now } = options
  const skewed = new Set<number>()
  return {
    ingested: ({ stored, gaps, alerts }) => {
      for (const one of stored) feed.publish(newsOf(one))
      for (const { text } of gaps) log.append('gap', text)
      for (const alert of alerts) log.append('alert', sentence(alert))
    },
    told: (event) => {
      switch (event.kind) {
        case 'connected':
          agents.connected(event.agent.id, event.hostname, event.version, now())
          log.append('agent', `${event.agent.name} connected from ${event.address}`)
          if (agents.changedKey(event.agent.id, event.agent.key)) {
            log.append(
              'agent',
              `${event.agent.name} has changed to its new key; the old one is void`,
            )
          }
          return
        case 'disconnected':
          agents.disconnected(event.agent.id, now())
          log.append('agent', `${event.agent.name} went away`)
          return
        case 'pulse':
          agents.pulsed(event.agent.id, event.skew, event.sources, now())
          noteClock(event, skewed, log)
          return
        case 'duplicate':
          log.append(
            'trouble',
            `a second agent with the key of ${event.agent.name} was turned away (from ${event.address}): is one of them a clone?`,
          )
          return
        case 'trouble':
          own.error({ agent: event.agent.name }, event.why)
          log.append('trouble', `${event.agent.name}: ${event.why}`)
          return
        case 'refused':
          own.warn({ address: event.address }, event.why)
      }
    },
  }
}

function noteClock(
  { agent, skew }: Extract<GateEvent, { kind: 'pulse' }>,
  skewed: Set<number>,
  log: Log,
): void {
  const off = Math.abs(skew) > badClock
  if (off && !skewed.has(agent.id)) {
    const direction = skew > 0 ? 'ahead' : 'behind'
    log.append(
      'trouble',
      `the clock of ${agent.name} is ${Math.round(Math.abs(skew) / 60_000)} min ${direction}; set up time synchronisation there`,
    )
  }
  if (off) skewed.add(agent.id)
  else skewed.delete(agent.id)
}

function newsOf({ n, label, finding }: Stored): News {
  const { kind, at, ip, port, user, method, count, program, text } = finding
  return {
    kind: 'finding',
    finding: {
      n,
      kind,
      at,
      host: label,
      ip: ip ?? null,
      port: port ?? null,
      user: user ?? null,
      method: method ?? null,
      count,
      program,
      text: text ?? null,
    },
  }
}

function sentence({ ip, host, user, failed, failedOn }: Alert): string {
  const where = failedOn.map((one) => one.host).join(', ')
  return `${ip} failed ${failed} ${failed === 1 ? 'time' : 'times'} on ${where}, then logged in to ${host} as ${user}`
}
