import { ConfigError } from '../../shared/config.ts'
import type { Log } from '../store/log.ts'
import type { Known, Person, Token } from '../store/people/known.ts'
import { ago } from './ago.ts'

/** The people who may look, as lines for a terminal; `now` in ms UTC. */
export function listPeople(people: readonly Person[], now: number): string[] {
  if (people.length === 0) return ['nobody may look yet; user add NAME lets somebody in']
  return inColumns(
    people.map(({ name, hasPassword, hasTotp, seen }) => [
      name,
      hasPassword ? `password${hasTotp ? ' and code' : ''}` : 'by link only',
      seen === null ? 'not logged in' : `logged in, last here ${ago(now - seen)}`,
    ]),
  )
}

/** The tokens of scripts, as lines for a terminal; `now` in ms UTC. */
export function listTokens(tokens: readonly Token[], now: number): string[] {
  if (tokens.length === 0) return ['there is no token; token add NAME makes one']
  return inColumns(
    tokens.map(({ name, added, used }) => [
      name,
      `made ${ago(now - added)}`,
      used === null ? 'never used' : `used ${ago(now - used)}`,
    ]),
  )
}

/** Takes a person away and gives one sentence. Throws ConfigError. */
export function removePerson(known: Known, log: Log, name: string): string {
  if (!known.removePerson(name)) {
    throw new ConfigError(`there is nobody called "${name}"; see: cibot-collector user list`)
  }
  log.append('user', `${name} was removed`)
  return `${name} may look no more; all sessions and links of ${name} have ended`
}

/** Takes a token away and gives one sentence. Throws ConfigError. */
export function removeToken(known: Known, log: Log, name: string): string {
  if (!known.removeToken(name)) {
    throw new ConfigError(`there is no token called "${name}"; see: cibot-collector token list`)
  }
  log.append('token', `token ${name} was removed`)
  return `the token ${name} opens nothing any more`
}

function inColumns(rows: readonly (readonly [string, string, string])[]): string[] {
  const widest = (at: 0 | 1) => Math.max(...rows.map((row) => row[at].length))
  const [first, second] = [widest(0), widest(1)]
  return rows.map(([one, two, three]) => `${one.padEnd(first)}  ${two.padEnd(second)}  ${three}`)
}
