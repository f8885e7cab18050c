/**
 * A collector's store in a process of its own that a trace is taken of: stores findings and checkpoints
 * of one agent and says "acknowledged N" for each once it may be acknowledged. Arguments: database, the
 * value of `synchronous` (empty for the collector's own).
 */
import { writeSync } from 'node:fs'
import { openIngest, type Storable } from '../../collector/intake/ingest.ts'
import { openAgents } from '../../collector/store/agents.ts'
import { openDatabase } from '../../collector/store/database.ts'
import { openIntake } from '../../collector/store/intake/intake.ts'
import { nothingRead } from '../../shared/checkpoint.ts'
import type { Finding } from '../../shared/finding.ts'
import { submit } from '../support/submit.ts'

const [path = '', synchronous = ''] = process.argv.slice(2)
const frames = 40
const log = { file: 'f'.repeat(32), source: '/var/log/auth.log' }

const db = openDatabase(path)
if (synchronous !== '') db.prepare(`PRAGMA synchronous = ${synchronous}`).run()
// Often enough that the log is copied back and begun anew several times.
db.prepare('PRAGMA wal_autocheckpoint = 60').get()
openAgents(db).add('nas', `ed25519:${'A'.repeat(43)}`, 0)
const ingest = openIngest(
  db,
  openIntake(db, () => 0),
  () => 0,
  () => undefined,
  () => undefined,
)

let told = 0
writeSync(1, 'acknowledged 0\n')
for (let seq = 1; seq <= frames; seq++) {
  const entries = Array.from({ length: 1 + (seq % 5) }, () => finding(told++))
  await submit(ingest, 1, { type: 'findings', seq, source: log.source, entries })
  writeSync(1, `acknowledged ${told}\n`)
  if (seq % 3 === 0) await submit(ingest, 1, checkpoint(seq))
}
ingest.close()
writeSync(1, `acknowledged ${told}\n`)

function finding(number: number): Finding {
  return {
    ...{ file: log.file, offset: number * 100, kind: 'attempt', at: number * 60_000 },
    ...{
      program: 'sshd',
      ip: `192.0.2.${number % 200}`,
      user: `user${number}`,
      count: 1,
      ordinal: 0,
    },
  }
}

function checkpoint(seq: number): Storable {
  const position = { kind: 'file' as const, file: log.file, offset: told * 100, before: '' }
  return {
    type: 'checkpoint',
    seq,
    source: log.source,
    checkpoint: {
      position: { ...position, name: 'auth.log', finished: [] },
      ...{ clock: 0, since: null, open: nothingRead },
    },
  }
}
