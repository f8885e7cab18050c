/** Everybody who tried, one row per address. */
import type { AttackersAnswer } from '../api/shapes.ts'
import { useAnswer } from './ask.ts'
import { Address, Ago, Card, Chip, Choice, Empty, Export, Loading, UserName } from './parts.tsx'
import { at, changed, go } from './route.ts'
import { asked, chosen, path, spans } from './span.ts'
import { counted, number, range, tally, visible } from './words.ts'

const most = 25
const mostNames = 4
// One name more than are shown says that there are others.
const few = { hosts: String(mostNames), users: String(mostNames + 1) }

export function Attackers() {
  const span = chosen()
  const isEver = at('span') === 'ever'
  const host = at('host')
  const q = at('q')
  const times = isEver ? {} : asked(span)
  const from = path('attackers', { ...times, host, q, limit: String(most), ...few })
  const rows = useAnswer<AttackersAnswer>(from)?.attackers
  return (
    <Card
      title="Attackers"
      label="Attackers"
      side={
        <>
          <Choice
            label="Span of time"
            options={[...spans, ['ever', 'Ever'] as const]}
            chosen={isEver ? 'ever' : span.span}
            to={(value) => changed({ span: value === '24h' ? '' : value, from: '', to: '' })}
          />
          <Export path={path('attackers', { ...times, host, q })} name="attackers" />
        </>
      }
    >
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <input
          type="search"
          id="search"
          placeholder="Part of an address or user name"
          aria-label="Search attackers"
          value={q}
          maxLength={100}
          onInput={(event) => go(changed({ q: event.currentTarget.value }), true)}
        />
      </form>
      <p class="chips">
        {host !== '' && <Chip name="host" value={host} to={changed({ host: '' })} />}
        {span.narrowed && !isEver && (
          <Chip
            name="from"
            value={range(span.narrowed.from, span.narrowed.to)}
            to={changed({ from: '', to: '' })}
          />
        )}
      </p>
      {rows === undefined ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Empty>{q === '' ? 'Nobody tried.' : 'Nobody of that address or name tried.'}</Empty>
      ) : (
        <ol class="rows" id="attackers">
          {rows.map((row) => (
            <AttackerRow key={row.ip} row={row} />
          ))}
        </ol>
      )}
      {rows?.length === most && (
        <p class="quiet">The {most} most active; search for others, or export all.</p>
      )}
    </Card>
  )
}

function AttackerRow({ row }: { row: AttackersAnswer['attackers'][number] }) {
  const hosts = Object.entries(row.hosts)
  const users = Object.keys(row.users)
  return (
    <li>
      <div class="first">
        <Address ip={row.ip} />
        <span class="number">
          {counted(row.attempts, 'attempt')}
          {row.probes > 0 && `, ${counted(row.probes, 'probe')}`}
          {row.logins > 0 && <span class="badge bad">{counted(row.logins, 'login')}</span>}
        </span>
      </div>
      <p class="quiet">
        on {hosts.map(([name, counts]) => `${visible(name, 40)} ${tally(counts)}`).join(', ')}
        {row.seenOn > hosts.length && ` and ${number(row.seenOn - hosts.length)} more`}; last{' '}
        <Ago iso={row.last} />
      </p>
      {users.length > 0 && (
        <p class="quiet">
          as{' '}
          {users.slice(0, mostNames).map((user, index) => (
            <span key={user}>
              {index > 0 && ', '}
              <UserName user={user} />
            </span>
          ))}
          {users.length > mostNames && ' and others'}
        </p>
      )}
    </li>
  )
}
