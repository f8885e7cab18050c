import { ConfigError } from '../../shared/config.ts'
import type { CollectorConfig } from '../config.ts'
import { badName, namePattern, type People } from '../store/people.ts'

/** An address that logs this person in once, within ten minutes. Throws ConfigError for a bad name. */
export function linkFor(config: CollectorConfig, people: People, name: string): string {
  if (!namePattern.test(name)) throw new ConfigError(badName(name))
  const { host, port } = config.listen
  const scheme = config.tls === undefined ? 'http' : 'https'
  return `${scheme}://${host}:${port}/login/${people.makeLink(name)}`
}
