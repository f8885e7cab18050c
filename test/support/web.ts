/** The collector's web server on a free port, and what a browser or a script does with it. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFeed } from '../../collector/fleet/feed.ts'
import { openDatabase } from '../../collector/store/database.ts'
import { openLog } from '../../collector/store/log.ts'
import { openPeople } from '../../collector/store/people/people.ts'
import { openServer, type ServerOptions } from '../../collector/web/server.ts'

/** 22 November 2026, 12:20 UTC: twenty minutes into an hour. */
export const noon = Date.parse('2026-11-22T12:20:00Z')

export type Web = Awaited<ReturnType<typeof startWeb>>

/** Starts a server over a database (in memory if no path is given) on a free port (if none is given); its clock stands still until moved, where none is given. */
export async function startWeb(
  path = ':memory:',
  options: Partial<ServerOptions> = {},
  wantedPort = 0,
) {
  const clock = { now: noon }
  const now = options.now ?? (() => clock.now)
  const waits: number[] = []
  let token: string | undefined
  const db = openDatabase(path)
  const feed = createFeed(2000)
  const log = openLog(db, now, feed)
  const people = openPeople(db, now)
  const app = await openServer({
    db,
    feed,
    log,
    people,
    now,
    version: '2.0.0',
    trustProxy: [],
    wait: async (ms) => {
      waits.push(ms)
    },
    ...options,
  })
  await app.listen({ host: '127.0.0.1', port: wantedPort })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const ask = (at: string, init: RequestInit = {}) =>
    fetch(`${url}${at}`, { redirect: 'manual', ...init })
  return {
    db,
    feed,
    log,
    people,
    app,
    clock,
    waits,
    url,
    port,
    ask,
    /** Asks with a token and gives the parsed answer. */
    read: async (at: string) => {
      token ??= people.addToken('test')
      const answer = await ask(at, { headers: { authorization: `Bearer ${token}` } })
      // biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what the tests look at
      return { status: answer.status, body: (await answer.json()) as any }
    },
    close: async () => {
      await app.close()
      db.close()
    },
  }
}

/** Cookie of a new session of this person. */
export function sessionCookie(web: Pick<Web, 'people'>, person = 'ana'): string {
  return `s=${web.people.startSession(person)}`
}

export type SseEvent = { id: string | undefined; event: string; data: unknown }

/** Opens a stream of events; `until` waits for what has come to satisfy it (5 s at most). */
export async function watch(url: string, headers: Record<string, string>) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(url, { headers }, resolve).on('error', reject).end()
  })
  const events: SseEvent[] = []
  let text = ''
  let ended = false
  answer.setEncoding('utf8')
  answer.on('data', (chunk: string) => {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const found = parse(block)
      if (found !== undefined) events.push(found)
    }
  })
  answer.on('error', () => {})
  answer.on('close', () => {
    ended = true
  })
  return {
    status: answer.statusCode,
    headers: answer.headers,
    events,
    hasEnded: () => ended,
    until: (isThere: (events: SseEvent[]) => boolean) => eventually(() => isThere(events)),
    stop: () => answer.destroy(),
  }
}

/** Waits until a condition holds, 5 s at most. */
export async function eventually(holds: () => boolean, within = 5000): Promise<void> {
  const end = performance.now() + within
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${holds}`)
    await sleep(5)
  }
}

function parse(block: string): SseEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line) => {
      const at = line.indexOf(': ')
      return [line.slice(0, at), line.slice(at + 2)]
    }),
  )
  const event = fields.get('event')
  if (event === undefined) return undefined
  return { id: fields.get('id'), event, data: JSON.parse(fields.get('data') ?? 'null') }
}
