import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Checkpoint } from '../../shared/checkpoint.ts'
import { ConfigError, reason } from '../../shared/config.ts'
import { type Logger, openLog } from '../../shared/log.ts'
import { version } from '../../shared/version.ts'
import { limits, type SourceState } from '../../shared/wire.ts'
import type { AgentConfig } from '../config.ts'
import { follow } from '../follow.ts'
import { keepLinked, type Link, type LinkEvent } from '../link/link.ts'
import type { Source } from '../source/source.ts'
import { openSources } from '../source/sources.ts'
import { openTidying, tidy } from '../tidy.ts'
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
  const { log, reopen } = openLog({ file: config.logFile, level: config.logLevel })
  process.on('SIGHUP', reopen)
  const sources = await openSources(config.sources, Date.now())
  for (const source of sources) log.info({ source: source.name }, source.why)

  await keepLinked(
    {
      url: config.collector,
      ca,
      key,
      instance: randomBytes(16).toString('hex'),
      version,
      hostname: config.hostname,
      random: Math.random,
      signal,
      say: (event) => say(log, event),
    },
    (link) => followAll(config, sources, link),
  )
}

async function followAll(
  config: AgentConfig,
  sources: readonly Source[],
  link: Link,
): Promise<void> {
  const states = new Map<string, SourceState>()
  const pulse = (): void =>
    link.tell({ type: 'pulse', at: Date.now(), sources: [...states.values()] })
  const tidying = openTidying(tidy)
  const timer = setInterval(() => {
    pulse()
    tidying.turn()
  }, limits.pingEvery)
  const soon = setTimeout(pulse, 500)
  try {
    await Promise.all(
      sources.map((source) =>
        follow({
          source,
          link,
          checkpoint: savedOf(link, source),
          since: config.since === null ? null : Date.now() - config.since,
          timeZone: config.timeZone,
          isOwn: (host) => isOwn(config.hostname, host),
          now: Date.now,
          stands: (state) => {
            states.set(source.name, state)
            tidying.read()
          },
        }),
      ),
    )
  } finally {
    clearInterval(timer)
    clearTimeout(soon)
  }
}

function savedOf(link: Link, source: Source): Checkpoint | undefined {
  return link.welcome.resume.find((saved) => saved.source === source.name)?.checkpoint
}

// A line says "nas" or "nas.lan" for the same machine.
function isOwn(hostname: string, host: string): boolean {
  const [own, named] = [hostname.toLowerCase(), host.toLowerCase()]
  return own === named || own.split('.')[0] === named || own === named.split('.')[0]
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read caFile ${file}: ${reason(error)}`, { cause: error })
  }
}

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
