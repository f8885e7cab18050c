import { isIPv6 } from 'node:net'
import { must } from './command.ts'
import { bridge, prefix } from './sweep.ts'

/** A place on the bridge: its network namespace, the interface inside it, its addresses. */
export type Place = { name: string; interface: string; addresses: readonly string[] }

/** Makes the bridge 10.77.0.1/24, fd77::1/64 that all hosts and attackers hang on. */
export async function raiseBridge(): Promise<void> {
  await must(['ip', 'link', 'add', bridge, 'type', 'bridge'])
  await must(['ip', 'address', 'add', '10.77.0.1/24', 'dev', bridge])
  await must(['ip', 'address', 'add', 'fd77::1/64', 'dev', bridge, 'nodad'])
  await must(['ip', 'link', 'set', bridge, 'up'])
}

/**
 * Makes a network namespace with a cable to the bridge. An address outside the bridge's own nets is
 * a public one of an attacker; reach() tells the others where it is.
 */
export async function raisePlace(place: Place, index: number): Promise<void> {
  const { name } = place
  const cable = `${prefix}v${index}`
  await must(['ip', 'netns', 'add', prefix + name])
  const peer = ['peer', 'name', place.interface, 'netns', prefix + name]
  await must(['ip', 'link', 'add', cable, 'type', 'veth', ...peer])
  await must(['ip', 'link', 'set', cable, 'master', bridge, 'up'])
  const inside = (...argv: string[]): Promise<string> => must(['ip', '-n', prefix + name, ...argv])
  for (const address of place.addresses) {
    const quick = isIPv6(address) ? ['nodad'] : []
    await inside('address', 'add', address + mask(address), 'dev', place.interface, ...quick)
  }
  await inside('link', 'set', place.interface, 'up')
  await inside('link', 'set', 'lo', 'up')
  for (const address of place.addresses.filter((each) => !isHome(each))) {
    const net = isIPv6(address) ? 'fd77::/64' : '10.77.0.0/24'
    await inside('route', 'replace', net, 'dev', place.interface, 'src', address)
  }
}

/** Lets one place answer the public addresses of another, straight over the bridge. */
export async function reach(from: Place, to: Place): Promise<void> {
  for (const address of to.addresses.filter((each) => !isHome(each))) {
    const argv = ['ip', '-n', prefix + from.name, 'route', 'replace', address]
    await must([...argv, 'dev', from.interface])
  }
}

function isHome(address: string): boolean {
  return address.startsWith('10.77.0.') || address.startsWith('fd77::')
}

function mask(address: string): string {
  if (isIPv6(address)) return isHome(address) ? '/64' : '/128'
  return isHome(address) ? '/24' : '/32'
}
