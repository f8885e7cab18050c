/** The page of the live log: its filters, its lines, and stopping them for a while. */
import { useState } from 'preact/hooks'
import type { HostsAnswer } from '../api/shapes.ts'
import { useAnswer } from './ask.ts'
import { Lines } from './lines.tsx'
import { Card, Chip, Export } from './parts.tsx'
import { type Filters, findingKinds, lineKinds } from './past.ts'
import { at, changed, go } from './route.ts'
import { path } from './span.ts'
import { counted, visible } from './words.ts'

const named = ['host', 'ip', 'user', 'kind', 'q'] as const

function filters(): Filters {
  return Object.fromEntries(named.map((name) => [name, at(name)]).filter(([, value]) => value))
}

export function LogPage() {
  const [paused, setPaused] = useState(false)
  const [held, setHeld] = useState(0)
  const wanted = filters()
  const key = JSON.stringify(wanted)
  // Another filter is another log.
  return (
    <Card
      title="Live log"
      label="Live log"
      kind="logpage"
      side={
        <>
          <span role="status" class="quiet">
            {paused ? `Paused, ${counted(held, 'new event')} waiting` : ''}
          </span>
          <button
            type="button"
            id="pause"
            class="small"
            aria-pressed={paused}
            onClick={() => setPaused(!paused)}
          >
            {paused ? 'Go on' : 'Pause'}
          </button>
          <ShownExport wanted={wanted} />
        </>
      }
    >
      <FilterForm wanted={wanted} />
      <Lines key={key} wanted={wanted} paused={paused} setHeld={setHeld} />
    </Card>
  )
}

function ShownExport({ wanted }: { wanted: Omit<Filters, 'time'> }) {
  const { kind, q } = wanted
  if (kind !== undefined && !findingKinds.includes(kind)) {
    return <Export path={path('log', { kind, q })} name="log" />
  }
  return <Export path={path('findings', wanted)} name="findings" />
}

const exact = [
  { name: 'ip', label: 'Address', most: 255 },
  { name: 'user', label: 'User name', most: 256 },
] as const

function FilterForm({ wanted }: { wanted: Filters }) {
  const hosts = useAnswer<HostsAnswer>('hosts')?.hosts ?? []
  const set = (name: string) => (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement | HTMLSelectElement
    go(changed({ [name]: value.trim() }))
  }
  return (
    <>
      <form
        class="filters"
        aria-label="Filter the log"
        onSubmit={(event) => event.preventDefault()}
      >
        <select aria-label="Kind" value={wanted.kind ?? ''} onChange={set('kind')}>
          <option value="">Everything</option>
          <optgroup label="Findings">
            {findingKinds.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </optgroup>
          <optgroup label="Collector">
            {lineKinds.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </optgroup>
        </select>
        <select aria-label="Host" value={wanted.host ?? ''} onChange={set('host')}>
          <option value="">All hosts</option>
          {hosts.map(({ name }) => (
            <option key={name} value={name}>
              {visible(name, 60)}
            </option>
          ))}
        </select>
        {exact.map(({ name, label, most }) => (
          <input
            key={name}
            aria-label={label}
            placeholder={label}
            value={wanted[name] ?? ''}
            maxLength={most}
            onChange={set(name)}
          />
        ))}
        <input
          type="search"
          aria-label="Text"
          placeholder="Any text"
          value={wanted.q ?? ''}
          maxLength={256}
          onChange={set('q')}
        />
      </form>
      <p class="chips">
        {named.map((name) => {
          const value = wanted[name]
          return value ? (
            <Chip
              key={name}
              name={name === 'q' ? 'text' : name}
              value={value}
              to={changed({ [name]: '' })}
            />
          ) : null
        })}
      </p>
    </>
  )
}
