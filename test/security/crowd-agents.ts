/**
 * A process that is many agents: each has its own key and comes back by the agent's own link, jitter and
 * all. Its log is a made-up one that grows as the parent says, and it sends what the collector's
 * checkpoint does not cover. Arguments: address, file of private keys (JSON), first, last (not included).
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { keepLinked, type Link } from '../../agent/link/link.ts'
import { readPrivateKey } from '../../shared/handshake.ts'
import { source } from './crowd.ts'

const [url = '', file = '', first = '0', last = '0'] = process.argv.slice(2)
const keys = JSON.parse(readFileSync(file, 'utf8')) as string[]
const each = 5
const perAgent = 12
let length = 0
let grown = Promise.withResolvers<void>()
const lost = new Map<string, number>()

process.on('message', (message: { length: number }) => {
  length = message.length
  grown.resolve()
  grown = Promise.withResolvers()
})
setInterval(() => process.send?.([...lost]), 1000).unref()

for (const [at, pem] of keys.entries()) {
  if (at < Number(first) || at >= Number(last)) continue
  // A fleet is not enrolled within one second; how it comes back is its own link's business.
  await pause(perAgent)
  void keepLinked(
    {
      url,
      ca: undefined,
      key: readPrivateKey(pem),
      instance: randomBytes(16).toString('hex'),
      version: '0',
      hostname: `host${at}`,
      random: Math.random,
      signal: new AbortController().signal,
      say: (event) => {
        if (event.kind === 'lost') lost.set(event.why, (lost.get(event.why) ?? 0) + 1)
      },
    },
    (link) => speak(link, at),
  )
}

async function speak(link: Link, agent: number): Promise<void> {
  const saved = link.welcome.resume[0]?.checkpoint.position
  for (let done = saved === undefined ? 0 : saved.offset; ; ) {
    while (done >= length) {
      const ended = Promise.withResolvers<void>()
      link.signal.addEventListener('abort', () => ended.resolve(), { once: true })
      await Promise.race([grown.promise, ended.promise])
      link.signal.throwIfAborted()
    }
    const entries = Array.from({ length: length - done }, (_, more) =>
      finding(agent, done + more + 1),
    )
    await link.submit({ type: 'findings', source, entries })
    done = length
    // Now and then, as an agent does; what came after the last one is told again.
    if (done % each === 0) {
      const position = {
        kind: 'file',
        file: 'f',
        offset: done,
        before: '',
        name: 'n',
        finished: [],
      }
      const checkpoint = { position, clock: null, since: null, open: { sessions: [], clocks: [] } }
      await link.submit({ type: 'checkpoint', source, checkpoint } as never)
    }
  }
}

function finding(agent: number, offset: number) {
  return {
    file: 'f',
    offset,
    kind: 'attempt',
    at: Date.UTC(2026, 10, 22, 17) + offset * 1000,
    program: 'sshd',
    ip: `198.51.${agent % 256}.${offset % 256}`,
    user: 'root',
    count: 1,
    ordinal: 0,
  } as const
}
