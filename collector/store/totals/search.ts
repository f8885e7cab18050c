/** What a name must be to pass a search. */
import { isNetwork, networkOf } from '../../fleet/networks.ts'
import type { Database } from '../database.ts'
import type { Bind } from './span.ts'
import type { SubjectKind } from './sums.ts'

// Up to so many, the addresses that tried a name are listed; of more, the next one is soon found. Where
// it is a few names, each address is sooner asked for those.
const fewPairs = 20_000
const fewNames = 5
const fewOfNames = 5000

/**
 * A condition on `name` of a row of `subject`, and what to bind; an address also passes by a name it tried,
 * and by its network where that is what is sought.
 */
export function sought(
  db: Database,
  kind: Exclude<SubjectKind, 'host'>,
  { q = '' }: { q?: string | undefined },
): { sql: string; bind: Bind } {
  if (q === '') return { sql: 'true', bind: {} }
  const named = 'instr(lower(name), lower(:q))'
  if (kind !== 'ip') return { sql: named, bind: { q } }
  // A part of what a network is written as is found in the addresses of others, too.
  if (isNetwork(q)) {
    const members = JSON.stringify(membersOf(db, q))
    return { sql: 'name IN (SELECT value FROM json_each(:members))', bind: { members } }
  }
  const names = db
    .prepare(`SELECT name FROM subject WHERE kind = 'user' AND ${named}`)
    .all({ q })
    .map((row) => row['name'])
  const users = JSON.stringify(names)
  const few = names.length <= fewNames ? fewOfNames : fewPairs
  const pairs = db
    .prepare(
      `SELECT count(*) AS many FROM (SELECT 1 FROM user_address
       WHERE user IN (SELECT value FROM json_each(?)) LIMIT ${few + 1})`,
    )
    .get(users)
  if (Number(pairs?.['many']) <= few) {
    const triers = 'SELECT ip FROM user_address WHERE user IN (SELECT value FROM json_each(:users))'
    return { sql: `(${named} OR name IN (${triers}))`, bind: { q, users } }
  }
  const tried = 'SELECT 1 FROM attacker_user WHERE ip = name AND'
  if (names.length <= fewNames) {
    const these = 'user IN (SELECT value FROM json_each(:users))'
    return { sql: `(${named} OR EXISTS (${tried} ${these}))`, bind: { q, users } }
  }
  return { sql: `(${named} OR EXISTS (${tried} instr(lower(user), lower(:q))))`, bind: { q } }
}

function membersOf(db: Database, q: string): string[] {
  const [start = ''] = q.split(/[.:]/, 1)
  return db
    .prepare("SELECT name FROM subject WHERE kind = 'ip' AND name >= ? AND name < ?")
    .all(start, `${start}~`)
    .map((row) => String(row['name']))
    .filter((ip) => networkOf(ip) === q)
}
