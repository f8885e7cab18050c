/**
 * The collector's web server: it reads, apart from logging in and out and the few changes of api/changes.ts. Everything is bounded, and
 * everything is shut unless its route says otherwise. The agents' socket lives on the same port: who
 * handles it listens to `upgrade` on `server.server`.
 */
import { createServer as createHttp, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { TSchema } from 'typebox'
import { checker } from '../../shared/check.ts'
import type { Feed } from '../fleet/feed.ts'
import type { Database } from '../store/database.ts'
import type { DiskTrouble } from '../store/disk.ts'
import type { Log } from '../store/log.ts'
import type { People } from '../store/people/people.ts'
import { openSettings, type Settings } from '../store/settings.ts'
import { guard, isSecure } from './access/guard.ts'
import { addSessions } from './access/sessions.ts'
import { addChanges } from './api/changes.ts'
import { addReference, collectReference } from './api/reference.ts'
import { addRoutes } from './api/routes.ts'
import { createLive, type LiveTimes } from './live.ts'
import { addMetrics } from './metrics.ts'
import { addPages } from './pages.ts'
import { answerError, Refusal } from './refusal.ts'

export type ServerOptions = {
  db: Database
  people: People
  log: Log
  feed: Feed
  /** Version of this program, shown in the API's documentation and in the metrics. */
  version: string
  /** ms UTC. */
  now: () => number
  /** PEM texts; without them the server speaks plain HTTP. */
  tls?: { cert: string; key: string } | undefined
  /** Addresses of proxies whose X-Forwarded headers are believed; none if empty. */
  trustProxy: readonly string[]
  /** The program's own log (pino); nothing is logged without it. */
  logger?: FastifyBaseLogger | undefined
  /** Waits before an answer to somebody who failed to log in, ms. */
  wait?: (ms: number) => Promise<void>
  live?: Partial<LiveTimes> | undefined
  /** What collector.json says of the settings that the page may change. */
  settings?: Settings | undefined
  /** Called with what a person changed on the page, once it is stored. */
  settingsChanged?: ((settings: Settings) => void) | undefined
  /** Why nothing can be stored at present; null where all is well. */
  trouble?: (() => DiskTrouble | null) | undefined
  /** Called when the page has queued something for delivery. */
  wake?: (() => void) | undefined
}

const defaultSettings: Settings = { schedule: '59 * * * *', zone: 'UTC', quiet: null }

/** Bounds on a request; bytes and milliseconds (ASVS 15.2.2). */
export const bounds = {
  body: 64 * 1024,
  headers: 8 * 1024,
  headersWithin: 10_000,
  requestWithin: 10_000,
  /** Longest silence on a connection; the live log says something every 15 s. */
  silence: 30_000,
  requestsPerConnection: 100,
  connections: 12_000,
} as const

/**
 * Makes the server, not listening yet: `await server.listen({ host, port })`, and `server.close()`
 * ends it with every stream. Throws where the certificate or key cannot be used.
 */
export async function openServer(options: ServerOptions): Promise<FastifyInstance> {
  const { db, people, log, feed, version, now, logger } = options
  const app = Fastify({
    serverFactory: (handler) => bareServer(options.tls, handler),
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    bodyLimit: bounds.body,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    logController: new LogController({ disableRequestLogging: true }),
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
  })
  // One strict ajv for the whole project: fastify's own turns "1" into 1 and drops what it does not know.
  app.setValidatorCompiler(({ schema, httpPart }) => validator(schema as TSchema, httpPart ?? ''))
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  app.setErrorHandler(answerError)
  app.setNotFoundHandler(() => {
    throw new Refusal(404, 'there is nothing under this address')
  })
  app.removeContentTypeParser('text/plain')
  await addHeaders(app)
  await app.register(cookie)
  await app.register(rateLimit, { global: false, ipv6Subnet: 64 })
  guard(app, people)
  await collectReference(app, version)

  const settings = openSettings(db, options.settings ?? defaultSettings)
  const wait = options.wait ?? sleep
  const live = createLive({ db, feed, log, times: options.live })
  app.addHook('preClose', async () => live.close())
  addSessions(app, { people, log, now, live, wait })
  const { trouble = () => null } = options
  addRoutes(app, { db, people, log, live, settings, version, now, trouble })
  const { settingsChanged = () => {}, wake = () => {} } = options
  addChanges(app, { db, people, log, settings, now, wait, settingsChanged, wake })
  addMetrics(app, { db, version })
  await addPages(app)
  await addReference(app)
  await app.ready()
  return app as unknown as FastifyInstance
}

function bareServer(tls: ServerOptions['tls'], handler: Parameters<typeof createHttp>[1]): Server {
  const limits = {
    maxHeaderSize: bounds.headers,
    headersTimeout: bounds.headersWithin,
    requestTimeout: bounds.requestWithin,
    // Node looks for late requests only every 30 s if not told to.
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 15_000,
  }
  const server =
    tls === undefined
      ? createHttp(limits, handler)
      : (createHttps({ ...tls, ...limits, minVersion: 'TLSv1.2' }, handler) as unknown as Server)
  server.setTimeout(bounds.silence)
  server.maxRequestsPerSocket = bounds.requestsPerConnection
  server.maxConnections = bounds.connections
  return server
}

function validator(schema: TSchema, part: string) {
  const check = checker(schema)
  return (input: unknown) => {
    const checked = check(input)
    if (checked.ok) return { value: checked.value }
    const place = part === 'querystring' ? 'query' : part
    const why = checked.why.replace(/^the top level: /, '')
    return { error: Object.assign(new Error(`${place}: ${why}`), { statusCode: 400 }) }
  }
}

async function addHeaders(app: FastifyInstance): Promise<void> {
  const own = ["'self'"]
  const none = ["'none'"]
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: none,
        scriptSrc: own,
        styleSrc: own,
        imgSrc: [...own, 'data:'],
        connectSrc: own,
        baseUri: none,
        formAction: own,
        frameAncestors: none,
      },
    },
    frameguard: { action: 'deny' },
    hsts: false,
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    // Said over plain HTTP it would have to be ignored (RFC 6797 section 7.2).
    if (isSecure(request)) reply.header('strict-transport-security', 'max-age=31536000')
  })
}
