/**
 * A disk that takes nothing more. Reading goes on, what agents send is refused unacknowledged and
 * stays in their logs, and the collector waits: ended, it could not even start again. Somebody has to
 * be told meanwhile, and the database is the one place that cannot hold the news.
 */
import type { Database } from './database.ts'

/** Why nothing can be stored, and since when (ms UTC). */
export type DiskTrouble = { since: number; why: string }

export type Disk = {
  /** The same database; its transactions and the disk's refusals are noticed here. */
  db: Database
  /** Does work that writes and may be left undone; false where the disk refused it. Bugs pass on. */
  tried: (work: () => void) => boolean
  trouble: () => DiskTrouble | null
  /** Tries whether the disk takes something again; to be called every now and then. */
  look: () => void
}

export type DiskOptions = {
  now: () => number
  /** Told when the trouble begins. */
  refused: (trouble: DiskTrouble) => void
  /** Told in a transaction that ends the trouble if it is committed: for what must be written then. */
  taken: (trouble: DiskTrouble) => void
}

// sqlite.org/rescode.html: the machine's troubles, as against those of a statement.
const readOnly = 8
const ioError = 10
const full = 13
const cannotOpen = 14
const troubles = new Set([readOnly, ioError, full, cannotOpen])

/** Whether it was the disk that would not take something. */
export function refusedByDisk(error: unknown): boolean {
  const code = error instanceof Error ? Reflect.get(error, 'errcode') : undefined
  return typeof code === 'number' && troubles.has(code & 0xff)
}

/** Watches over a database. */
export function watchDisk(db: Database, { now, refused, taken }: DiskOptions): Disk {
  let trouble: DiskTrouble | null = null
  const note = (error: unknown): void => {
    if (!refusedByDisk(error) || trouble !== null) return
    trouble = { since: now(), why: (error as Error).message }
    refused(trouble)
  }
  const noting = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      note(error)
      throw error
    }
  }
  const tried = (work: () => void): boolean => {
    try {
      noting(work)
      return true
    } catch (error) {
      if (refusedByDisk(error)) return false
      throw error
    }
  }
  return {
    db: { ...db, transaction: (work, isAwaited) => noting(() => db.transaction(work, isAwaited)) },
    tried,
    trouble: () => trouble,
    look: () => {
      const ended = trouble
      if (ended === null || !tried(() => db.transaction(() => taken(ended)))) return
      trouble = null
    },
  }
}
