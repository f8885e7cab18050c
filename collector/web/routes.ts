/** What may be asked: DESIGN's stable addresses, each with its schema. */
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import type { Database } from '../store/database.ts'
import { openHistory } from '../store/history.ts'
import type { Log } from '../store/log.ts'
import type { People } from '../store/people.ts'
import { openReports } from '../store/reports.ts'
import { openRoster } from '../store/roster.ts'
import { openTotals } from '../store/totals.ts'
import { stillAllowed } from './access.ts'
import type { Live } from './live.ts'
import { attackerAnswer, findingAnswer, hostAnswer, iso, logLine } from './present.ts'
import {
  AttackersQuery,
  FindingsQuery,
  LiveQuery,
  NoQuery,
  PageQuery,
  readAddress,
  readBefore,
  readCursor,
  readLimit,
  readSince,
  SinceQuery,
} from './query.ts'
import { Refusal } from './refusal.ts'
import { createReuse } from './reuse.ts'
import * as shapes from './shapes.ts'

export type RoutesOptions = {
  db: Database
  people: People
  log: Log
  live: Live
  now: () => number
}

/** Adds the API under /api/v1, and /healthz. */
export function addRoutes(app: FastifyInstance, options: RoutesOptions): void {
  addCounts(app, options)
  addRows(app, options)
  addLive(app, options)
  app.route({
    method: ['GET', 'HEAD'],
    url: '/healthz',
    config: { open: 'anybody' },
    schema: { hide: true },
    handler: async (_request, reply) => {
      options.db.prepare('SELECT 1').get()
      return reply.type('text/plain; charset=utf-8').send('ok\n')
    },
  })
}

function addCounts(app: FastifyInstance, { db, now }: RoutesOptions): void {
  const totals = openTotals(db)
  const roster = openRoster(db)
  const reuse = createReuse()
  app.get<{ Querystring: Static<typeof SinceQuery> }>(
    '/api/v1/totals',
    { schema: documented('What the fleet counted.', SinceQuery, shapes.TotalsAnswer) },
    async ({ query }): Promise<shapes.TotalsAnswer> => {
      const since = readSince(query.since, now())
      return reuse(`totals ${query.since}`, () => totals.totals({ since: since }))
    },
  )
  app.get<{ Querystring: Static<typeof AttackersQuery> }>(
    '/api/v1/attackers',
    { schema: documented('Who tried.', AttackersQuery, shapes.AttackersAnswer) },
    async ({ query }): Promise<shapes.AttackersAnswer> => {
      const since = readSince(query.since, now())
      const limit = readLimit(query.limit)
      return reuse(`attackers ${JSON.stringify(query)}`, () => ({
        attackers: totals.attackers({ since, limit, q: query.q }).map(attackerAnswer),
      }))
    },
  )
  app.get(
    '/api/v1/hosts',
    { schema: documented('The hosts and how they are.', NoQuery, shapes.HostsAnswer) },
    async (): Promise<shapes.HostsAnswer> => ({ hosts: roster.hosts().map(hostAnswer) }),
  )
}

function addRows(app: FastifyInstance, { db, log, now }: RoutesOptions): void {
  const history = openHistory(db)
  const reports = openReports(db)
  app.get<{ Querystring: Static<typeof FindingsQuery> }>(
    '/api/v1/findings',
    { schema: documented('What was found, one by one.', FindingsQuery, shapes.FindingsAnswer) },
    async ({ query }): Promise<shapes.FindingsAnswer> => {
      const { findings, next } = history.findings({
        ...query,
        ip: readAddress(query.ip),
        before: readBefore(query.before),
        limit: readLimit(query.limit),
      })
      return { findings: findings.map(findingAnswer), next }
    },
  )
  app.get<{ Querystring: Static<typeof SinceQuery> }>(
    '/api/v1/alerts',
    { schema: documented('Who may have got in.', SinceQuery, shapes.AlertsAnswer) },
    async ({ query }): Promise<shapes.AlertsAnswer> => {
      const since = readSince(query.since, now()) ?? Number.MIN_SAFE_INTEGER
      const alerts = history.alerts(since)
      return {
        gaps: history.gaps(since),
        alerts: alerts.map((one) => ({ ...one, first: iso(one.first), last: iso(one.last) })),
      }
    },
  )
  app.get<{ Querystring: Static<typeof PageQuery> }>(
    '/api/v1/reports',
    { schema: documented('What was reported.', PageQuery, shapes.ReportsAnswer) },
    async ({ query }): Promise<shapes.ReportsAnswer> => {
      const limit = readLimit(query.limit)
      const rows = await reports.list(limit, readBefore(query.before))
      return { reports: rows.map(reportAnswer), next: nextOf(rows.at(-1)?.number, rows, limit) }
    },
  )
  app.get<{ Querystring: Static<typeof PageQuery> }>(
    '/api/v1/log',
    { schema: documented('What the collector did.', PageQuery, shapes.LogAnswer) },
    async ({ query }): Promise<shapes.LogAnswer> => {
      const limit = readLimit(query.limit)
      const rows = log.newest({ before: readBefore(query.before), limit })
      return { log: rows.map(logLine), next: nextOf(rows.at(-1)?.id, rows, limit) }
    },
  )
}

function addLive(app: FastifyInstance, { live, people }: RoutesOptions): void {
  app.get<{ Querystring: Static<typeof LiveQuery> }>(
    '/api/v1/live',
    {
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

function documented(summary: string, querystring: object, answer?: object) {
  const response = answer && { 200: answer, 400: shapes.ErrorAnswer, 401: shapes.ErrorAnswer }
  return { summary, querystring, ...(response && { response }) }
}

type Stored = Awaited<ReturnType<ReturnType<typeof openReports>['list']>>[number]

function reportAnswer(report: Stored): shapes.ReportsAnswer['reports'][number] {
  const { number, kind, from, to, superseded, parts } = report
  return {
    id: number,
    kind,
    from: iso(from),
    to: iso(to),
    superseded,
    parts: parts.map(({ part, state, tries, why, text }) => ({ part, state, tries, why, text })),
  }
}

function nextOf(last: number | undefined, rows: readonly unknown[], limit: number): number | null {
  return rows.length === limit ? (last ?? null) : null
}
