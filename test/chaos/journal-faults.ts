/** What goes wrong with a journal alone. */
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Checkpoint } from '../../shared/checkpoint.ts'
import type { Fleet } from '../support/fleet.ts'
import type { JournalHost } from './attacked-host.ts'
import type { Backups, Fault } from './faults.ts'

/** What can happen to a host's journal. A vacuum takes only what has been read, and so loses nothing. */
export function journalFaults(
  fleet: Fleet,
  { name, agent, journal }: JournalHost,
  backups: Backups,
): Fault[] {
  return [
    {
      kind: 'journal vacuumed',
      async happen() {
        await journal.rotate()
        await backups.make()
        // A collector that comes back from an older copy wants to read all of it again.
        const read = offsetIn(fleet.checkpoint(name))
        if (backups.keepOnly((file) => offsetIn(checkpointIn(file, name)) >= read))
          journal.vacuum(read)
      },
    },
    {
      kind: 'journalctl killed',
      happen: async () => {
        for (const pid of childrenOf(agent.pid())) process.kill(pid, 'SIGKILL')
      },
    },
  ]
}

function offsetIn(checkpoint: Checkpoint | undefined): number {
  return checkpoint?.position.kind === 'journal' ? checkpoint.position.offset : 0
}

function checkpointIn(file: string, agent: string): Checkpoint | undefined {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const row = db
      .prepare('SELECT body FROM checkpoint JOIN agent ON agent.id = agent WHERE name = ?')
      .get(agent)
    return row === undefined ? undefined : (JSON.parse(String(row['body'])) as Checkpoint)
  } finally {
    db.close()
  }
}

function childrenOf(pid: number | undefined): number[] {
  if (pid === undefined) return []
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    // It has just ended.
    return []
  }
}
