/** What may be asked, under addresses that scripts rely on and that therefore stay, each with its schema. */
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { openRoster } from '../../store/roster.ts'
import { openTotals } from '../../store/totals/totals.ts'
import { stillAllowed } from '../access/guard.ts'
import { Refusal } from '../refusal.ts'
import { sendFile } from './files.ts'
import { attackerAnswer, chartAnswer, hostAnswer, hostDetailAnswer, topAnswer } from './present.ts'
import {
  AttackersQuery,
  ChartQuery,
  FormatQuery,
  HostQuery,
  LiveQuery,
  NoQuery,
  readAddress,
  readCursor,
  readFileLimit,
  readLimit,
  readMost,
  SpanQuery,
  TopQuery,
} from './query.ts'
import { createReuse, type Reuse } from './reuse.ts'
import { type Asked, documented, isFile, type RoutesOptions, readSpan } from './route.ts'
import { addRows } from './rows.ts'
import * as shapes from './shapes.ts'
import { attackersTable, hostsTable, mostNames, topTable } from './tables.ts'

/** Adds what may be read under /api/v1, and /healthz. */
export function addRoutes(app: FastifyInstance, options: RoutesOptions): void {
  const reuse = createReuse()
  addCounts(app, options, reuse)
  addTops(app, options, reuse)
  addHosts(app, options)
  addRows(app, options)
  addLive(app, options)
  const open = { schema: { hide: true }, config: { open: 'anybody' } } as const
  app.get('/healthz', open, async (_request, reply) => {
    options.db.prepare('SELECT 1').get()
    const trouble = options.trouble()
    reply.type('text/plain; charset=utf-8')
    if (trouble === null) return reply.send('ok\n')
    return reply.code(503).send(`nothing can be stored: ${trouble.why}\n`)
  })
}

function addCounts(app: FastifyInstance, { db, now }: RoutesOptions, reuse: Reuse): void {
  const totals = openTotals(db)
  app.get<Asked<typeof SpanQuery>>(
    '/api/v1/totals',
    { schema: documented('What the fleet counted.', SpanQuery, shapes.TotalsAnswer) },
    async ({ query }): Promise<shapes.TotalsAnswer> => {
      const span = readSpan(query, now())
      return reuse(`totals ${JSON.stringify(query)}`, () => totals.totals(span))
    },
  )
  app.get<Asked<typeof ChartQuery>>(
    '/api/v1/chart',
    { schema: documented('Counts along time.', ChartQuery, shapes.ChartAnswer) },
    async ({ query }): Promise<shapes.ChartAnswer> => {
      const { since = 0, until = now() } = readSpan(query, now())
      if (until <= since) throw new Refusal(400, 'since: must be before until')
      const ip = readAddress(query.ip)
      const isFine = ip === undefined && (query.by !== 'host' || until - since <= fewDays)
      const step = stepOf(until - since, isFine ? 1 : 24)
      const asked = { since, until, step, host: query.host, ip }
      return reuse(`chart ${JSON.stringify(query)}`, () =>
        chartAnswer(totals.chart({ ...asked, byHost: query.by === 'host' })),
      )
    },
  )
}

// Many hosts over many days are told apart by days: hours would be hundreds of numbers for each.
const fewDays = 8 * 86_400_000

// About a hundred steps, however long the time: in hours.
function stepOf(span: number, least: 1 | 24): number {
  const hours = span / 3_600_000
  if (least === 24) return 24 * Math.max(1, Math.ceil(hours / 24 / 120))
  if (hours <= 50) return 1
  if (hours <= 8 * 24) return 2
  if (hours <= 32 * 24) return 8
  return 24 * Math.ceil(hours / 24 / 120)
}

