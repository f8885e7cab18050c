/** What may be asked row by row: findings, alerts, reports, the collector's own log. */
import type { FastifyInstance } from 'fastify'
import { openHistory } from '../../store/history.ts'
import { openReports } from '../../store/reports/reports.ts'
import { pagesOf, sendFile } from './files.ts'
import { findingAnswer, iso, logLine, reportAnswer } from './present.ts'
import {
  FindingsQuery,
  LogQuery,
  PageQuery,
  readAddress,
  readBefore,
  readFileLimit,
  readLimit,
  readSince,
  SinceQuery,
} from './query.ts'
import { type Asked, documented, isFile, type RoutesOptions, readSpan } from './route.ts'
import * as shapes from './shapes.ts'
import { findingsTable, logTable, reportsTable } from './tables.ts'

/** Rows read at once for a file. */
const perPage = 500

/** Adds the routes. */
export function addRows(app: FastifyInstance, options: RoutesOptions): void {
  addFindings(app, options)
  addReports(app, options)
  addLog(app, options)
}

function addFindings(app: FastifyInstance, { db, now, trouble }: RoutesOptions): void {
  const history = openHistory(db)
  app.get<Asked<typeof FindingsQuery>>(
    '/api/v1/findings',
    { schema: documented('What was found, one by one.', FindingsQuery, shapes.FindingsAnswer) },
    async ({ query }, reply) => {
      const asked = {
        ...query,
        ...readSpan(query, now()),
        ip: readAddress(query.ip),
      }
      const first = readBefore(query.before)
      if (isFile(query.format)) {
        const pieces = pagesOf((before = first) => {
          const { findings: rows, next } = history.findings({ ...asked, before, limit: perPage })
          return { rows, next }
        })
        return sendFile(reply, query.format, findingsTable, {
          pieces,
          most: readFileLimit(query.limit),
        })
      }
      const limit = readLimit(query.limit)
      const { findings, next } = history.findings({ ...asked, before: first, limit })
      return { findings: findings.map(findingAnswer), next } satisfies shapes.FindingsAnswer
    },
  )
  app.get<Asked<typeof SinceQuery>>(
    '/api/v1/alerts',
    { schema: documented('Who may have got in.', SinceQuery, shapes.AlertsAnswer) },
    async ({ query }): Promise<shapes.AlertsAnswer> => {
      const since = readSince(query.since, now()) ?? Number.MIN_SAFE_INTEGER
      const alerts = history.alerts(since)
      const stopped = trouble()
      return {
        trouble: stopped && { why: stopped.why, since: iso(stopped.since) },
        gaps: history.gaps(since),
        alerts: alerts.map((one) => ({ ...one, first: iso(one.first), last: iso(one.last) })),
      }
    },
  )
}

function addReports(app: FastifyInstance, { db }: RoutesOptions): void {
  const reports = openReports(db)
  app.get<Asked<typeof PageQuery>>(
    '/api/v1/reports',
    { schema: documented('What was reported.', PageQuery, shapes.ReportsAnswer) },
    async ({ query }, reply) => {
      const page = async (limit: number, before: number | undefined) => {
        const rows = await reports.list(limit, before)
        return { rows, next: nextOf(rows.at(-1)?.number, rows, limit) }
      }
      const first = readBefore(query.before)
      if (isFile(query.format)) {
        const pieces = pagesOf((before = first) => page(perPage, before))
        const most = readFileLimit(query.limit)
        return sendFile(reply, query.format, reportsTable, { pieces, most })
      }
      const { rows, next } = await page(readLimit(query.limit), first)
      return { reports: rows.map(reportAnswer), next } satisfies shapes.ReportsAnswer
    },
  )
}

function addLog(app: FastifyInstance, { log }: RoutesOptions): void {
  app.get<Asked<typeof LogQuery>>(
    '/api/v1/log',
    { schema: documented('What the collector did.', LogQuery, shapes.LogAnswer) },
    async ({ query }, reply) => {
      const { kind, q, format } = query
      const page = (limit: number, before: number | undefined) => {
        const rows = log.newest({ before, limit, kind, q })
        return { rows, next: nextOf(rows.at(-1)?.id, rows, limit) }
      }
      const first = readBefore(query.before)
      if (isFile(format)) {
        const pieces = pagesOf((before = first) => page(perPage, before))
        return sendFile(reply, format, logTable, { pieces, most: readFileLimit(query.limit) })
      }
      const { rows, next } = page(readLimit(query.limit), first)
      return { log: rows.map(logLine), next } satisfies shapes.LogAnswer
    },
  )
}

function nextOf(last: number | undefined, rows: readonly unknown[], limit: number): number | null {
  return rows.length === limit ? (last ?? null) : null
}
