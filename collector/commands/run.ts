import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, reason } from '../../shared/config.ts'
import { type Logger, openLog as openOwnLog } from '../../shared/log.ts'
import { version } from '../../shared/version.ts'
import type { CollectorConfig } from '../config.ts'
import { createFeed } from '../fleet/feed.ts'
import { openFleetLog } from '../fleet/fleet-log.ts'
import { openStorage } from '../fleet/storage.ts'
import { openGate } from '../intake/gate.ts'
import { together } from '../intake/gather.ts'
import { openIngest } from '../intake/ingest.ts'
import { systemClock } from '../report/clock.ts'
import { configured, openDelivery, senderOf } from '../report/delivery.ts'
import { queueAlert } from '../report/report.ts'
import { openAgents } from '../store/agents.ts'
import { openDatabase } from '../store/database.ts'
import { type Disk, refusedByDisk } from '../store/disk.ts'
import { collectorIdentity } from '../store/identity.ts'
import { openIntake } from '../store/intake/intake.ts'
import { openLog } from '../store/log.ts'
import { openPeople } from '../store/people/people.ts'
import { openReports } from '../store/reports/reports.ts'
import { dropOldFindings } from '../store/retention.ts'
import { dropOldCopies } from '../store/schema.ts'
import { openSettings } from '../store/settings.ts'
import { openServer } from '../web/server.ts'

/** A collector that listens. */
export type Running = {
  /** Where people find it. */
  url: string
  stop: () => Promise<void>
}

/** What a caller may watch or replace. `print` shows a report where no Telegram token is set. */
export type RunOptions = { print: (report: string) => void; failed: (error: unknown) => void }

const watchEvery = 500
const cleanEvery = 3_600_000

/**
 * The daemon: opens the store, lets agents in, serves the page, sends the reports. Resolves once it
 * listens. Throws ConfigError or DatabaseError with one sentence where it cannot.
 */
export async function run(config: CollectorConfig, options: RunOptions): Promise<Running> {
  const now = Date.now
  const { log: own, reopen } = openOwnLog({ file: config.logFile, level: config.logLevel })
  process.on('SIGHUP', reopen)
  const storage = openStorage(openDatabase(config.database), {
    own,
    now,
    send: senderOf(config, options.print),
    chat: () => openReports(storage.db).chat(String(config.telegram.chatId ?? '')),
  })
  const { db } = storage
  const feed = createFeed()
  const log = openLog(db, now, feed)
  const agents = openAgents(db)
  const reports = openReports(db)
  const settings = openSettings(db, configured(config))
  const delivery = openDelivery(config, {
    ...{ reports, settings, clock: systemClock, log, ...options },
    tried: storage.tried,
  })
  const fleet = openFleetLog({ agents, log, feed, own, now })
  const intake = openIntake(db, now)
  const ingest = openIngest(
    db,
    intake,
    now,
    (alert) => queueAlert(reports, alert, settings.read().zone, now()),
    (ingested) => {
      storage.tried(() => fleet.ingested(ingested))
      if (ingested.alerts.length > 0) delivery.wake()
    },
  )
  const web = await openWeb(config, {
    db,
    people: openPeople(db, now),
    log,
    feed,
    version,
    now,
    settings: configured(config),
    settingsChanged: delivery.reschedule,
    wake: delivery.wake,
    trustProxy: config.trustProxy,
    logger: own,
    trouble: storage.trouble,
  })
  // Before the server's own listener: what a page shows counts everything acknowledged so far.
  web.server.prependListener('request', ingest.settle)
  storage.tried(agents.forgetConnections)
  const gate = openGate(web.server as Server, {
    collector: collectorIdentity(db),
    now,
    ingest,
    agentByKey: (key) => {
      const agent = agents.byKey(key)
      return agent?.revoked === null ? agent : undefined
    },
    resume: (agent) => intake.resume(agent.id),
    // Who is connected is told again with every pulse.
    tell: together(
      (events) => void storage.tried(() => db.transaction(() => events.forEach(fleet.told))),
    ),
  })
  await listen(web, config)
  const url = urlOf(web.server.address() as AddressInfo, config)
  own.info({ url }, 'listening')
  const housekeeping = keepHouse(storage, config, own, () => {
    gate.recheck()
    log.lookForForeign()
    delivery.wake()
  })
  void delivery.run()

  return {
    url,
    stop: async () => {
      housekeeping.end()
      await delivery.stop()
      gate.close()
      await web.close()
      ingest.close()
      db.close()
    },
  }
}

// Administration commands are other processes on the same database: what they changed is seen here.
function keepHouse(
  { db, look, tried }: Disk,
  config: CollectorConfig,
  own: Logger,
  changed: () => void,
): { end: () => void } {
  let seen = db.version()
  const watch = setInterval(() => {
    look()
    const version = db.version()
    if (version === seen) return
    seen = version
    changed()
  }, watchEvery)
  const ended = new AbortController()
  const clean = setInterval(() => {
    tried(() => dropOldCopies(config.database, Date.now()))
    dropOldFindings(db, config.findingsDays, Date.now(), ended.signal).then(
      (dropped) => {
        if (dropped > 0)
          own.info({ dropped }, 'removed findings past their time; their totals stay')
      },
      (error: unknown) => {
        if (!refusedByDisk(error)) throw error
      },
    )
  }, cleanEvery)
  return {
    end: () => {
      clearInterval(watch)
      clearInterval(clean)
      ended.abort()
    },
  }
}

async function openWeb(
  config: CollectorConfig,
  options: Omit<Parameters<typeof openServer>[0], 'tls'>,
): ReturnType<typeof openServer> {
  try {
    return await openServer({ ...options, tls: readTls(config) })
  } catch (error) {
    // OpenSSL says what, but not of which file.
    if (error instanceof ConfigError || config.tls === undefined) throw error
    const { certFile, keyFile } = config.tls
    throw new ConfigError(
      `the certificate ${certFile} and its key ${keyFile} cannot be used: ${reason(error)}`,
    )
  }
}

async function listen(
  web: Awaited<ReturnType<typeof openServer>>,
  { listen: { host, port } }: CollectorConfig,
): Promise<void> {
  try {
    // Fastify would say http:// of a server that speaks TLS
    const listenTextResolver = (at: string): string => `bound to ${new URL(at).host}`
    await web.listen({ host, port, listenTextResolver })
  } catch (error) {
    const code = Reflect.get(Object(error), 'code')
    if (code === 'EADDRINUSE') {
      throw new ConfigError(
        `port ${port} on ${host} is in use by another program; stop it, or set listen.port (or CIBOT_LISTEN_PORT) to a free one`,
      )
    }
    throw new ConfigError(`cannot listen on ${host} port ${port}: ${reason(error)}`)
  }
}

function readTls({ tls }: CollectorConfig): { cert: string; key: string } | undefined {
  if (tls === undefined) return undefined
  const read = (name: string, file: string): string => {
    let pem: string
    try {
      pem = readFileSync(file, 'utf8')
    } catch (error) {
      throw new ConfigError(`cannot read tls.${name} ${file}: ${reason(error)}`)
    }
    // Node takes an empty text for none at all, and would listen with nothing to show.
    if (pem === '') throw new ConfigError(`tls.${name} ${file} is empty; it must hold PEM`)
    return pem
  }
  return { cert: read('certFile', tls.certFile), key: read('keyFile', tls.keyFile) }
}

function urlOf({ address, port, family }: AddressInfo, { tls }: CollectorConfig): string {
  const host = family === 'IPv6' ? `[${address}]` : address
  return `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
}
