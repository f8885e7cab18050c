import { hostname } from 'node:os'
import { ConfigError } from '../../shared/config.ts'
import type { CollectorConfig } from '../config.ts'
import { badName, namePattern, type People } from '../store/people/people.ts'

/** An address that logs this person in once, within ten minutes. Throws ConfigError for a bad name. */
export function linkFor(config: CollectorConfig, people: People, name: string): string {
  if (!namePattern.test(name)) throw new ConfigError(badName(name))
  return `${config.publicUrl ?? listening(config)}/login/${people.makeLink(name)}`
}

// Listening everywhere is no address to go to; this machine's name is the best guess.
function listening({ listen: { host, port }, tls }: CollectorConfig): string {
  const place = host === '0.0.0.0' || host === '::' ? hostname() : host
  return `${tls === undefined ? 'http' : 'https'}://${place.includes(':') ? `[${place}]` : place}:${port}`
}
