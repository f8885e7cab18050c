/** Somebody at the agents' door who speaks its protocol by hand, honestly or not. */

import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import { makeNonce, publicKeyOf, signPledge } from '../../shared/handshake.ts'
import { agentPath } from '../../shared/wire.ts'

export type Heard = Record<string, unknown> & { type: string }

/** Connects to http://host:port, and has not said anything yet. */
export async function knock(url: string, options: ClientOptions = {}) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${agentPath}`, options)
  const heard: Heard[] = []
  let wake = Promise.withResolvers<void>()
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.on('message', (text) => {
    heard.push(JSON.parse(String(text)) as Heard)
    wake.resolve()
    wake = Promise.withResolvers()
  })
  socket.on('error', () => undefined)
  await once(socket, 'open')
  return {
    socket,
    closed,
    say: (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    /** The next frame of this type, or of a goodbye; rejects where the connection ends first. */
    next: async (type: string): Promise<Heard> => {
      for (;;) {
        const at = heard.findIndex((frame) => frame.type === type)
        if (at >= 0) return heard.splice(at, 1)[0] as Heard
        const ended = closed.then((code) => {
          if (!heard.some((frame) => frame.type === type)) throw new Error(`closed with ${code}`)
        })
        await Promise.race([wake.promise, ended])
      }
    },
  }
}

export type Stranger = Awaited<ReturnType<typeof knock>>

/** What an agent with this key says first. */
export function helloOf(key: KeyObject, more: Record<string, unknown> = {}) {
  return {
    type: 'hello',
    protocol: { min: 1, max: 1 },
    key: publicKeyOf(key),
    instance: '1'.repeat(32),
    nonce: makeNonce(),
    version: '1',
    hostname: 'nas',
    ...more,
  }
}

/** The answer to a challenge, signed by `key`; `over` changes what is signed. */
export function proofOf(
  hello: ReturnType<typeof helloOf>,
  challenge: Heard,
  key: KeyObject,
  over: Record<string, unknown> = {},
) {
  const pledge = {
    key: hello.key,
    collector: String(challenge['collector']),
    agentNonce: hello.nonce,
    collectorNonce: String(challenge['nonce']),
    protocol: 1,
    ...over,
  }
  return { type: 'proof', signature: signPledge(pledge, key) }
}

/** Goes through the handshake honestly; gives what was said, for who would record it. */
export async function enter(url: string, key: KeyObject, more: Record<string, unknown> = {}) {
  const stranger = await knock(url)
  const hello = helloOf(key, more)
  stranger.say(hello)
  const proof = proofOf(hello, await stranger.next('challenge'), key)
  stranger.say(proof)
  await stranger.next('welcome')
  return { ...stranger, recorded: [hello, proof] }
}
