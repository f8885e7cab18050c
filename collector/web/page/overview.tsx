/** The first page: whether anything needs anybody, and what goes on. */
import type { AttackersAnswer, ChartAnswer, HostsAnswer, TopAnswer } from '../api/shapes.ts'
import { useAnswer } from './ask.ts'
import { Counted } from './counted.tsx'
import { HostCards } from './hosts.tsx'
import { Latest } from './latest.tsx'
import { Address, Bar, Card, Chip, Choice, Empty, Export, Loading, UserName } from './parts.tsx'
import { at, changed, href } from './route.ts'
import { asked, chosen, path, spans } from './span.ts'
import { Verdict } from './verdict.tsx'
import { counted, range, tally, visible } from './words.ts'

const mostCards = 8

export function Overview() {
  const hosts = useAnswer<HostsAnswer>('hosts')?.hosts
  const span = chosen()
  const host = at('host')
  const query = { ...asked(span), host }
  if (hosts?.length === 0) return <Verdict hosts={hosts} />
  return (
    <>
      <Verdict hosts={hosts} />
      <Attempts query={query} />
      <HostsNow hosts={hosts} />
      <div class="columns">
        <TopAttackers query={query} />
        <TopNames query={query} by="user" title="User names" />
        <TopNames query={query} by="network" title="Networks" />
      </div>
      <Latest host={host} time={span.narrowed} />
    </>
  )
}

type Query = Record<string, string>

function Attempts({ query }: { query: Query }) {
  const { narrowed, since } = chosen()
  const host = at('host')
  const isByHost = at('by') === 'host' && host === ''
  return (
    <Counted
      title="Attempts"
      label="Attempts along time"
      query={query}
      chart={{ since: String(since), host, by: isByHost ? 'host' : '' }}
      side={
        <Choice
          label="Hosts in the chart"
          options={[
            ['', 'Merged'],
            ['host', 'Per host'],
          ]}
          chosen={isByHost ? 'host' : ''}
          to={(value) => changed({ by: value, host: '' })}
        />
      }
    >
      <p class="chips">
        {narrowed && (
          <Chip
            name="from"
            value={range(narrowed.from, narrowed.to)}
            to={changed({ from: '', to: '' })}
          />
        )}
        {host !== '' && <Chip name="host" value={host} to={changed({ host: '' })} />}
      </p>
    </Counted>
  )
}

function HostsNow({ hosts }: { hosts: HostsAnswer['hosts'] | undefined }) {
  const span = chosen()
  const chart = useAnswer<ChartAnswer>(path('chart', { ...asked(span), by: 'host' }))
  const all = hosts === undefined ? 'Hosts' : counted(hosts.length, 'host')
  const length = spans.find(([value]) => value === span.span)?.[1]
  const when = span.narrowed ? 'in the marked time' : `in the last ${length}`
  return (
    <Card title={all} label="Hosts" side={<a href={href({ page: 'hosts' })}>All hosts</a>}>
      {hosts === undefined ? (
        <Loading />
      ) : (
        <HostCards hosts={hosts} chart={chart} when={when} most={mostCards} />
      )}
    </Card>
  )
}

function TopAttackers({ query }: { query: Query }) {
  const from = path('attackers', { ...query, limit: '10', users: '0', hosts: '0' })
  const rows = useAnswer<AttackersAnswer>(from)?.attackers
  const most = rows?.[0]?.attempts ?? 0
  return (
    <Card
      title="Top attackers"
      label="Top attackers"
      side={<Export path={path('attackers', query)} name="attackers" />}
    >
      <List rows={rows} none="Nobody tried.">
        {(row) => (
          <Bar key={row.ip} value={row.attempts} most={most} label={tally(row)}>
            <Address ip={row.ip} />
            <span class="quiet"> {counted(row.seenOn, 'host')}</span>
            {row.logins > 0 && <span class="badge bad">logged in</span>}
          </Bar>
        )}
      </List>
      <p class="more">
        <a href={href({ page: 'attackers', ...here() })}>All attackers</a>
      </p>
    </Card>
  )
}

function TopNames({ query, by, title }: { query: Query; by: 'user' | 'network'; title: string }) {
  const from = path('top', { by, ...query, limit: '10' })
  const rows = useAnswer<TopAnswer>(from)?.top
  const most = rows?.[0]?.attempts ?? 0
  return (
    <Card
      title={title}
      label={title}
      side={<Export path={path('top', { by, ...query })} name={`${by}s`} />}
    >
      <List rows={rows} none="Nothing was tried.">
        {(row) => (
          <Bar key={row.name} value={row.attempts} most={most} label={tally(row)}>
            {by === 'user' ? <UserName user={row.name} /> : <Network name={row.name} />}
          </Bar>
        )}
      </List>
    </Card>
  )
}

function Network({ name }: { name: string }) {
  return (
    <a class="address" href={href({ page: 'attackers', q: name, ...here() })}>
      {visible(name)}
    </a>
  )
}

// What the page is narrowed to, for the page that shows the same more closely.
function here() {
  return { host: at('host'), span: at('span'), from: at('from'), to: at('to') }
}

function List<R>({
  rows,
  none,
  children,
}: {
  rows: readonly R[] | undefined
  none: string
  children: (row: R) => preact.JSX.Element
}) {
  if (rows === undefined) return <Loading />
  if (rows.length === 0) return <Empty>{none}</Empty>
  return <ol class="bars">{rows.map(children)}</ol>
}
