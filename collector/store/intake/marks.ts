/**
 * How far each agent has told us: the high-water mark of every file, below which a finding is a repeat,
 * and the checkpoint from which the agent goes on. For use inside a transaction.
 */
import { checker } from '../../../shared/check.ts'
import { Checkpoint } from '../../../shared/checkpoint.ts'
import type { Database } from '../database.ts'

/** A file of an agent's source with its mark; -1 where nothing was told of it. */
export type MarkedFile = { id: number; mark: number }

const hourMs = 3_600_000
/** A file not seen on disk for this long is gone, and its mark with it. */
const markKept = 7 * 24 * hourMs
const checkCheckpoint = checker(Checkpoint)

/** The file of this identity, made where it is new. `now` is ms UTC. */
export function markedFile(
  db: Database,
  agent: number,
  source: string,
  identity: string,
  now: number,
): MarkedFile {
  const found = db
    .prepare('SELECT id, mark FROM file WHERE agent = ? AND source = ? AND identity = ?')
    .get(agent, source, identity)
  if (found !== undefined) return { id: Number(found['id']), mark: Number(found['mark']) }
  const { lastInsertRowid } = db
    .prepare('INSERT INTO file (agent, source, identity, mark, seen) VALUES (?, ?, ?, -1, ?)')
    .run(agent, source, identity, now)
  return { id: Number(lastInsertRowid), mark: -1 }
}

/** Moves a file's mark. */
export function moveMark(db: Database, { id, mark }: MarkedFile): void {
  db.prepare('UPDATE file SET mark = ? WHERE id = ?').run(mark, id)
}

/** Stores where the agent stands, and moves the mark of its file up to there. */
export function storeCheckpoint(
  db: Database,
  agent: number,
  source: string,
  checkpoint: Checkpoint,
  now: number,
): void {
  db.prepare(
    `INSERT INTO checkpoint (agent, source, body, stored) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET body = excluded.body, stored = excluded.stored`,
  ).run(agent, source, JSON.stringify(checkpoint), now)
  const { position } = checkpoint
  const identity = position.kind === 'file' ? position.file : position.boot
  const covered = position.kind === 'file' ? position.offset - 1 : position.offset
  const { id } = markedFile(db, agent, source, identity, now)
  db.prepare('UPDATE file SET mark = max(mark, ?), seen = ? WHERE id = ?').run(covered, now, id)
  if (position.kind === 'file') retireMarks(db, agent, source, position.finished, now)
}

function retireMarks(
  db: Database,
  agent: number,
  source: string,
  finished: readonly string[],
  now: number,
): void {
  for (const identity of finished) {
    db.prepare(
      'UPDATE file SET seen = ? WHERE agent = ? AND source = ? AND identity = ? AND seen < ?',
    ).run(now, agent, source, identity, now - hourMs)
  }
  db.prepare(
    `UPDATE file SET identity = identity || '~' || id
     WHERE agent = ? AND source = ? AND seen < ? AND identity NOT LIKE '%~%'`,
  ).run(agent, source, now - markKept)
}

/** Where every source of this agent stands. */
export function readCheckpoints(
  db: Database,
  agent: number,
): { source: string; checkpoint: Checkpoint }[] {
  return db
    .prepare('SELECT source, body FROM checkpoint WHERE agent = ? ORDER BY source')
    .all(agent)
    .flatMap(({ source, body }) => {
      // One that another version wrote otherwise is no loss: read again from the start, every
      // finding is known by its mark.
      const checked = checkCheckpoint(JSON.parse(String(body)))
      return checked.ok ? [{ source: String(source), checkpoint: checked.value }] : []
    })
}
