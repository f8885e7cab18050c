import { createServer } from 'node:net'
import type { Looked } from '../../shared/looked.ts'
import type { CollectorConfig } from '../config.ts'
import { whoIs } from '../report/bot.ts'
import type { Agent } from '../store/agents.ts'

/** Whether this collector can do its work: its port, its agents, their clocks, its Telegram bot. */
export async function check(config: CollectorConfig, agents: readonly Agent[]): Promise<Looked[]> {
  const now = Date.now()
  return [
    { ok: true, says: `the database ${config.database} is in order` },
    await checkPort(config),
    checkAgents(agents),
    ...agents.flatMap((agent) => checkAgent(agent, now)),
    await checkTelegram(config),
  ]
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
