/**
 * Somebody may have got in: a login from an address that failed before, anywhere in the fleet. What
 * arrives late counts too: failures of a host that was offline may come after the login they precede.
 */

/** What the fleet knows of one address on one host. */
export type Standing = { host: number; label: string; attempts: number; first: number }

/** A login stored, as far as an alert needs it. */
export type Login = { n: number; ip: string; host: number; user: string; at: number }

/** Failures of this address that began before the login, by host; empty where the login is none to fear. */
export function failuresBefore(
  login: Login,
  standings: readonly Standing[],
): { host: string; attempts: number }[] {
  const byHost = new Map<string, number>()
  for (const { label, attempts, first } of standings) {
    if (attempts > 0 && first <= login.at) byHost.set(label, (byHost.get(label) ?? 0) + attempts)
  }
  return [...byHost]
    .map(([host, attempts]) => ({ host, attempts }))
    .sort((one, other) => other.attempts - one.attempts)
}
