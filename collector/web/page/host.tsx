/** One host: how well it is heard, and what it saw. */
import type { AttackersAnswer, HostAnswer, HostsAnswer } from '../api/shapes.ts'
import { useAnswer } from './ask.ts'
import { Counted } from './counted.tsx'
import { Address, Ago, Bar, Card, Empty, Export, Loading } from './parts.tsx'
import { at, href } from './route.ts'
import { asked, chosen, path } from './span.ts'
import { number, size, span as spanText, tally, visible } from './words.ts'

export function Host() {
  const name = at('name')
  const hosts = useAnswer<HostsAnswer>('hosts')?.hosts
  const host = hosts?.find((one) => one.name === name)
  const detail = useAnswer<HostAnswer>(path('host', { name }))
  return (
    <>
      <Card
        label="Host"
        title={<span class="big">{visible(name, 120)}</span>}
        side={<Links name={name} />}
      >
        {hosts === undefined || detail === undefined ? (
          <Loading />
        ) : host === undefined ? (
          <Empty>No host of this name is known.</Empty>
        ) : (
          <State host={host} detail={detail} />
        )}
      </Card>
      <Saw name={name} />
      {detail !== undefined && <Gaps gaps={detail.gaps} />}
    </>
  )
}

function Links({ name }: { name: string }) {
  const time = { span: at('span'), from: at('from'), to: at('to') }
  return (
    <>
      <a href={href({ page: 'log', host: name })}>Its log</a>
      <a href={href({ page: 'attackers', host: name, ...time })}>Its attackers</a>
    </>
  )
}

type Known = HostsAnswer['hosts'][number]

function State({ host, detail }: { host: Known; detail: HostAnswer }) {
  const { online, lastSeen, version, lag, gaps, sources, attempts } = host
  const skew =
    detail.skew === null ? 'unknown' : Math.abs(detail.skew) < 2000 ? 'right' : wrong(detail.skew)
  return (
    <>
      <dl class="facts">
        <Fact name="Connection" state={online ? 'good' : 'bad'}>
          {online ? 'online' : 'silent'}
        </Fact>
        <Fact name="Last heard">{lastSeen === null ? 'never' : <Ago iso={lastSeen} />}</Fact>
        <Fact name="Clock" state={skew === 'right' || skew === 'unknown' ? '' : 'warn'}>
          {skew}
        </Fact>
        <Fact name="Behind" state={lag !== null && lag > 1_000_000 ? 'warn' : ''}>
          {lag === null ? 'unknown' : size(lag)}
        </Fact>
        <Fact name="Gaps" state={gaps > 0 ? 'warn' : ''}>
          {number(gaps)}
        </Fact>
        <Fact name="Version">{version === null ? 'unknown' : visible(version, 30)}</Fact>
        <Fact name="Attempts ever">{number(attempts)}</Fact>
      </dl>
      <h3>Sources</h3>
      {sources.length === 0 && <Empty>None has been told of.</Empty>}
      <ul class="rows">
        {sources.map(({ source, reading, lag, trouble }) => {
          const position = detail.positions.find((one) => one.source === source)
          return (
            <li key={source}>
              <div class="first">
                <code>{visible(reading || source, 200)}</code>
                <span class="number">
                  {lag === null ? '' : lag === 0 ? 'all read' : `${size(lag)} behind`}
                </span>
              </div>
              {position !== undefined && (
                <p class="quiet">
                  stands at {number(position.offset)}, {number(position.open)} open sessions, kept{' '}
                  <Ago iso={position.stored} />
                </p>
              )}
              {trouble !== '' && <p class="warn">{visible(trouble)}</p>}
            </li>
          )
        })}
      </ul>
    </>
  )
}

function wrong(skew: number): string {
  return `${spanText(Math.abs(skew))} ${skew > 0 ? 'ahead' : 'behind'}`
}

function Fact({
  name,
  state = '',
  children,
}: {
  name: string
  state?: string
  children: preact.ComponentChildren
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={state}>{children}</dd>
    </div>
  )
}

function Saw({ name }: { name: string }) {
  const span = chosen()
  const query = { ...asked(span), host: name }
  const from = path('attackers', { ...query, limit: '10', users: '0' })
  const rows = useAnswer<AttackersAnswer>(from)?.attackers
  return (
    <>
      <Counted
        title="What it saw"
        label="What it saw"
        query={query}
        chart={{ since: String(span.since), host: name }}
      />
      <Card
        title="Its attackers"
        label="Its attackers"
        side={<Export path={path('attackers', query)} name="attackers" />}
      >
        {rows === undefined ? <Loading /> : rows.length === 0 ? <Empty>Nobody tried.</Empty> : null}
        <ol class="bars">
          {rows?.map((row) => (
            <Bar key={row.ip} value={row.attempts} most={rows[0]?.attempts ?? 0} label={tally(row)}>
              <Address ip={row.ip} />
              {row.logins > 0 && <span class="badge bad">logged in</span>}
            </Bar>
          ))}
        </ol>
      </Card>
    </>
  )
}

function Gaps({ gaps }: { gaps: HostAnswer['gaps'] }) {
  if (gaps.length === 0) return null
  return (
    <Card title="What could not be read" label="Gaps">
      <ul class="rows">
        {gaps.map((gap) => (
          <li key={`${gap.at} ${gap.kind} ${gap.text}`}>
            <div class="first">
              <span>{visible(gap.text)}</span>
              <span class="quiet">
                <Ago iso={gap.at} />
              </span>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  )
}
