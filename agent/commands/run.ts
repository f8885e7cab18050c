import { randomBytes } from 'node:crypto'
import { ConfigError } from '../../shared/config.ts'
import type { Logger } from '../../shared/log.ts'
import { version } from '../../shared/version.ts'
import type { AgentConfig } from '../config.ts'
import { readAuthority } from '../link/authority.ts'
import { keepLinked, type LinkEvent } from '../link/link.ts'
import { readKey } from './key.ts'

/**
 * The daemon: reads this host's log and streams what it finds, until the signal aborts. Waits for what
 * is not there yet (the collector, the log, its own enrolment) and says so. Throws ConfigError where
 * waiting would not help.
 */
export async function run(config: AgentConfig, signal: AbortSignal): Promise<void> {
  if (config.collector === undefined) {
    throw new ConfigError(
      'collector is missing: set it to where the collector listens, such as https://nas.lan:8787',
    )
  }
  const key = readKey(config.keyFile)
  const ca = config.caFile === undefined ? undefined : readAuthority(config.caFile)
  // What is not needed to be let in is loaded while the collector answers.
  const following = import('../follow-all.ts').then(({ openAll }) => openAll(config, signal))
  const failed = new AbortController()
  const linked = keepLinked(
    {
      url: config.collector,
      ca,
      key,
      instance: randomBytes(16).toString('hex'),
      version,
      hostname: config.hostname,
      random: Math.random,
      signal: AbortSignal.any([signal, failed.signal]),
      say: (event) => void following.then(({ log }) => say(log, event), ignoreFailed),
    },
    async (link) => (await following).follow(link),
  )
  await Promise.all([linked, following]).finally(() => failed.abort())
}

// Whoever waits for both says why.
function ignoreFailed(): void {}

function say(log: Logger, event: LinkEvent): void {
  switch (event.kind) {
    case 'connected':
      log.info({ name: event.name }, 'connected')
      if (Math.abs(event.skew) > 60_000) {
        log.warn({ skewSeconds: Math.round(event.skew / 1000) }, 'this host’s clock is off')
      }
      return
    case 'lost':
      log.warn({ retrySeconds: Math.round(event.retryMs / 1000) }, event.why)
  }
}
