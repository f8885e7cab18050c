/** The newest few lines of the log, as a way into it. */
import { useEffect, useState } from 'preact/hooks'
import { type Entry, listen } from './live.ts'
import { Card, Empty, Loading } from './parts.tsx'
import { type Cursor, type Filters, passes, readPage } from './past.ts'
import { href } from './route.ts'
import { Row } from './row.tsx'

const most = 10

/** Of a host and a time where the page is narrowed to them; what happens now where it is not. */
export function Latest({ host, time }: { host: string; time: Filters['time'] }) {
  const [rows, setRows] = useState<Entry[]>([])
  const [isRead, setRead] = useState(false)
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
    setRead(false)
    const read = async (from?: Cursor): Promise<void> => {
      const { entries, next } = await readPage(wanted, most, from)
      if (stopped) return
      const isEnd = next.finding === null && next.line === null
      // A page may hold nothing while there is more behind it.
      if (entries.length === 0 && !isEnd) return read(next)
      setRows((rows) => merged(rows, entries))
      setRead(true)
    }
    read().catch(() => undefined)
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
      {rows.length === 0 && (isRead ? <Empty>Nothing happened.</Empty> : <Loading />)}
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
