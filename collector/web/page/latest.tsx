/** The newest few lines of the log, as a way into it. */
import { useEffect, useState } from 'preact/hooks'
import { type Entry, listen } from './live.ts'
import { Card } from './parts.tsx'
import { readPage } from './past.ts'
import { href } from './route.ts'
import { Row } from './row.tsx'

const most = 10

export function Latest() {
  const [rows, setRows] = useState<Entry[]>([])
  useEffect(() => {
    let stopped = false
    const stop = listen((batch) => {
      const newest = batch.slice(-most).reverse()
      setRows((rows) => merged(newest, rows))
    })
    readPage({}, most).then(
      (page) => {
        if (!stopped) setRows((rows) => merged(rows, page.entries))
      },
      () => undefined,
    )
    return () => {
      stopped = true
      stop()
    }
  }, [])
  return (
    <Card title="Live" label="Newest events" side={<a href={href({ page: 'log' })}>Whole log</a>}>
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
