/**
 * Frames into the store, then the acknowledgement. All frames that arrive within one turn of the event
 * loop, or in a stream within a few milliseconds, share one transaction, whoever sent them: a commit waits
 * for the disk, and a thousand agents must not wait for a thousand. Nothing is acknowledged before its
 * commit is on disk.
 */
import type { CheckpointFrame, Findings, GapFrame } from '../../shared/wire.ts'
import type { Alert } from '../report/alert.ts'
import type { Database } from '../store/database.ts'
import type { Intake } from '../store/intake/intake.ts'
import type { Stored } from '../store/intake/stored.ts'
import { gather } from './gather.ts'
import { paceSums } from './pace.ts'

/** What a commit brought that others want to know of. */
export type Ingested = {
  stored: Stored[]
  gaps: { agent: number; text: string }[]
  alerts: Alert[]
}

export type Ingest = {
  /**
   * Stores one frame of an agent, after all frames submitted before it. What became of it is told in the
   * same turn of the event loop, so that nothing of the agent is submitted behind a frame that failed.
   */
  submit: (agent: number, frame: Storable, fate: Fate) => void
  /** Brings the totals up to what is stored, where that takes a moment only; for who is about to read them. */
  settle: () => void
  /** Writes all totals and ends; nothing may be submitted afterwards. */
  close: () => void
}

export type Storable = Findings | CheckpointFrame | GapFrame

/** What may become of a frame: it is on disk, or nothing of it is. */
export type Fate = { stored: () => void; refused: (error: unknown) => void }

type Waiting = { agent: number; frame: Storable; fate: Fate }

/**
 * Each commit costs what it costs, however few frames it holds, and a page that several of them touch goes
 * to disk once for all: milliseconds from one to the next in a stream. Nobody waits for more than so many
 * entries of others.
 */
const [commitsApart, mostAtOnce] = [4, 2000] as const

/**
 * Opens the ingest. `queueAlert` writes an urgent report inside the running transaction; `committed`
 * is told after each commit. `now` gives ms UTC.
 */
export function openIngest(
  db: Database,
  intake: Intake,
  now: () => number,
  queueAlert: (alert: Alert) => void,
  committed: (ingested: Ingested) => void,
): Ingest {
  const pace = paceSums(intake.sums)

  const store = (frames: readonly Waiting[]): Ingested =>
    db.transaction(() => {
      const ingested: Ingested = { stored: [], gaps: [], alerts: [] }
      for (const { agent, frame } of frames) apply(intake, agent, frame, now(), ingested)
      ingested.alerts = intake.alerts(ingested.stored)
      for (const alert of ingested.alerts) queueAlert(alert)
      return ingested
    })
  const run = (frames: readonly Waiting[]): boolean => {
    let ingested: Ingested
    try {
      ingested = store(frames)
    } catch (error) {
      if (frames.length === 1) frames[0]?.fate.refused(error)
      else runApart(frames)
      return false
    }
    intake.committed(ingested.stored)
    pace.due()
    committed(ingested)
    for (const { fate } of frames) fate.stored()
    return true
  }
  // One agent's frame that cannot be stored must not take the others' with it, but its own that follow:
  // a checkpoint stored behind findings that a full disk had refused once lost 4,841 of them.
  const runApart = (frames: readonly Waiting[]): void => {
    const failed = new Set<number>()
    for (const one of frames) {
      if (failed.has(one.agent))
        one.fate.refused(new Error('what came before it could not be stored'))
      else if (!run([one])) failed.add(one.agent)
    }
  }
  const { enter, hand } = gather(run, { apart: commitsApart, most: mostAtOnce, weight: weightOf })
  return {
    settle: pace.settle,
    close: () => {
      hand()
      pace.close()
    },
    submit: (agent, frame, fate) => enter({ agent, frame, fate }),
  }
}

function weightOf({ frame }: Waiting): number {
  return frame.type === 'findings' ? frame.entries.length : 1
}

function apply(
  intake: Intake,
  agent: number,
  frame: Storable,
  now: number,
  ingested: Ingested,
): void {
  switch (frame.type) {
    case 'findings':
      ingested.stored.push(...intake.findings(agent, frame.source, frame.entries))
      return
    case 'checkpoint':
      intake.checkpoint(agent, frame.source, frame.checkpoint, now)
      return
    case 'gap':
      if (intake.gap(agent, frame.source, frame.gap, now)) {
        ingested.gaps.push({ agent, text: frame.gap.text })
      }
  }
}
