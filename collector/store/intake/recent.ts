/**
 * Where findings stand, for those who store them: in the runs on disk and in those still in memory.
 * Others (the page, the commands) read what the totals know, and the newest findings one by one.
 */
import type { Database } from '../database.ts'
import { addPlace, type Ends, noRuns, type Placed, pairs, type Runs, runAt } from '../runs.ts'

export type Recent = {
  /** Takes up a finding stored in the transaction that is running. */
  add: (placed: Placed) => void
  /** Gives the runs of the transaction that was committed. */
  committed: () => Runs
  /** The number up to which all runs are on disk. */
  through: () => number
  /** The runs in memory of a host's second, and of an address: [first, last] of each, as JSON. */
  ofSecond: (host: number, second: number) => string
  ofAddress: (ip: string) => string
  /**
   * First and last number of the run in which a finding of this file stands, where it stands at this
   * offset: findings of a file are told in the order of their anchors, so in the last that begins before.
   */
  ofFile: (file: number, offset: number) => [first: number, last: number] | undefined
}

/** Opens them beside the totals that are to write them. */
export function openRecent(
  db: Database,
  sums: { runs: () => readonly Runs[]; through: () => number },
): Recent {
  let fresh = noRuns()
  let rollbacks = db.rollbacks()
  const current = (): Runs => {
    if (rollbacks !== db.rollbacks()) fresh = noRuns()
    rollbacks = db.rollbacks()
    return fresh
  }
  const all = (): Runs[] => [...sums.runs(), current()]
  return {
    add: (placed) => addPlace(current(), placed),
    committed: () => {
      const done = current()
      fresh = noRuns()
      return done
    },
    through: sums.through,
    ofSecond: (host, second) => listed(all().map(({ hosts }) => hosts.get(host)?.get(second))),
    ofAddress: (ip) => listed(all().map(({ addresses }) => addresses.get(ip))),
    ofFile: (file, offset) => {
      for (const { files } of all().reverse()) {
        const known = files.get(file)
        const at = known?.offsets.findLastIndex((first) => first <= offset) ?? -1
        if (known !== undefined && at !== -1) return runAt(known.ends, at)
      }
      const row = db.prepare(runSql).get(file, offset)
      return row === undefined ? undefined : [Number(row['n']), Number(row['upto'])]
    },
  }
}

function listed(some: readonly (Ends | undefined)[]): string {
  return JSON.stringify(some.flatMap((ends = []) => [...pairs(ends)]))
}

const runSql = `
  SELECT n, upto FROM file_run WHERE file = ? AND offset <= ? ORDER BY offset DESC, n DESC LIMIT 1`
