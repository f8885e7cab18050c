import { hostname } from 'node:os'
import { ConfigError } from '../../shared/config.ts'
import type { CollectorConfig } from '../config.ts'
import { badName, namePattern, type People } from '../store/people.ts'

/** An address that logs this person in once, within ten minutes. Throws ConfigError for a bad name. */
export function linkFor(config: CollectorConfig, people: People, name: string): string {
  if (!namePattern.test(name)) throw new ConfigError(badName(name))
  const { host, port } = config.listen
  // Listening everywhere is no address to go to; this machine's name is.
  const place = host === '0.0.0.0' || host === '::' ? hostname() : host
  const scheme = config.tls === undefined ? 'http' : 'https'
  return `${scheme}://${place}:${port}/login/${people.makeLink(name)}`
}
