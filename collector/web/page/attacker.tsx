/** Everything one address did, on all hosts, on one line of time. */
import { useEffect, useState } from 'preact/hooks'
import type { AttackersAnswer, ChartAnswer, FindingAnswer, FindingsAnswer } from '../api/shapes.ts'
import { ask, useAnswer } from './ask.ts'
import { findingEntry } from './live.ts'
import { Ago, Bar, Card, Copy, Empty, Export, HostName, Loading, Stat, UserName } from './parts.tsx'
import { at } from './route.ts'
import { Row } from './row.tsx'
import { path } from './span.ts'
import { counted, moment, number, tally, visible } from './words.ts'

const perPage = 100
const mostUsers = 30
/** Most names that the collector gives of one address. */
const mostGiven = 1000

export function Attacker() {
  const ip = at('ip')
  const rows = useAnswer<AttackersAnswer>(path('attackers', { ip }))?.attackers
  const who = rows?.[0]
  return (
    <>
      <Card
        label="Attacker"
        title={<span class="address big">{visible(ip, 120)}</span>}
        side={
          <>
            <Copy text={ip} what="the address" />
            <Export path={path('findings', { ip })} name="attacker" />
          </>
        }
      >
        {rows === undefined ? (
          <Loading />
        ) : who === undefined ? (
          <Empty>Nothing is known of this address.</Empty>
        ) : (
          <Facts who={who} />
        )}
      </Card>
      {who !== undefined && (
        <div class="columns">
          <OnHosts who={who} />
          <Users who={who} />
        </div>
      )}
      <Deeds key={ip} ip={ip} who={who} />
    </>
  )
}

type Who = AttackersAnswer['attackers'][number]

function Facts({ who }: { who: Who }) {
  const names = Object.keys(who.users).length
  return (
    <>
      {who.logins > 0 && who.attempts > 0 && (
        <p class="alarm">This address was refused {counted(who.attempts, 'time')} and logged in.</p>
      )}
      <dl class="stats">
        <Stat name="attempts" value={who.attempts} />
        <Stat name="probes" value={who.probes} />
        <Stat name="logins" value={who.logins} />
        <Stat name="hosts" value={who.seenOn} />
        <Stat name={names < mostGiven ? 'names tried' : 'names tried, or more'} value={names} />
      </dl>
      <p class="quiet">
        First seen <Ago iso={who.first} />, last <Ago iso={who.last} />.
      </p>
    </>
  )
}

function OnHosts({ who }: { who: Who }) {
  const hosts = Object.entries(who.hosts)
  const most = Math.max(...hosts.map(([, { attempts }]) => attempts))
  return (
    <Card title="On hosts" label="On hosts">
      <ol class="bars">
        {hosts.map(([name, counts]) => (
          <Bar key={name} value={counts.attempts} most={most} label={tally(counts)}>
            <HostName name={name} />
            {counts.logins > 0 && <span class="badge bad">{counted(counts.logins, 'login')}</span>}
          </Bar>
        ))}
      </ol>
    </Card>
  )
}

function Users({ who }: { who: Who }) {
  const users = Object.entries(who.users)
  const most = users[0]?.[1] ?? 0
  return (
    <Card title="Names tried" label="Names tried">
      {users.length === 0 && <Empty>It named nobody.</Empty>}
      <ol class="bars">
        {users.slice(0, mostUsers).map(([user, times]) => (
          <Bar key={user} value={times} most={most}>
            <UserName user={user} />
          </Bar>
        ))}
      </ol>
      {users.length > mostUsers && (
        <p class="quiet">
          and {number(users.length - mostUsers)} more{users.length >= mostGiven && ', at least'}
        </p>
      )}
    </Card>
  )
}

function Deeds({ ip, who }: { ip: string; who: Who | undefined }) {
  const query = { ip, limit: String(perPage) }
  const newest = useAnswer<FindingsAnswer>(path('findings', query))
  const [known, setKnown] = useState<FindingsAnswer>()
  useEffect(() => {
    if (newest !== undefined) setKnown((known) => newer(known, newest))
  }, [newest])
  if (known === undefined) return <Loading />
  const { findings: rows, next } = known
  const more = async () => {
    const before = String(next)
    const page = await ask<FindingsAnswer>(path('findings', { ...query, before }))
    setKnown((known) => known && { findings: joined(known, page), next: page.next })
  }
  return (
    <Card title="Everything it did" label="Everything it did" kind="deeds">
      {next === null ? <LanesOfRows rows={rows} /> : who && <LanesOfDays ip={ip} who={who} />}
      <p class="quiet">
        Log lines themselves are not kept; this is all that was understood of them.
      </p>
      <ol class="log">
        {rows.map((row) => (
          <Row key={row.n} entry={findingEntry(row)} />
        ))}
      </ol>
      {next !== null && (
        <p class="more">
          <button type="button" onClick={() => void more().catch(() => undefined)}>
            Further back
          </button>
        </p>
      )}
    </Card>
  )
}

