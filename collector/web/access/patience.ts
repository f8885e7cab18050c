/**
 * Waiting instead of locking out: whoever fails waits longer for the next answer, by address and by
 * account. A lock would let anybody shut the owner out of his own dashboard.
 */
import ipaddr from 'ipaddr.js'

export type Patience = {
  /** Ms to wait before answering a try from this address for this account. */
  delay: (ip: string, account: string) => number
  failed: (ip: string, account: string) => void
  /** Forgets the failures of both. */
  succeeded: (ip: string, account: string) => void
}

const firstDelay = 250
const longestDelay = 8_000
const forgottenAfter = 15 * 60_000
const mostRemembered = 10_000

type Failures = { times: number; last: number }

/** Takes a clock (ms); remembers at most 10,000 addresses and accounts, the newest ones. */
export function createPatience(now: () => number): Patience {
  const failures = new Map<string, Failures>()
  const delayOf = (key: string): number => {
    const found = failures.get(key)
    if (found === undefined || now() - found.last > forgottenAfter) return 0
    return Math.min(longestDelay, firstDelay * 2 ** (found.times - 1))
  }
  const keys = (ip: string, account: string) => [`ip ${network(ip)}`, `account ${account}`]
  return {
    delay: (ip, account) => Math.max(...keys(ip, account).map(delayOf)),
    failed: (ip, account) => {
      for (const key of keys(ip, account)) {
        const times = delayOf(key) === 0 ? 0 : (failures.get(key)?.times ?? 0)
        failures.delete(key)
        failures.set(key, { times: times + 1, last: now() })
      }
      for (const key of failures.keys()) {
        if (failures.size <= mostRemembered) break
        failures.delete(key)
      }
    },
    succeeded: (ip, account) => {
      for (const key of keys(ip, account)) failures.delete(key)
    },
  }
}

// One IPv6 customer has a whole /64 to come from.
function network(ip: string): string {
  if (!ipaddr.IPv6.isValid(ip)) return ip
  const address = ipaddr.IPv6.parse(ip)
  return address.isIPv4MappedAddress()
    ? address.toIPv4Address().toString()
    : address.parts.slice(0, 4).join(':')
}
