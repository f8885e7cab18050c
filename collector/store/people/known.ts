/** Who may look, listed; and the way out again. */
import type { Database } from '../database.ts'

/** A person; times in ms UTC, `seen` null where no session is left. */
export type Person = {
  name: string
  added: number
  hasPassword: boolean
  hasTotp: boolean
  seen: number | null
}

/** A token of scripts; times in ms UTC, `used` null where it never was. */
export type Token = { name: string; added: number; used: number | null }

export type Known = {
  people: () => Person[]
  tokens: () => Token[]
  /** Takes away a person with every session and link; false where nobody has this name. */
  removePerson: (name: string) => boolean
  /** Takes away a token; false where none has this name. */
  removeToken: (name: string) => boolean
}

/** Takes the open database. */
export function openKnown(db: Database): Known {
  return {
    people: () => db.prepare(peopleSql).all().map(personOf),
    tokens: () => db.prepare('SELECT name, added, used FROM token ORDER BY name').all() as Token[],
    removePerson: (name) =>
      db.transaction(() => {
        db.prepare('DELETE FROM session WHERE person = ?').run(name)
        db.prepare('DELETE FROM link WHERE person = ?').run(name)
        return Number(db.prepare('DELETE FROM person WHERE name = ?').run(name).changes) > 0
      }),
    removeToken: (name) =>
      Number(db.prepare('DELETE FROM token WHERE name = ?').run(name).changes) > 0,
  }
}

const peopleSql = `
  SELECT name, added, password IS NOT NULL AS hasPassword, totp IS NOT NULL AS hasTotp,
    (SELECT max(seen) FROM session WHERE person = name) AS seen
  FROM person ORDER BY name`

function personOf(row: Record<string, unknown>): Person {
  const { hasPassword, hasTotp } = row
  return { ...(row as Person), hasPassword: hasPassword === 1, hasTotp: hasTotp === 1 }
}
