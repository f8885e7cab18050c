/**
 * One proven connection to the collector, and again when it is lost. Every connection starts from the
 * collector's welcome, never from what this process remembers: a collector restored from a backup
 * once let the mark jump a hole of 5,314 findings.
 */
import type { KeyObject } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { keepAlive } from '../../shared/alive.ts'
import { reason } from '../../shared/config.ts'
import { elapsed } from '../../shared/elapsed.ts'
import { makeNonce, publicKeyOf, signPledge } from '../../shared/handshake.ts'
import {
  agentPath,
  closeCodes,
  type FromAgent,
  type FromCollector,
  limits,
  protocol,
  readFromCollector,
  type Welcome,
} from '../../shared/wire.ts'
import { troubleOf } from './trouble.ts'
import { openWindow, type Window } from './window.ts'

/** What a connection needs to know. Times in ms. */
export type LinkOptions = {
  /** ws:// or wss://, host and port, without the agents' path. */
  url: string
  /** Trusted authority (PEM) in place of the system's; verification itself has no switch. */
  ca: string | undefined
  key: KeyObject
  instance: string
  version: string
  hostname: string
  random: () => number
  /** Only ask whether this agent would be welcome. */
  check?: true
  signal: AbortSignal
  /** Called with one sentence whenever the state changes. */
  say: (event: LinkEvent) => void
}

export type LinkEvent =
  | { kind: 'connected'; name: string; skew: number }
  | { kind: 'lost'; why: string; retryMs: number }

/** An open connection, after its welcome. */
export type Link = {
  welcome: Welcome
  submit: Window['submit']
  /** Sends a frame that may be lost. */
  tell: (frame: Extract<FromAgent, { type: 'pulse' }>) => void
  /** Ends with the connection. */
  signal: AbortSignal
}

/**
 * Keeps a connection until the signal aborts, and runs `work` on each one; `work` ends, or throws,
 * when its connection does.
 */
export async function keepLinked(
  options: LinkOptions,
  work: (link: Link) => Promise<void>,
): Promise<void> {
  const { signal, say, random } = options
  for (let failures = 0; !signal.aborted; failures++) {
    const started = elapsed()
    const end = await useOnce(options, work)
    if (signal.aborted) return
    if (end.welcomed && elapsed() - started > stableAfter) failures = 0
    const retryMs = delayAfter(end.code, failures, random)
    say({ kind: 'lost', why: end.why, retryMs })
    await wait(retryMs, undefined, { signal }).catch(() => undefined)
  }
}

/**
 * Connects once, up to the welcome, and hangs up: for `check`. Gives the welcome and the agent's clock
 * minus the collector's in ms, or one sentence of why not.
 */
export async function tryLink(
  options: Omit<LinkOptions, 'say' | 'random' | 'check'>,
): Promise<{ ok: true; name: string; skew: number } | { ok: false; why: string }> {
  let found: { ok: true; name: string; skew: number } | undefined
  const say = (event: LinkEvent): void => {
    if (event.kind === 'connected') found = { ok: true, name: event.name, skew: event.skew }
  }
  const end = await useOnce(
    { ...options, say, random: Math.random, check: true },
    async () => undefined,
  )
  return found ?? { ok: false, why: end.why }
}

const stableAfter = 60_000
/** A wrong key or protocol will not mend itself within a minute; somebody has to do something. */
const hopelessRetry = { min: 30_000, max: 60_000 }

// Full jitter, so that a fleet does not come back all at once.
function delayAfter(code: number, failures: number, random: () => number): number {
  const hopeless = code === closeCodes.noCommonProtocol || code === closeCodes.duplicateIdentity
  if (hopeless) return hopelessRetry.min + random() * (hopelessRetry.max - hopelessRetry.min)
  return 200 + random() * Math.min(60_000, 1000 * 2 ** Math.min(failures, 6))
}

/** ms in which the collector has to answer a goodbye: no stop waits for a cable that was pulled out. */
const goodbyeWithin = 1000

