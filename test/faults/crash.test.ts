/**
 * Crash enumeration: agent and collector are ended before and after every side effect (read, send,
 * write, transaction, acknowledgement, message) and started again from what is on disk, and every
 * count and every report must come out as if nothing had happened.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Change, changedPrograms } from './changed.ts'
import { crashEverywhere } from './crash.ts'
import { loadPrograms } from './programs.ts'

const patience = { timeout: 540_000 }

test(
  'a crash before or after any side effect changes no count and no report',
  patience,
  async (t) => {
    const seed = Number(process.env['CRASH_SEED'] ?? 1)
    const { effects, crashes, harm } = await crashEverywhere(await loadPrograms(), seed)
    const kinds = [...new Set(effects)].sort()
    t.diagnostic(
      `seed ${seed}: ${crashes} crashes at ${effects.length} effects: ${kinds.join('; ')}`,
    )
    assert.deepEqual(harm, [])
    assert.ok(crashes > 1.8 * effects.length, 'nearly every play came to its crash')
    assert.deepEqual(kinds, allKinds)
  },
)

const allKinds = [
  'agent: read',
  'agent: send checkpoint',
  'agent: send findings',
  'collector: send ack',
  'collector: send welcome',
  'collector: telegram',
  'collector: transaction',
  'collector: write',
]

/** What makes a crash harmless, taken away. */
const controls: { name: string; at: RegExp; changes: Change[] }[] = [
  {
    name: 'a mark that does not move with its rows',
    at: /ack|checkpoint/,
    changes: [
      {
        file: 'collector/store/intake/marks.ts',
        from: "db.prepare('UPDATE file SET mark = ? WHERE id = ?').run(mark, id)",
        to: 'void [db, mark, id]',
      },
      // Rows and the checkpoint behind them are often of one commit; here never.
      {
        file: 'collector/intake/ingest.ts',
        from: '[commitsApart, mostAtOnce] = [4, 2000]',
        to: '[commitsApart, mostAtOnce] = [0, 1]',
      },
    ],
  },
  {
    name: 'rows, totals and marks that are no transaction',
    at: /write/,
    changes: [
      { file: 'collector/store/database.ts', from: "db.exec('BEGIN IMMEDIATE')", to: '' },
      { file: 'collector/store/database.ts', from: "db.exec('COMMIT')", to: '' },
    ],
  },
  {
    name: 'a message settled as sent before it is sent',
    at: /telegram/,
    changes: [
      {
        file: 'collector/store/reports/parts.ts',
        from: "UPDATE outbox SET state = 'sending'",
        to: "UPDATE outbox SET state = 'sent'",
      },
    ],
  },
  {
    name: 'a message whose sender died repeated as if nothing were',
    at: /telegram/,
    changes: [
      {
        file: 'collector/store/reports/parts.ts',
        from: "SET state = 'unsure', doubts = doubts + 1,",
        to: "SET state = 'ready',",
      },
    ],
  },
]

for (const { name, at, changes } of controls) {
  test(`control: ${name} does not survive it`, patience, async () => {
    const { root, remove } = changedPrograms(changes)
    try {
      const { harm } = await crashEverywhere(await loadPrograms(root), 1, { at, enough: 1 })
      assert.ok(harm.length > 0, 'no crash did any harm: the enumeration proves nothing')
    } finally {
      remove()
    }
  })
}
