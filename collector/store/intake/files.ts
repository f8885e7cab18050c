/**
 * The files agents are telling of: how far each is told, and where its last findings stand. Asked for
 * with every frame, so what was found out is remembered; forgotten when a transaction was rolled back,
 * for what was remembered may never have been.
 */
import { limits } from '../../../shared/wire.ts'
import type { Database } from '../database.ts'
import { markedFile } from './marks.ts'
import type { Recent } from './recent.ts'

export type ToldFile = {
  id: number
  /** Whoever raises it writes it down; see moveMark. */
  mark: number
  /** The number of the finding at this offset, undefined where there is none. */
  numberOf: (offset: number) => number | undefined
  /** Remembers findings just stored, numbered from the first on, in the order of their offsets. */
  note: (first: number, offsets: readonly number[]) => void
}

export type Files = {
  /** The file of this identity, made where it is new; `now` is ms UTC. */
  of: (agent: number, source: string, identity: string, now: number) => ToldFile
  /** To be called where something else has moved marks of this agent. */
  forget: (agent: number) => void
}

/** Opens the files, for use inside a transaction. */
export function openFiles(db: Database, recent: Recent): Files {
  const byAgent = new Map<number, Map<string, ToldFile>>()
  let rollbacks = db.rollbacks()
  return {
    of: (agent, source, identity, now) => {
      if (rollbacks !== db.rollbacks()) byAgent.clear()
      rollbacks = db.rollbacks()
      const its = byAgent.get(agent) ?? new Map<string, ToldFile>()
      byAgent.set(agent, its)
      const key = JSON.stringify([source, identity])
      const known = its.get(key) ?? toldFile(db, recent, agent, source, identity, now)
      its.set(key, known)
      return known
    },
    forget: (agent) => byAgent.delete(agent),
  }
}

// What an attempt was tried with is told with the next frame, and no frame is larger. Thousands of agents
// are remembered at once.
const mostNoted = limits.findingsPerFrame

function toldFile(
  db: Database,
  recent: Recent,
  ...asked: [number, string, string, number]
): ToldFile {
  const { id, mark } = markedFile(db, ...asked)
  let stored = numbersIn(db, recent, id)
  let [firstNoted, noted]: [number, readonly number[]] = [0, []]
  return {
    id,
    mark,
    numberOf: (offset) => {
      const at = noted.indexOf(offset)
      return at === -1 ? stored(offset) : firstNoted + at
    },
    note: (first, offsets) => {
      stored = numbersIn(db, recent, id)
      const left = Math.max(0, offsets.length - mostNoted)
      ;[firstNoted, noted] = [first + left, offsets.slice(left)]
    },
  }
}

// Whoever asks for one finding of a run asks for the next one, too.
function numbersIn(
  db: Database,
  recent: Recent,
  file: number,
): (offset: number) => number | undefined {
  const known = new Map<number, number>()
  return (offset) => {
    if (!known.has(offset)) {
      const run = recent.ofFile(file, offset)
      const rows = run === undefined ? [] : db.prepare(rowsSql).all(...run, file)
      for (const row of rows) known.set(Number(row['offset']), Number(row['n']))
    }
    return known.get(offset)
  }
}

const rowsSql = 'SELECT n, offset FROM finding WHERE n BETWEEN ? AND ? AND file = ?'
