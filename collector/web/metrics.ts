/** Numbers for Prometheus, in its text format (version 0.0.4). */
import type { FastifyInstance } from 'fastify'
import type { Database } from '../store/database.ts'
import { openHistory } from '../store/history.ts'
import { openRoster } from '../store/roster.ts'
import { openTotals } from '../store/totals/totals.ts'

export type Metric = {
  name: string
  help: string
  type: 'counter' | 'gauge'
  samples: { labels: Record<string, string>; value: number }[]
}

/** Adds /metrics: for callers known, and for this machine itself. */
export function addMetrics(app: FastifyInstance, { db, version }: MetricsOptions): void {
  const options = { schema: { hide: true }, config: { open: 'this machine' } } as const
  app.get('/metrics', options, (_request, reply) =>
    reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(prometheusText(gather(db, version, process))),
  )
}

type MetricsOptions = { db: Database; version: string }

/** Takes metrics; gives the text Prometheus reads. A label may hold anything. */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`)
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.map((line) => `${line}\n`).join('')}`
    })
    .join('')
}

function labelText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

type Sample = Metric['samples'][number]

function gather(db: Database, version: string, self: NodeJS.Process): Metric[] {
  const totals = openTotals(db)
  const counts = [...totals.byHost()]
  const hosts = openRoster(db).hosts()
  const outbox = [...openHistory(db).outbox()]
  const counted = (kind: 'attempts' | 'probes' | 'logins') =>
    counts.map(([host, count]): Sample => ({ labels: { host }, value: count[kind] }))
  const each = (pick: (host: (typeof hosts)[number]) => number | null) =>
    hosts.flatMap((host): Sample[] => {
      const value = pick(host)
      return value === null ? [] : [{ labels: { host: host.name }, value }]
    })
  const one = (value: number): Sample[] => [{ labels: {}, value }]
  const { user, system } = self.cpuUsage()
  return [
    counter('cibot_attempts_total', 'Attempts from an address.', counted('attempts')),
    counter('cibot_probes_total', 'Connections that named nobody.', counted('probes')),
    counter('cibot_logins_total', 'Logins from an address.', counted('logins')),
    gauge(
      'cibot_attackers',
      'Addresses with an attempt or a probe.',
      one(totals.totals().attackers),
    ),
    gauge(
      'cibot_host_online',
      'Whether its agent is connected.',
      each((h) => Number(h.online)),
    ),
    gauge(
      'cibot_host_last_seen_timestamp_seconds',
      'When it was last heard.',
      each((h) => h.lastSeen && h.lastSeen / 1000),
    ),
    gauge(
      'cibot_host_lag_bytes',
      'Bytes of log not read yet.',
      each((h) => h.lag),
    ),
    counter(
      'cibot_host_gaps_total',
      'Times something could not be read.',
      each((h) => h.gaps),
    ),
    gauge(
      'cibot_outbox_parts',
      'Report parts by the state of their delivery.',
      outbox.map(([state, value]) => ({ labels: { state }, value })),
    ),
    gauge('cibot_build_info', 'Version of the collector.', [{ labels: { version }, value: 1 }]),
    gauge('process_resident_memory_bytes', 'Memory in use.', one(self.memoryUsage.rss())),
    counter('process_cpu_seconds_total', 'CPU time used.', one((user + system) / 1e6)),
  ]
}

function counter(name: string, help: string, samples: Sample[]): Metric {
  return { name, help, type: 'counter', samples }
}

function gauge(name: string, help: string, samples: Sample[]): Metric {
  return { name, help, type: 'gauge', samples }
}
