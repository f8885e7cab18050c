/** A fleet's database filled through the collector's own intake, so that rows and totals agree. */

import { openAgents } from '../../collector/store/agents.ts'
import type { Database } from '../../collector/store/database.ts'
import { type FindingRow, openHistory } from '../../collector/store/history.ts'
import { openIntake } from '../../collector/store/intake/intake.ts'
import type { Finding } from '../../shared/finding.ts'

export type Told = Pick<Finding, 'kind' | 'at'> & Partial<Finding>

export type Teller = {
  /** The agent's id; it is connected. */
  id: number
  /** Stores findings as told by this agent, and gives them as people see them. */
  tell: (...findings: Told[]) => FindingRow[]
}

/** Enrols an agent and lets it speak. */
export function enrol(db: Database, name: string, now: number): Teller {
  const agents = openAgents(db)
  const intake = openIntake(db, () => now)
  agents.add(name, `ed25519:${Buffer.from(name.padEnd(32, '.')).toString('base64url')}`, now)
  const id = Number(db.prepare('SELECT id FROM agent WHERE name = ?').get(name)?.['id'])
  agents.connected(id, name, '2.0.0', now)
  let offset = 0
  return {
    id,
    tell: (...findings) => {
      const entries = findings.map((finding): Finding => {
        offset += 100
        const given = { program: 'sshd', count: 1, ordinal: 0, ...finding }
        return { file: `log of ${name}`, offset, ...given }
      })
      const stored = db.transaction(() => {
        const rows = intake.findings(id, 'auth.log', entries)
        intake.alerts(rows)
        return rows
      })
      intake.committed(stored)
      intake.sums.settle()
      const first = stored[0]
      if (first === undefined) return []
      return openHistory(db).findingsAfter(first.n - 1, 100_000).rows
    },
  }
}
