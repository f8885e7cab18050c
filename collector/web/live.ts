/**
 * The live log as server-sent events (WHATWG HTML, section 9.2). An event's id is the place in the
 * database up to which the watcher has seen everything, so a reader that comes back, even to another
 * process after a restart, goes on exactly there. News come at once after a quiet while; the more there
 * were, the longer the next ones wait for company, up to 250 ms. What one reader cannot take in is left
 * out and counted in a `skipped` event; a reader that stops reading is cut off.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Feed, News } from '../fleet/feed.ts'
import type { Database } from '../store/database.ts'
import { openHistory } from '../store/history.ts'
import type { Log } from '../store/log.ts'
import { findingAnswer, logLine } from './api/present.ts'
import type { Cursor } from './api/query.ts'
import { Refusal } from './refusal.ts'

/** Milliseconds. */
export type LiveTimes = {
  /** Time between two writes to one reader, after one that was full; a tenth of it after a single event. */
  batch: number
  /** A comment this often, so that proxies and readers know the stream lives. */
  heartbeat: number
  /** Longest time a reader may leave what was written unread. */
  patience: number
  /** How often lines written by other processes are looked for. */
  foreign: number
}

export type LiveOptions = {
  db: Database
  feed: Feed
  log: Log
  times?: Partial<LiveTimes> | undefined
}

export type Watcher = {
  /** Where it has been; undefined for one that wants only what is new. */
  from: Cursor | undefined
  /** Hash of its session, or undefined for a token. */
  session: string | undefined
  /** Whether it may still watch; asked at each heartbeat. */
  allowed: () => boolean
}

export type Live = {
  /** Turns the reply into a stream. Throws a Refusal (503) where too many watch already. */
  stream: (reply: FastifyReply, watcher: Watcher) => void
  /** Ends the streams of a session. */
  endSession: (hash: string) => void
  close: () => void
}

const defaults: LiveTimes = { batch: 250, heartbeat: 15_000, patience: 30_000, foreign: 1_000 }
const mostStreams = 100
/** Most ordinary news per write; more would freeze the page that shows them. */
const mostPerBatch = 200
/** Most of each kind sent again to a reader that comes back. */
const mostReplayed = 500

type Stream = { session: string | undefined; end: () => void }

/** Takes what happens and where it is kept; gives the streams. */
export function createLive(options: LiveOptions): Live {
  const times = { ...defaults, ...options.times }
  const streams = new Set<Stream>()
  let looking: NodeJS.Timeout | undefined
  return {
    stream: (reply, watcher) => {
      if (streams.size >= mostStreams) {
        throw new Refusal(503, `${mostStreams} pages watch already; close one of them`)
      }
      looking ??= setInterval(options.log.lookForForeign, times.foreign)
      reply.hijack()
      const out = reply.raw
      const stream = { session: watcher.session, end: () => out.end() }
      streams.add(stream)
      out.on('close', () => {
        streams.delete(stream)
        if (streams.size > 0) return
        clearInterval(looking)
        looking = undefined
      })
      out.writeHead(200, { ...plainHeaders(reply), 'content-type': 'text/event-stream' })
      follow(out, watcher, options, times)
    },
    endSession: (hash) => {
      for (const stream of streams) if (stream.session === hash) stream.end()
    },
    close: () => {
      for (const stream of streams) stream.end()
    },
  }
}

function plainHeaders(reply: FastifyReply) {
  const headers = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)
  // nginx would hold events back until its buffer is full.
  return { ...Object.fromEntries(headers), 'x-accel-buffering': 'no' }
}

function follow(out: ServerResponse, watcher: Watcher, options: LiveOptions, times: LiveTimes) {
  const { feed } = options
  const seen = startOf(options, watcher.from)
  let place = feed.place()
  let free = Number.NEGATIVE_INFINITY
  let waiting: NodeJS.Timeout | undefined
  let cut: NodeJS.Timeout | undefined
  const write = (text: string) => {
    if (text === '' || out.write(text)) return
    cut ??= setTimeout(() => out.destroy(), times.patience)
  }
  const pump = () => {
    waiting = undefined
    if (cut !== undefined) return
    const { news, missed } = feed.since(place)
    const share = Math.max(0.1, Math.min(1, news.length / mostPerBatch))
    free = performance.now() + times.batch * share
    place = feed.place()
    write(batchText(news, missed, seen))
  }
  const wake = () => {
    waiting ??= setTimeout(pump, Math.max(0, free - performance.now()))
  }
  const beat = setInterval(() => {
    if (!watcher.allowed()) out.end()
    else if (cut === undefined) write(': still here\n\n')
  }, times.heartbeat)
  const stop = feed.watch(wake)
  out.on('drain', () => {
    clearTimeout(cut)
    cut = undefined
    wake()
  })
  out.on('close', () => {
    stop()
    clearInterval(beat)
    clearTimeout(waiting)
    clearTimeout(cut)
  })
  write(`retry: 2000\n\n${event('ready', {}, seen)}${replayText(options, watcher.from, seen)}`)
}

// A database restored from a backup knows less than the watcher: what comes now is new to him.
function startOf({ db, log }: LiveOptions, from: Cursor | undefined): Cursor {
  const newest = { n: openHistory(db).newest(), log: log.last() }
  if (from === undefined) return newest
  return { n: Math.min(from.n, newest.n), log: Math.min(from.log, newest.log) }
}

function replayText({ db, log }: LiveOptions, from: Cursor | undefined, seen: Cursor): string {
  if (from === undefined) return ''
  const findings = openHistory(db).findingsAfter(seen.n, mostReplayed)
  const lines = log.after(seen.log, mostReplayed)
  const news: News[] = [
    ...findings.rows.map((finding): News => ({ kind: 'finding', finding })),
    ...lines.rows.map((entry): News => ({ kind: 'log', entry })),
  ]
  return skippedText(findings.missed + lines.missed) + newsText(news, seen)
}

function batchText(news: News[], missed: number, seen: Cursor): string {
  const late = news.length - mostPerBatch
  const kept = late <= 0 ? news : news.filter((one, at) => at >= late || isRare(one))
  return skippedText(missed + news.length - kept.length) + newsText(kept, seen)
}

// What somebody must not miss because a botnet is busy.
function isRare(news: News): boolean {
  return news.kind === 'log' || !['attempt', 'probe', 'blocked'].includes(news.finding.kind)
}

function newsText(news: News[], seen: Cursor): string {
  let text = ''
  for (const one of news) {
    // Between a commit and its publication a replay has sent it already.
    if (isSeen(one, seen)) continue
    if (one.kind === 'finding') {
      seen.n = one.finding.n
      text += event('finding', findingAnswer(one.finding), seen)
    } else {
      seen.log = one.entry.id
      text += event('log', logLine(one.entry), seen)
    }
  }
  return text
}

function isSeen(news: News, seen: Cursor): boolean {
  return news.kind === 'finding' ? news.finding.n <= seen.n : news.entry.id <= seen.log
}

function skippedText(count: number): string {
  return count === 0 ? '' : event('skipped', { count })
}

function event(name: string, content: unknown, seen?: Cursor): string {
  const id = seen === undefined ? '' : `id: ${seen.n}-${seen.log}\n`
  return `${id}event: ${name}\ndata: ${JSON.stringify(content)}\n\n`
}
