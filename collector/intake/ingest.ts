/**
 * Frames into the store, then the acknowledgement. All frames that arrive within one turn of the event
 * loop share one transaction, whoever sent them: a commit waits for the disk, and a thousand agents
 * must not wait for a thousand. Nothing is acknowledged before its commit is on disk.
 */
import type { CheckpointFrame, Findings, GapFrame } from '../../shared/wire.ts'
import type { Alert } from '../report/alert.ts'
import type { Database } from '../store/database.ts'
import type { Intake, Stored } from '../store/intake.ts'
import { paceSums } from './pace.ts'
import { together } from './together.ts'

/** What a commit brought that others want to know of. */
export type Ingested = {
  stored: Stored[]
  gaps: { agent: number; text: string }[]
  alerts: Alert[]
}

export type Ingest = {
  /**
   * Stores one frame of an agent, after all frames submitted before it. Resolves when it is on disk;
   * rejects when it could not be stored, and then nothing of it was.
   */
  submit: (agent: number, frame: Storable) => Promise<void>
  /** Brings the totals up to what is stored, where that takes a moment only; for who is about to read them. */
  settle: () => void
  /** Writes all totals and ends; nothing may be submitted afterwards. */
  close: () => void
}

export type Storable = Findings | CheckpointFrame | GapFrame

type Waiting = {
  agent: number
  frame: Storable
  resolve: () => void
  reject: (error: unknown) => void
}

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
    try {
      const ingested = store(frames)
      intake.committed(ingested.stored)
      pace.due()
      committed(ingested)
      for (const { resolve } of frames) resolve()
      return true
    } catch (error) {
      if (frames.length === 1) frames[0]?.reject(error)
      else runApart(frames)
      return false
    }
  }
  // One agent's frame that cannot be stored must not take the others' with it, but its own that follow:
  // a checkpoint stored behind findings that a full disk had refused once lost 4,841 of them.
  const runApart = (frames: readonly Waiting[]): void => {
    const failed = new Set<number>()
    for (const one of frames) {
      if (failed.has(one.agent)) one.reject(new Error('what came before it could not be stored'))
      else if (!run([one])) failed.add(one.agent)
    }
  }
  const enter = together(run)
  return {
    settle: pace.settle,
    close: pace.close,
    submit: (agent, frame) =>
      new Promise((resolve, reject) => enter({ agent, frame, resolve, reject })),
  }
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
