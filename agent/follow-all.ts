import type { Checkpoint } from '../shared/checkpoint.ts'
import { type Logger, openLog } from '../shared/log.ts'
import { limits, type SourceState } from '../shared/wire.ts'
import type { AgentConfig } from './config.ts'
import { follow } from './follow.ts'
import type { Link } from './link/link.ts'
import type { Source } from './source/source.ts'
import { openSources } from './source/sources.ts'
import { openTidying, tidy } from './tidy.ts'

/** All that stands behind the link. `follow` rejects when a connection ends, or when a source fails. */
export type All = { log: Logger; follow: (link: Link) => Promise<void> }

/**
 * Opens the program's own log, chooses the logs of this host that are to be read (until the signal aborts),
 * and says why these.
 */
export async function openAll(config: AgentConfig, signal: AbortSignal): Promise<All> {
  const { log, reopen } = openLog({ file: config.logFile, level: config.logLevel })
  process.on('SIGHUP', reopen)
  const sources = await openSources(config.sources, Date.now(), signal)
  for (const { name, why } of sources) if (!signal.aborted) log.info({ source: name }, why)
  return { log, follow: (link) => followAll(config, sources, link) }
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
