/** Frames that share a transaction: what one agent cannot have stored costs the others nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openIngest, type Storable } from '../../../collector/intake/ingest.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openIntake } from '../../../collector/store/intake/intake.ts'
import { submit } from '../../support/submit.ts'

const findings = { type: 'findings', seq: 1, source: 's', entries: [] } as Storable
const checkpoint = { type: 'checkpoint', seq: 2, source: 's' } as Storable
const nothing = () => undefined

test('behind a frame that could not be stored none of its agent is, and all of the others are', async () => {
  const db = openDatabase(':memory:')
  const taken: string[] = []
  const intake = {
    ...openIntake(db, Date.now),
    // The disk is full for agent 1's findings, and has room again for what is smaller.
    findings: (agent: number) => {
      if (agent === 1) throw new Error('database or disk is full')
      taken.push(`findings of ${agent}`)
      return []
    },
    checkpoint: (agent: number) => void taken.push(`checkpoint of ${agent}`),
  }
  const ingest = openIngest(db, intake, Date.now, nothing, nothing)
  const outcomes = await Promise.allSettled([
    submit(ingest, 1, findings),
    submit(ingest, 1, checkpoint),
    submit(ingest, 2, findings),
    submit(ingest, 2, checkpoint),
  ])
  ingest.close()
  db.close()
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.deepEqual(taken, ['findings of 2', 'checkpoint of 2'])
})

test('more than one commit takes in one turn: what becomes of a frame is told before the next is submitted', () => {
  const db = openDatabase(':memory:')
  const intake = {
    ...openIntake(db, Date.now),
    findings: () => {
      throw new Error('database or disk is full')
    },
  }
  const ingest = openIngest(db, intake, Date.now, nothing, nothing)
  const many = { ...findings, entries: Array.from({ length: 2000 }, () => ({})) } as Storable
  const fates: string[] = []
  ingest.submit(1, many, {
    stored: () => fates.push('stored'),
    refused: (error) => fates.push(String(error)),
  })
  assert.deepEqual(fates, ['Error: database or disk is full'])
  ingest.close()
  db.close()
})
