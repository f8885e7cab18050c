export type Counts = { attempts: number; probes: number; logins: number }

export type Row = Record<string, unknown>

/** What to select for countsOf; zeros where there is no row. */
export const sumColumns = ['attempts', 'probes', 'logins']
  .map((name) => `coalesce(sum(${name}), 0) AS ${name}`)
  .join(', ')

/** The counts in a row of ours; the tables are STRICT, so they are numbers. */
export function countsOf(row: Row): Counts {
  return {
    attempts: Number(row['attempts']),
    probes: Number(row['probes']),
    logins: Number(row['logins']),
  }
}

/** The sum of both. */
export function plus(one: Counts, other: Counts | undefined): Counts {
  if (other === undefined) return one
  return {
    attempts: one.attempts + other.attempts,
    probes: one.probes + other.probes,
    logins: one.logins + other.logins,
  }
}
