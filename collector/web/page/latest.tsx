/** The newest few lines of the log, as a way into it. */
import { useEffect, useState } from 'preact/hooks'
import { type Entry, listen } from './live.ts'
import { Card } from './parts.tsx'
import { type Filters, passes, readPage } from './past.ts'
import { href } from './route.ts'
import { Row } from './row.tsx'

const most = 10

/** Of a host and a time where the page is narrowed to them; what happens now where it is not. */
export function Latest({ host, time }: { host: string; time: Filters['time'] }) {
  const [rows, setRows] = useState<Entry[]>([])
  useEffect(() => {
    const wanted = { host, ...(time && { time }) }
    let stopped = false
    const stop = time
      ? undefined
      : listen((batch) => {
          const fit = batch.filter((entry) => passes(entry, wanted))
          setRows((rows) => merged(fit.slice(-most).reverse(), rows))
        })
    setRows([])
    readPage(wanted, most).then(
      (page) => {
        if (!stopped) setRows((rows) => merged(rows, page.entries))
      },
      () => undefined,
    )
    return () => {
      stopped = true
      stop?.()
    }
  }, [host, time?.from, time?.to])
  return (
    <Card
      title={time ? 'Newest of the marked time' : 'Live'}
      label="Newest events"
      side={<a href={href({ page: 'log', host })}>Whole log</a>}
    >
      <ol class="log">
        {rows.map((entry) => (
          <Row key={entry.key} entry={entry} />
        ))}
      </ol>
    </Card>
  )
}

function merged(newer: readonly Entry[], older: readonly Entry[]): Entry[] {
  const known = new Set(newer.map(({ key }) => key))
  return [...newer, ...older.filter(({ key }) => !known.has(key))].slice(0, most)
}
