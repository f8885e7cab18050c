import { ConfigError } from '../../shared/config.ts'
import { isPublicKey } from '../../shared/handshake.ts'
import type { Agent, Agents } from '../store/agents.ts'
import type { Log } from '../store/log.ts'
import { ago } from './ago.ts'

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Enrols an agent's public key under a name and gives one sentence. Throws ConfigError. */
export function addAgent(agents: Agents, log: Log, name: string, key: string, now: number): string {
  if (!namePattern.test(name)) {
    throw new ConfigError(
      `"${name}" is no name for an agent: letters, digits, dots, dashes and underscores, 64 at most`,
    )
  }
  if (!isPublicKey(key)) {
    throw new ConfigError(
      'the second argument must be the public key that `cibot-agent key` prints on the host; it begins with ed25519:',
    )
  }
  switch (agents.add(name, key, now)) {
    case 'added':
      log.append('administration', `agent ${name} was enrolled`)
      return `${name} is enrolled`
    case 'renewed':
      log.append('administration', `agent ${name} was enrolled again with a new key`)
      return `${name} is enrolled with its new key`
    case 'awaited':
      log.append('administration', `agent ${name} was given a new key, to change to`)
      return `${name} is enrolled with its new key; the old one opens the door until it has come with the new one (at once: agents revoke ${name}, then this again)`
    case 'unchanged':
      return `${name} was enrolled already`
    case 'taken':
      throw new ConfigError(
        `this key belongs to another agent already; a cloned host needs a key of its own: cibot-agent key --new`,
      )
  }
}

/** Shuts an agent out, at once where it is connected; gives one sentence. Throws ConfigError. */
export function revokeAgent(agents: Agents, log: Log, name: string, now: number): string {
  if (!agents.revoke(name, now)) {
    throw new ConfigError(`there is no agent called "${name}"; see: cibot-collector agents list`)
  }
  log.append('administration', `agent ${name} was revoked`)
  return `${name} is revoked; what it reported stays`
}

/** The fleet's agents as lines for a terminal; `now` in ms UTC. */
export function listAgents(agents: readonly Agent[], now: number): string[] {
  if (agents.length === 0) {
    return [
      'no agent is enrolled yet; on a host run: cibot-agent key, and here: agents add NAME KEY',
    ]
  }
  const width = Math.max(...agents.map(({ name }) => name.length))
  return agents.map((agent) => {
    const next = agent.next === null ? '' : `, to change to ${agent.next}`
    return `${agent.name.padEnd(width)}  ${stateOf(agent, now)}  ${agent.key}${next}`
  })
}

function stateOf({ revoked, online, seen }: Agent, now: number): string {
  if (revoked !== null) return 'revoked'.padEnd(20)
  if (online) return 'connected'.padEnd(20)
  if (seen === null) return 'never seen'.padEnd(20)
  return `last seen ${ago(now - seen)}`.padEnd(20)
}
