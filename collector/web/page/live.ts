/** What happens, as it happens: one stream for the whole page, told in batches to whoever listens. */
import { signal } from '@preact/signals'
import type { FindingAnswer, LogLine } from '../api/shapes.ts'
import { ask, happened } from './ask.ts'

/** A row of the log; `key` tells rows apart. */
export type Entry = { key: string; at: number } & (
  | { kind: FindingAnswer['kind']; finding: FindingAnswer }
  | { kind: string; line: LogLine }
  | { kind: 'skipped'; count: number }
)

export const connection = signal<'connecting' | 'live' | 'lost'>('connecting')

const listeners = new Set<(batch: Entry[]) => void>()
const retryAfter = 5000
const mostPending = 1000
const busy = ['attempt', 'probe', 'blocked', 'skipped']

/** Calls back with what happens from now on, oldest first; gives the way to stop it. */
export function listen(listener: (batch: Entry[]) => void): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export function findingEntry(finding: FindingAnswer): Entry {
  return { key: `f${finding.n}`, at: Date.parse(finding.at), kind: finding.kind, finding }
}

export function lineEntry(line: LogLine): Entry {
  // Somebody looking at this page is no login on a host.
  const kind = line.kind === 'login' ? 'logged in' : line.kind
  return { key: `l${line.id}`, at: Date.parse(line.at), kind, line }
}

let pending: Entry[] = []
let dropped = 0
let skips = 0

function add(entry: Entry): void {
  if (pending.length === 0) {
    // Once per frame; a page in the background has no frames.
    if (document.hidden) setTimeout(flush, 500)
    else requestAnimationFrame(flush)
  }
  pending.push(entry)
  if (pending.length > mostPending) {
    pending.shift()
    dropped += 1
  }
}

function skipped(count: number): Entry {
  skips += 1
  return { key: `s${skips}`, at: Date.now(), kind: 'skipped', count }
}

function flush(): void {
  const batch = dropped > 0 ? [skipped(dropped), ...pending] : pending
  pending = []
  dropped = 0
  for (const listener of listeners) listener(batch)
  // A different number each time, or nobody would be told.
  const wait = batch.every(({ kind }) => busy.includes(kind)) ? 5000 : 500
  happened.value = wait + Math.random()
}

/** Opens the stream, behind an event if there was one before. */
export function startLive(last = ''): void {
  let seen = last
  const source = new EventSource(`api/v1/live${seen === '' ? '' : `?after=${seen}`}`)
  const on = (name: string, entry: (content: string) => Entry) => {
    source.addEventListener(name, (event) => {
      if (event.lastEventId !== '') seen = event.lastEventId
      add(entry(event.data))
    })
  }
  on('finding', (text) => findingEntry(JSON.parse(text)))
  on('log', (text) => lineEntry(JSON.parse(text)))
  on('skipped', (text) => skipped(JSON.parse(text).count))
  source.addEventListener('ready', (event) => {
    seen = event.lastEventId
    connection.value = 'live'
    happened.value = 1 + Math.random()
  })
  source.addEventListener('error', () => {
    connection.value = 'lost'
    if (source.readyState !== EventSource.CLOSED) return
    // The browser gives up after an answer such as 502; where the session has ended, asking leads to
    // the login page.
    source.close()
    setTimeout(() => {
      ask('fleet')
        .catch(() => undefined)
        .finally(() => startLive(seen))
    }, retryAfter)
  })
}
