/** What was done and what was counted as tables of the same keys, so that a comparison names what differs. */
import type { Attacker, Summary } from '../../agent/commands/tally.ts'
import type { Deed } from '../fleet/deeds.ts'

/** What these deeds on one host are worth, by address, user and kind. */
export function tableOfDeeds(deeds: readonly Deed[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { ip, program, user, attempts, probes, logins } of deeds) {
    if (ip === null) add(sums, `${user} by ${program}`, attempts)
    else {
      add(sums, `${ip} attempts`, attempts)
      add(sums, `${ip} probes`, probes)
      add(sums, `${ip} logins`, logins)
      if (user !== null) add(sums, `${ip} as ${user}`, attempts)
    }
  }
  return sorted(sums)
}

/** An address as `scan --json` prints it. */
export type Printed = Omit<Attacker, 'users'> & { users: Record<string, number> }

/** What a scan counted, in the same words, from within or as it was printed. */
export function tableOfSummary({
  attackers: found,
  local,
}: Pick<Summary, 'local'> & { attackers: Iterable<Attacker | Printed> }): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { ip, attempts, probes, logins, users } of found) {
    add(sums, `${ip} attempts`, attempts)
    add(sums, `${ip} probes`, probes)
    add(sums, `${ip} logins`, logins)
    const tried = Array.isArray(users) ? users : Object.entries(users)
    for (const [user, count] of tried) add(sums, `${ip} as ${user}`, count)
  }
  for (const { user, program, attempts } of local) add(sums, `${user} by ${program}`, attempts)
  return sorted(sums)
}

/** Adds to a sum; nothing is no row. */
export function add(sums: Map<string, number>, key: string, count: number): void {
  if (count > 0) sums.set(key, (sums.get(key) ?? 0) + count)
}

/** The rows that are not 0, by name. */
export function sorted(sums: Map<string, number>): Map<string, number> {
  const some = [...sums].filter(([, count]) => count > 0)
  return new Map(some.sort(([one], [other]) => (one < other ? -1 : 1)))
}
