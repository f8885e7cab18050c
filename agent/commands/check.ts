import { randomBytes } from 'node:crypto'
import { ConfigError, reason } from '../../shared/config.ts'
import type { Looked } from '../../shared/looked.ts'
import { version } from '../../shared/version.ts'
import type { AgentConfig } from '../config.ts'
import { readAuthority } from '../link/authority.ts'
import { tryLink } from '../link/link.ts'
import { openSources } from '../source/sources.ts'
import { readKey } from './key.ts'

const patience = 15_000
const mostSkew = 60_000

/** Whether this agent can do its work: its log, its key, the collector, its clock. */
export async function check(config: AgentConfig): Promise<Looked[]> {
  return [...(await checkSources(config)), ...(await checkCollector(config))]
}

async function checkSources(config: AgentConfig): Promise<Looked[]> {
  const sources = await openSources(config.sources, Date.now())
  return Promise.all(
    sources.map(async (source) => {
      const trouble = await source.trouble()
      return trouble === ''
        ? { ok: true, says: `${source.name} can be read: ${source.why}` }
        : { ok: false, says: trouble }
    }),
  )
}

async function checkCollector(config: AgentConfig): Promise<Looked[]> {
  const { collector, caFile, keyFile, hostname } = config
  if (collector === undefined) {
    return [{ ok: false, says: 'collector is not set; it looks like https://nas.lan:8787' }]
  }
  try {
    const key = readKey(keyFile)
    const tried = await tryLink({
      url: collector,
      ca: caFile === undefined ? undefined : readAuthority(caFile),
      key,
      instance: randomBytes(16).toString('hex'),
      version,
      hostname,
      signal: AbortSignal.timeout(patience),
    })
    if (!tried.ok) return [{ ok: false, says: `${collector}: ${tried.why}` }]
    return [
      { ok: true, says: `${collector} knows this host as ${tried.name}` },
      clockSays(tried.skew),
    ]
  } catch (error) {
    if (error instanceof ConfigError) return [{ ok: false, says: error.message }]
    return [{ ok: false, says: `${collector}: ${reason(error)}` }]
  }
}

function clockSays(skew: number): Looked {
  if (Math.abs(skew) <= mostSkew) return { ok: true, says: 'the clock agrees with the collector’s' }
  const way = skew > 0 ? 'ahead of' : 'behind'
  const minutes = Math.round(Math.abs(skew) / 60_000)
  return {
    ok: false,
    says: `the clock is ${minutes} min ${way} the collector’s; set up time synchronisation (systemctl enable --now systemd-timesyncd)`,
  }
}
