/** The lines of the live log: the newest on top, older ones as they are scrolled to. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Entry, listen } from './live.ts'
import { type Cursor, type Filters, passes, readPage } from './past.ts'
import { Row } from './row.tsx'

/** Most rows while the newest are looked at, and while somebody reads further back. */
const mostLive = 300
const mostRead = 3000
const perPage = 100
const mostHeld = 2000

type Log = { rows: Entry[]; next: Cursor; isEnd: boolean }
const start: Log = { rows: [], next: { finding: undefined, line: undefined }, isEnd: false }

/** What happens, as it happens, and what happened before by scrolling back. */
export function Lines({
  wanted,
  paused,
  setHeld,
}: {
  wanted: Filters
  paused: boolean
  setHeld: (many: number) => void
}) {
  const [log, setLog] = useState(start)
  const holding = useRef<Entry[]>([])
  const isPaused = useRef(paused)
  const busy = useRef(false)
  const list = useRef<HTMLOListElement>(null)
  const end = useRef<HTMLLIElement>(null)

  const more = async (from: Log) => {
    if (busy.current || from.isEnd) return
    busy.current = true
    try {
      const page = await readPage(wanted, perPage, from.next)
      setLog((log) => older(log, page.entries, page.next))
    } catch {
      // The state of the connection says it; scrolling on asks again.
    }
    busy.current = false
  }
  const again = () => {
    holding.current = []
    setHeld(0)
    setLog(start)
    void more(start)
    list.current?.scrollTo(0, 0)
  }
  useEffect(() => {
    // What was held back of another filter's is nothing of this one's.
    setHeld(0)
    void more(start)
    return listen((batch) => {
      const fit = batch.filter((entry) => passes(entry, wanted))
      if (fit.length === 0) return
      if (!isPaused.current) {
        const isBack = (list.current?.scrollTop ?? 0) > 40
        setLog((log) => newer(log, fit, isBack ? mostRead : mostLive))
        return
      }
      holding.current = hold(holding.current, fit)
      setHeld(eventsOf(holding.current))
    })
  }, [])
  useEffect(() => {
    const node = end.current
    if (node === null) return
    const observer = new IntersectionObserver(
      (seen) => {
        if (seen.some((one) => one.isIntersecting)) void more(log)
      },
      { root: list.current, rootMargin: '400px' },
    )
    observer.observe(node)
    return () => observer.disconnect()
  }, [log])

  useEffect(() => {
    isPaused.current = paused
    if (paused) return
    const waiting = holding.current
    holding.current = []
    setHeld(0)
    if (waiting.length === 0) return
    setLog((log) => newer(log, waiting, mostLive))
    list.current?.scrollTo(0, 0)
  }, [paused])
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <ol id="live" class="log" ref={list} tabIndex={0} aria-label="Events, newest first">
        {log.rows.map((entry) => (
          <Row key={entry.key} entry={entry} onSkipped={again} />
        ))}
        <li class="end" ref={end}>
          {log.isEnd
            ? log.rows.length === 0
              ? 'Nothing fits.'
              : 'That is all there is.'
            : 'Looking further back …'}
        </li>
      </ol>
    </>
  )
}

function older(log: Log, entries: readonly Entry[], next: Cursor): Log {
  const known = new Set(log.rows.map(({ key }) => key))
  const rows = [...log.rows, ...entries.filter(({ key }) => !known.has(key))]
  return { rows, next, isEnd: next.finding === null && next.line === null }
}

function newer(log: Log, batch: readonly Entry[], most: number): Log {
  const known = new Set(log.rows.slice(0, mostLive).map(({ key }) => key))
  const fresh = batch.filter(({ key }) => !known.has(key)).reverse()
  const rows = joinSkips([...fresh, ...log.rows])
  if (rows.length <= most) return { ...log, rows }
  const kept = rows.slice(0, most)
  return { rows: kept, next: behind(kept), isEnd: false }
}

// Where the past goes on after rows were let go.
function behind(rows: readonly Entry[]): Cursor {
  const least = (letter: string) => {
    const numbers = rows
      .filter(({ key }) => key.startsWith(letter))
      .map(({ key }) => Number(key.slice(1)))
    return numbers.length === 0 ? undefined : Math.min(...numbers)
  }
  return { finding: least('f'), line: least('l') }
}

function hold(held: readonly Entry[], batch: readonly Entry[]): Entry[] {
  const all = [...held, ...batch]
  const lost = all.length - mostHeld
  if (lost <= 0) return all
  const count = eventsOf(all.slice(0, lost + 1))
  return [
    { key: `s-held-${Date.now()}`, at: Date.now(), kind: 'skipped', count },
    ...all.slice(lost + 1),
  ]
}

// A marker of what was skipped stands for many.
function eventsOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, one) => sum + ('count' in one ? one.count : 1), 0)
}

// Two markers that stand beside each other say one thing.
function joinSkips(rows: readonly Entry[]): Entry[] {
  const joined: Entry[] = []
  for (const row of rows) {
    const last = joined.at(-1)
    if (last !== undefined && 'count' in last && 'count' in row) {
      joined[joined.length - 1] = { ...last, count: last.count + row.count }
    } else joined.push(row)
  }
  return joined
}
