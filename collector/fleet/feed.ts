/**
 * What just happened, for those who watch. Publishing costs a slot in a ring and a wake-up: there
 * is no queue per watcher, so a slow one can neither hold up ingest nor fill memory. Who falls
 * behind by more than the ring is told how much he missed.
 */
import type { FindingRow } from '../store/history.ts'
import type { LogEntry } from '../store/log.ts'

/** A finding stored (published after its commit), or a line of the collector's own log. */
export type News = { kind: 'finding'; finding: FindingRow } | { kind: 'log'; entry: LogEntry }

export type Feed = {
  /** Tells everybody who watches. Never waits, never throws for a watcher's sake. */
  publish: (news: News) => void
  /** How many have been published: a place to read on from. */
  place: () => number
  /** All news since a place that is still held, oldest first, and how many were lost to it. */
  since: (place: number) => { news: News[]; missed: number }
  /** Calls `wake` after each publication, which must only note that; gives the way to stop it. */
  watch: (wake: () => void) => () => void
  /** Whether anybody watches. */
  watched: () => boolean
}

/** Takes how many news are held (default 2000); gives an empty feed. */
export function createFeed(capacity = 2000): Feed {
  const ring: News[] = []
  const watchers = new Set<() => void>()
  let published = 0
  return {
    publish: (news) => {
      ring[published % capacity] = news
      published += 1
      for (const wake of watchers) wake()
    },
    place: () => published,
    since: (place) => {
      const from = Math.max(place, published - capacity)
      const news: News[] = []
      for (let at = from; at < published; at += 1) {
        const held = ring[at % capacity]
        if (held !== undefined) news.push(held)
      }
      return { news, missed: from - place }
    },
    watch: (wake) => {
      watchers.add(wake)
      return () => {
        watchers.delete(wake)
      }
    },
    watched: () => watchers.size > 0,
  }
}
