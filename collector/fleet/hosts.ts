/**
 * Which host a finding belongs to, and what people call it.
 *
 * An agent's own lines belong to the agent, whatever the host calls itself: two boards both named
 * "raspberrypi" stay two. Lines a log host relays name their origin; that is an agent's host where
 * exactly one agent's machine has this name, else a host of its own.
 */

/** A host as stored; `agent` where it is an agent's own machine, `name` where a relayed line named it. */
export type Host = { id: number; agent: number | null; name: string | null }

/** What is known of an agent here. */
export type KnownAgent = { id: number; name: string; hostname: string | null }

/** The agent whose own machine a relayed line's host name means; undefined where none or several fit. */
export function ownerOf(name: string, agents: readonly KnownAgent[]): KnownAgent | undefined {
  const wanted = name.toLowerCase()
  const called = agents.find((agent) => agent.name.toLowerCase() === wanted)
  if (called !== undefined) return called
  const fits = agents.filter((agent) => agent.hostname !== null && sameHost(agent.hostname, wanted))
  return fits.length === 1 ? fits[0] : undefined
}

/**
 * The label of every host. A machine whose agent has told of one other name only, and never of
 * itself, is that machine under an older or longer name (a container, a host renamed while its
 * logger ran): it goes under the agent's name.
 */
export function labelHosts(
  hosts: readonly Host[],
  agents: readonly KnownAgent[],
  sightings: readonly { host: number; agent: number }[],
): Map<number, string> {
  const nameOf = new Map(agents.map((agent) => [agent.id, agent.name]))
  const labels = new Map<number, string>()
  for (const host of hosts) {
    const sole = host.agent ?? soleTeller(host.id, sightings)
    labels.set(host.id, (sole === undefined ? undefined : nameOf.get(sole)) ?? host.name ?? '?')
  }
  return labels
}

function soleTeller(
  host: number,
  sightings: readonly { host: number; agent: number }[],
): number | undefined {
  const tellers = sightings.filter((one) => one.host === host)
  const teller = tellers[0]
  if (teller === undefined || tellers.length > 1) return undefined
  return sightings.filter((one) => one.agent === teller.agent).length === 1
    ? teller.agent
    : undefined
}

function sameHost(one: string, other: string): boolean {
  return one.toLowerCase() === other || one.toLowerCase().split('.')[0] === other.split('.')[0]
}