function addTops(app: FastifyInstance, { db, now }: RoutesOptions, reuse: Reuse): void {
  const totals = openTotals(db)
  app.get<Asked<typeof AttackersQuery>>(
    '/api/v1/attackers',
    { schema: documented('Who tried.', AttackersQuery, shapes.AttackersAnswer) },
    async ({ query }, reply) => {
      const { q, limit, format } = query
      const ip = readAddress(query.ip)
      const users = readMost('users', query.users)
      const hosts = readMost('hosts', query.hosts)
      const asked = { ...readSpan(query, now()), q, ip, hosts }
      if (isFile(format)) {
        const most = readFileLimit(limit)
        const pieces = totals.everyAttacker({ ...asked, limit: most, users: users ?? mostNames })
        return sendFile(reply, format, attackersTable, { pieces, most })
      }
      const rows = reuse(`attackers ${JSON.stringify(query)}`, () =>
        totals.attackers({
          ...asked,
          limit: readLimit(limit),
          users: users ?? (ip === undefined ? mostNames : undefined),
        }),
      )
      return { attackers: rows.map(attackerAnswer) } satisfies shapes.AttackersAnswer
    },
  )
  app.get<Asked<typeof TopQuery>>(
    '/api/v1/top',
    { schema: documented('The names and networks most seen.', TopQuery, shapes.TopAnswer) },
    async ({ query }, reply) => {
      const { by, q, limit, format } = query
      const asked = { ...readSpan(query, now()), q }
      const kind = by === 'user' ? 'user' : 'net'
      if (isFile(format)) {
        const most = readFileLimit(limit)
        const pieces = totals.everyTop(kind, { ...asked, limit: most })
        return sendFile(reply, format, topTable(by), { pieces, most })
      }
      const rows = reuse(`top ${JSON.stringify(query)}`, () =>
        totals.top(kind, { ...asked, limit: readLimit(limit) }),
      )
      return { top: rows.map(topAnswer) } satisfies shapes.TopAnswer
    },
  )
}

function addHosts(app: FastifyInstance, options: RoutesOptions): void {
  const { db, settings, version } = options
  const roster = openRoster(db)
  app.get<Asked<typeof FormatQuery>>(
    '/api/v1/hosts',
    { schema: documented('The hosts and how they are.', FormatQuery, shapes.HostsAnswer) },
    async ({ query: { format } }, reply) => {
      const rows = roster.hosts()
      if (isFile(format)) {
        return sendFile(reply, format, hostsTable, { pieces: [rows], most: rows.length })
      }
      return { hosts: rows.map(hostAnswer) } satisfies shapes.HostsAnswer
    },
  )
  app.get<Asked<typeof HostQuery>>(
    '/api/v1/host',
    { schema: documented('One host more closely.', HostQuery, shapes.HostAnswer) },
    async ({ query }): Promise<shapes.HostAnswer> => hostDetailAnswer(roster.detail(query.name)),
  )
  app.get(
    '/api/v1/fleet',
    { schema: documented('What this is, and who asks.', NoQuery, shapes.FleetAnswer) },
    async ({ caller }): Promise<shapes.FleetAnswer> => ({
      version,
      zone: settings.read().zone,
      person: caller?.kind === 'person' ? caller.session.person : null,
    }),
  )
}

function addLive(app: FastifyInstance, { live, people }: RoutesOptions): void {
  app.get<{ Querystring: Static<typeof LiveQuery> }>(
    '/api/v1/live',
    {
      exposeHeadRoute: false,
      schema: {
        ...documented('What happens, as server-sent events.', LiveQuery),
        description:
          'Events `finding` and `log` carry one row each, `skipped` {count} stands for what was too much at once, `ready` comes first. Give the id of the last event as Last-Event-ID to go on behind it.',
      },
    },
    (request, reply) => {
      const { caller, headers, query } = request
      if (query.after !== undefined && readCursor(query.after) === undefined) {
        throw new Refusal(400, 'after: not the id of an event of this log')
      }
      const last = headers['last-event-id']
      live.stream(reply, {
        from: readCursor(typeof last === 'string' ? last : (query.after ?? '')),
        session: caller?.kind === 'person' ? caller.session.hash : undefined,
        allowed: () => stillAllowed(caller, people),
      })
    },
  )
}
