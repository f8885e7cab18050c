import type { Writable } from 'node:stream'
import type { Log } from '../store/log.ts'
import { badName, namePattern, type People } from '../store/people/people.ts'

export type TokenIo = { stdout: Writable; stderr: Writable }

/**
 * `token add NAME`: prints a new token for scripts, the only time it can be read. Gives the exit
 * code: 2 where the name is no name or is taken.
 */
export function addToken(
  { people, log }: { people: People; log: Log },
  name: string,
  io: TokenIo,
): number {
  if (!namePattern.test(name)) return refuse(io, badName(name))
  const secret = people.addToken(name)
  if (secret === undefined) {
    return refuse(io, `there is a token named ${name} already; choose another name`)
  }
  log.append('token', `token ${name} was added`)
  io.stdout.write(`${secret}\n`)
  io.stderr.write(`This is the token ${name}. It cannot be shown again.\n`)
  return 0
}

function refuse(io: TokenIo, why: string): number {
  io.stderr.write(`token add: ${why}\n`)
  return 2
}
