/** The hosts: as cards, those that need somebody first. */
import type { ChartAnswer, HostsAnswer } from '../api/shapes.ts'
import { useAnswer } from './ask.ts'
import { Ago, Card, Export, HostName, Loading, Spark } from './parts.tsx'
import { at, changed, go } from './route.ts'
import { path, since } from './span.ts'
import { compact, counted, number, size, visible } from './words.ts'

type Host = HostsAnswer['hosts'][number]

export function Hosts() {
  const hosts = useAnswer<HostsAnswer>('hosts')?.hosts
  const day = useAnswer<ChartAnswer>(path('chart', { since: String(since('24h')), by: 'host' }))
  const sought = at('q').toLowerCase()
  const fit = hosts?.filter(({ name }) => name.toLowerCase().includes(sought))
  return (
    <Card
      title={fit === undefined ? 'Hosts' : counted(fit.length, 'host')}
      label="Hosts"
      side={
        <>
          <input
            type="search"
            placeholder="Name"
            aria-label="Search hosts"
            value={at('q')}
            maxLength={100}
            onInput={(event) => go(changed({ q: event.currentTarget.value }), true)}
          />
          <Export path="hosts" name="hosts" />
        </>
      }
    >
      {fit === undefined ? (
        <Loading />
      ) : (
        <HostCards hosts={fit} chart={day} when="in the last 24 h" most={fit.length} />
      )}
    </Card>
  )
}

/** Cards of hosts, at most so many; the chart is of the time that `when` names. */
export function HostCards({
  hosts,
  chart,
  when,
  most,
}: {
  hosts: readonly Host[]
  chart: ChartAnswer | undefined
  when: string
  most: number
}) {
  const sparks = new Map(chart?.series.map(({ host, attempts }) => [host, attempts]))
  const none = chart?.series[0]?.attempts.map(() => 0) ?? []
  const tried = (host: Host) => (sparks.get(host.name) ?? []).reduce((sum, one) => sum + one, 0)
  const rank = (host: Host) => (host.online ? 0 : 2) + (hasTrouble(host) ? 1 : 0)
  const sorted = [...hosts].sort(
    (one, other) =>
      rank(other) - rank(one) || tried(other) - tried(one) || (one.name < other.name ? -1 : 1),
  )
  return (
    <ul class="cards" id="hosts">
      {sorted.slice(0, most).map((host) => (
        <HostCard key={host.name} host={host} spark={sparks.get(host.name) ?? none} when={when} />
      ))}
    </ul>
  )
}

function hasTrouble({ sources }: Host): boolean {
  return sources.some(({ trouble }) => trouble !== '')
}

function HostCard({ host, spark, when }: { host: Host; spark: readonly number[]; when: string }) {
  const { name, online, lastSeen, lag, gaps, version, sources, attempts } = host
  const tried = spark.reduce((sum, one) => sum + one, 0)
  const facts = [
    ...sources
      .slice(0, 2)
      .map(({ source, reading }) => visible((reading || source).replace(/^.*\//, ''), 30)),
    ...(lag !== null && lag > 0 ? [`${size(lag)} behind`] : []),
    ...(version === null ? [] : [`v${visible(version, 20)}`]),
  ]
  return (
    <li data-state={online ? (hasTrouble(host) ? 'trouble' : 'well') : 'silent'}>
      <div class="first">
        <HostName name={name} />
        <span class="number" title={`${number(attempts)} in all`}>
          {compact(tried)}
        </span>
      </div>
      <Spark values={spark} label={`${counted(tried, 'attempt')} ${when}`} />
      <p class="quiet">
        {online ? 'heard ' : 'silent, last heard '}
        {lastSeen === null ? 'never' : <Ago iso={lastSeen} />}
        {gaps > 0 && <span class="warn">, {counted(gaps, 'gap')}</span>}
      </p>
      <p class="quiet">{facts.join(' · ')}</p>
      {sources
        .filter(({ trouble }) => trouble !== '')
        .map(({ source, trouble }) => (
          <p key={source} class="warn">
            {visible(trouble, 120)}
          </p>
        ))}
    </li>
  )
}
