import { statSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Looked } from '../../shared/looked.ts'
import { plain } from '../../shared/plain.ts'
import type { CollectorConfig } from '../config.ts'
import { whoIs } from '../report/bot.ts'
import type { Agent } from '../store/agents.ts'
import type { Desk } from './desk.ts'

/** Whether this collector can do its work: its database, its port, its agents, their clocks, its Telegram bot. */
export async function check(
  config: CollectorConfig,
  { db, agents: known }: Pick<Desk, 'db' | 'agents'>,
): Promise<Looked[]> {
  const now = Date.now()
  const agents = known.list()
  return [
    checkDatabase(config, db),
    await checkPort(config),
    checkAgents(agents),
    ...agents.flatMap((agent) => checkAgent(agent, now)),
    await checkTelegram(config),
  ]
}

/** Bytes of a database that is looked through while somebody waits: a minute where the disk is slow. */
const soonLookedThrough = 256 * 1024 * 1024

// A worn card damages pages that nobody may read for months.
function checkDatabase({ database }: CollectorConfig, db: Desk['db']): Looked {
  if (statSync(database).size > soonLookedThrough) {
    return { ok: true, says: `the database ${database} opens; it is too large to look through` }
  }
  const found = String(db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'])
  return found === 'ok'
    ? { ok: true, says: `the database ${database} is in order` }
    : {
        ok: false,
        says: `the database ${database} is damaged (${plain(found, 200)}); restore a backup, and look at the disk`,
      }
}

function checkPort({ listen: { host, port } }: CollectorConfig): Promise<Looked> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', (error: Error & { code?: string }) =>
      resolve(
        error.code === 'EADDRINUSE'
          ? { ok: true, says: `something listens on ${host} port ${port}, as the daemon would` }
          : { ok: false, says: `cannot listen on ${host} port ${port}: ${error.message}` },
      ),
    )
    probe.listen(port, host, () =>
      probe.close(() =>
        resolve({ ok: true, says: `${host} port ${port} is free; the daemon is not running` }),
      ),
    )
  })
}

function checkAgents(agents: readonly Agent[]): Looked {
  const enrolled = agents.filter((agent) => agent.revoked === null)
  return enrolled.length === 0
    ? {
        ok: false,
        says: 'no agent is enrolled; on a host run: cibot-agent key, and here: agents add NAME KEY',
      }
    : {
        ok: true,
        says: `${enrolled.length} enrolled: ${enrolled.map(({ name }) => name).join(', ')}`,
      }
}

function checkAgent({ name, revoked, seen, online, skew }: Agent, now: number): Looked[] {
  if (revoked !== null) return []
  if (seen === null) return [{ ok: false, says: `${name} has never connected` }]
  const found: Looked[] = []
  if (!online) {
    found.push({ ok: false, says: `${name} is not connected since ${minutes(now - seen)}` })
  }
  if (skew !== null && Math.abs(skew) > 60_000) {
    const way = skew > 0 ? 'ahead' : 'behind'
    found.push({
      ok: false,
      says: `the clock of ${name} is ${minutes(Math.abs(skew))} ${way}; set up time synchronisation there`,
    })
  }
  return found
}

async function checkTelegram({ telegram }: CollectorConfig): Promise<Looked> {
  const { token, apiRoot } = telegram
  if (token === undefined) {
    return { ok: true, says: 'no Telegram token is set: reports are printed, not sent' }
  }
  const known = await whoIs(token, apiRoot)
  return known.ok
    ? { ok: true, says: `Telegram knows the bot as @${known.name}` }
    : { ok: false, says: `Telegram: ${known.why}` }
}

function minutes(ms: number): string {
  const count = Math.round(ms / 60_000)
  return count === 1 ? '1 minute' : `${count} minutes`
}