type End = { code: number; why: string; welcomed: boolean }

async function useOnce(options: LinkOptions, work: (link: Link) => Promise<void>): Promise<End> {
  const socket = open(options)
  const ended = new AbortController()
  const conversation = converse(socket, options, ended)
  let working: Promise<void> | undefined
  let failure: string | undefined
  conversation.onWelcome = (link) => {
    working = work(link)
      .catch((error: unknown) => {
        if (!ended.signal.aborted) failure = reason(error)
      })
      .finally(() => hangUp(socket, 1000))
  }
  const stop = (): void => hangUp(socket, 1001)
  options.signal.addEventListener('abort', stop, { once: true })
  const end = await closing(socket, ended)
  options.signal.removeEventListener('abort', stop)
  await working
  return {
    code: end.code,
    why: failure ?? conversation.bye ?? end.why,
    welcomed: working !== undefined,
  }
}

function hangUp(socket: WebSocket, code: number): void {
  socket.close(code)
  setTimeout(() => socket.terminate(), goodbyeWithin).unref()
}

function open({ url, ca, signal }: LinkOptions): WebSocket {
  signal.throwIfAborted()
  return new WebSocket(`${url}${agentPath}`, {
    ...(ca === undefined ? {} : { ca }),
    rejectUnauthorized: true,
    perMessageDeflate: false,
    handshakeTimeout: 10_000,
    maxPayload: 16 * limits.frameBytes,
    followRedirects: false,
  })
}

type Conversation = { onWelcome?: (link: Link) => void; bye?: string }

// hello → challenge → proof → welcome → acks: the agent's half of the protocol.
function converse(socket: WebSocket, options: LinkOptions, ended: AbortController): Conversation {
  const state: Conversation = {}
  const key = publicKeyOf(options.key)
  const agentNonce = makeNonce()
  let window: Window | undefined
  const send = (frame: FromAgent, text = JSON.stringify(frame)): void => socket.send(text)

  socket.on('open', () => {
    keepAlive(socket)
    send({
      type: 'hello',
      protocol: { ...protocol },
      key,
      instance: options.instance,
      nonce: agentNonce,
      version: options.version,
      hostname: options.hostname,
      ...(options.check ? { check: true } : {}),
    })
  })
  socket.on('message', (bytes, isBinary) => {
    const read = isBinary
      ? { ok: false as const, why: 'a binary frame' }
      : readFromCollector(String(bytes))
    if (!read.ok) {
      state.bye = `the collector sent what this agent does not understand: ${read.why}`
      socket.close(closeCodes.badFrame)
      return
    }
    take(read.value)
  })
  const take = (frame: FromCollector): void => {
    switch (frame.type) {
      case 'challenge': {
        const pledge = { key, collector: frame.collector, agentNonce, collectorNonce: frame.nonce }
        const signature = signPledge({ ...pledge, protocol: frame.protocol }, options.key)
        send({ type: 'proof', signature })
        return
      }
      case 'welcome': {
        if (window !== undefined) break
        options.say({ kind: 'connected', name: frame.name, skew: Date.now() - frame.now })
        window = openWindow(ended.signal, send)
        state.onWelcome?.({
          ...window,
          welcome: frame,
          tell: (told) => send(told),
          signal: ended.signal,
        })
        return
      }
      case 'ack':
        window?.acknowledge(frame.upto)
        return
      case 'bye':
        state.bye = frame.why
    }
  }
  return state
}

function closing(
  socket: WebSocket,
  ended: AbortController,
): Promise<{ code: number; why: string }> {
  return new Promise((resolve) => {
    let trouble: string | undefined
    socket.on('error', (error) => {
      trouble = troubleOf(error)
    })
    socket.on('close', (code, text) => {
      ended.abort()
      resolve({ code, why: trouble ?? (text.toString() || `the connection closed (${code})`) })
    })
  })
}
