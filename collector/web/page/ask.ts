/** Asking the collector, and keeping what it said fresh while somebody looks. */
import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'

const every = 15_000

/** When (ms) the newest numbers came; 0 before the first. */
export const freshAt = signal(0)
/** Within how many ms numbers should be asked for again; changes whenever something happens. */
export const happened = signal(0)
/** The collector's time (ms), as far as it has said; goes on by itself, for ages. */
export const now = signal(Date.now())

/** How far this machine's clock is behind the collector's, ms: ages by a wrong clock would be wrong. */
let behind = 0

setInterval(() => {
  now.value = Date.now() + behind
}, 1000)

// Answers give whole seconds, and are a moment on their way.
const leastDifference = 3000

function setClock(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now()
  if (Number.isNaN(difference)) return
  behind = Math.abs(difference) < leastDifference ? 0 : difference
  now.value = Date.now() + behind
}

/** What the collector answered instead of what was asked for. */
export class Refused extends Error {
  override name = 'Refused'
  readonly status: number
  constructor(status: number, sentence: string) {
    super(sentence)
    this.status = status
  }
}

/** Why something on the page is not answered, by its path: what else came meanwhile may be fresh. */
export const refusals = signal<ReadonlyMap<string, string>>(new Map())

function noteRefusal(path: string, sentence?: string): void {
  if (refusals.peek().get(path) === sentence) return
  const others = [...refusals.peek()].filter(([one]) => one !== path)
  refusals.value = new Map(sentence === undefined ? others : [...others, [path, sentence]])
}

/** Asks the API; a session that has ended leads to the login page. Throws Refused with its sentence. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(`api/v1/${path}`, {
    ...init,
    headers: { accept: 'application/json', ...init.headers },
  })
  setClock(answer.headers.get('date'))
  if (answer.status === 401) toLogin()
  const content = await answer.json().catch(() => ({}))
  if (!answer.ok) {
    const { status } = answer
    throw new Refused(status, content.error ?? `the collector answered ${status}`)
  }
  freshAt.value = now.value
  return content
}

/** Sends a change. */
export function send<T>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const init = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return ask(path, { method, ...(body === undefined ? {} : init) })
}

export function toLogin(): void {
  const to = location.search === '' ? '' : `?to=${encodeURIComponent(location.search)}`
  location.assign(`login${to}`)
}

/**
 * What the API says under a path, asked again every 15 s and soon after something happened; undefined
 * before the first answer. No path, no question.
 */
export function useAnswer<T>(path: string | undefined): T | undefined {
  const [answer, setAnswer] = useState<{ path: string; content: T }>()
  useEffect(() => {
    if (path === undefined) return
    let stopped = false
    let timer = 0
    let due = 0
    const plan = (wait: number) => {
      clearTimeout(timer)
      due = Date.now() + wait
      if (!document.hidden) timer = setTimeout(refresh, wait)
    }
    const refresh = async () => {
      plan(every)
      try {
        const content = await ask<T>(path)
        if (stopped) return
        setAnswer({ path, content })
        noteRefusal(path)
      } catch (error) {
        // Where there is no answer at all, the age shown says since when; the next round tries again.
        const isRefused = error instanceof Refused && error.status !== 401
        if (isRefused && !stopped) noteRefusal(path, error.message)
      }
    }
    const onVisible = () => {
      if (!document.hidden) plan(0)
    }
    const stop = happened.subscribe((wait) => {
      if (wait > 0 && due - Date.now() > wait) plan(wait)
    })
    document.addEventListener('visibilitychange', onVisible)
    void refresh()
    return () => {
      stopped = true
      noteRefusal(path)
      stop()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [path])
  // What was asked before is shown until the new answer is here: no flicker between two filters.
  return answer?.content
}