// So many new ones that they do not reach back to what is known stand alone: there is a hole behind them.
function newer(known: FindingsAnswer | undefined, newest: FindingsAnswer): FindingsAnswer {
  if (known === undefined || newest.next === null) return newest
  const had = new Set(known.findings.map(({ n }) => n))
  if (!newest.findings.some(({ n }) => had.has(n))) return newest
  return { findings: joined(newest, known), next: known.next }
}

function joined(one: FindingsAnswer, other: FindingsAnswer): FindingAnswer[] {
  const rows = new Map([...other.findings, ...one.findings].map((row) => [row.n, row]))
  return [...rows.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.n - a.n)
}

const slots = 96

// All that it did is here: shown as finely as there is room.
function LanesOfRows({ rows }: { rows: readonly FindingAnswer[] }) {
  const times = rows.map((row) => Date.parse(row.at))
  const from = Math.min(...times)
  const length = Math.max(60_000, Math.max(...times) - from)
  const lanes = new Map<string, Slot[]>()
  for (const row of rows) {
    const lane =
      lanes.get(row.host) ?? Array.from({ length: slots }, () => ({ weight: 0, login: false }))
    lanes.set(row.host, lane)
    const slot = lane[Math.floor(((Date.parse(row.at) - from) / length) * (slots - 1))]
    if (slot === undefined) continue
    slot.weight += row.count
    slot.login ||= row.kind === 'login'
  }
  return rows.length === 0 ? null : <Lanes lanes={lanes} from={from} to={from + length} />
}

// Too much to have it all here: by days, as the collector has it summed up.
function LanesOfDays({ ip, who }: { ip: string; who: Who }) {
  const since = String(Date.parse(who.first))
  const chart = useAnswer<ChartAnswer>(path('chart', { ip, since, by: 'host' }))
  if (chart === undefined) return null
  const lanes = new Map(
    chart.series.map(({ host, attempts, probes, logins }) => [
      host ?? '',
      attempts.map((tried, at) => ({
        weight: tried + (probes[at] ?? 0) + (logins[at] ?? 0),
        login: (logins[at] ?? 0) > 0,
      })),
    ]),
  )
  return <Lanes lanes={lanes} from={Date.parse(who.first)} to={Date.parse(who.last)} />
}

type Slot = { weight: number; login: boolean }
const laneHeight = 18
const mostLanes = 30

// A lane per host: when it came there, and how hard.
function Lanes({
  lanes,
  from,
  to,
}: {
  lanes: ReadonlyMap<string, Slot[]>
  from: number
  to: number
}) {
  const all = [...lanes].slice(0, mostLanes)
  const most = Math.max(...all.flatMap(([, lane]) => lane.map(({ weight }) => weight)))
  return (
    <div
      class="lanes"
      role="img"
      aria-label={`When it came to each of ${counted(lanes.size, 'host')}`}
    >
      {all.map(([host, lane]) => (
        <div class="lane" key={host}>
          <span class="host">{visible(host, 40)}</span>
          <svg
            viewBox={`0 0 ${lane.length * 4} ${laneHeight}`}
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            {lane.map(({ weight, login }, slot) =>
              weight === 0 ? null : (
                <rect
                  key={`${slot} ${login}`}
                  x={slot * 4}
                  width="4"
                  height={laneHeight}
                  class={login ? 'login' : ''}
                  opacity={login ? 1 : 0.25 + (0.75 * weight) / most}
                />
              ),
            )}
          </svg>
        </div>
      ))}
      <div class="lane ends">
        <span />
        <span>
          <span>{moment(from)}</span>
          <span>{moment(to)}</span>
        </span>
      </div>
      {lanes.size > mostLanes && (
        <p class="quiet">and {number(lanes.size - mostLanes)} more hosts</p>
      )}
    </div>
  )
}
