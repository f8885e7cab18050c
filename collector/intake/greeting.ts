/**
 * hello → challenge → proof: within five seconds a socket proves that it holds the key of an enrolled
 * agent, or is cut. From then on its frames count under the name that was proven, never under one it
 * claims.
 */
import type { WebSocket } from 'ws'
import { keepAlive } from '../../shared/alive.ts'
import { checkPledge, makeNonce, type Pledge } from '../../shared/handshake.ts'
import {
  closeCodes,
  type FromAgent,
  type FromCollector,
  type Hello,
  limits,
  protocol,
  readFromAgent,
} from '../../shared/wire.ts'
import type { Connection, GateOptions, Listener } from './conversation.ts'

/** Who proved to be whom. */
type Proven = (connection: Connection, hello: Hello) => Promise<Listener | undefined>

/**
 * Greets a new socket. `proven` is called once its agent is known, and gives who listens to it from
 * there on, or undefined where there is no place for it.
 */
export function greet(
  socket: WebSocket,
  address: string,
  options: GateOptions,
  proven: Proven,
): void {
  const mouth = mouthOf(socket)
  const refuse: Refuse = (code, why) => {
    options.tell({ kind: 'refused', why, address })
    mouth.end(code, why)
  }
  // What the greeting knows goes with it: agents by the thousand stay connected for months.
  let listener = introduce(socket, mouth, options, refuse, async (connection, hello) => {
    listener = (frame) => mouth.end(closeCodes.badFrame, outOfTurn(frame))
    listener = (await proven(connection, hello)) ?? listener
  })
  keepAlive(socket)
  socket.on('error', () => socket.terminate())
  socket.on('message', (bytes, isBinary) => {
    if (socket.readyState !== socket.OPEN) return
    const read = isBinary ? { ok: false as const, why: 'binary' } : readFromAgent(String(bytes))
    if (read.ok) listener(read.value)
    else refuse(closeCodes.badFrame, `bad frame: ${read.why}`)
  })
}

type Mouth = Pick<Connection, 'send' | 'end'>
type Refuse = (code: number, why: string) => void

/** Gives who listens until the agent has proven itself; impatient. */
function introduce(
  socket: WebSocket,
  { send, end }: Mouth,
  options: GateOptions,
  refuse: Refuse,
  proven: (connection: Connection, hello: Hello) => Promise<void>,
): Listener {
  const impatience = setTimeout(() => socket.terminate(), limits.helloWithin)
  const left = (): void => clearTimeout(impatience)
  socket.once('close', left)
  let step: Step = { at: 'hello' }

  const heardHello = (hello: Hello): void => {
    step = challenge(hello, options.collector)
    if (step.at === 'refused') refuse(closeCodes.noCommonProtocol, step.why)
    else {
      const { protocol: version, collectorNonce: nonce } = step.pledge
      send({ type: 'challenge', protocol: version, collector: options.collector, nonce })
    }
  }
  const heardProof = ({ hello, pledge }: Challenged, signature: string): void => {
    step = { at: 'proven' }
    clearTimeout(impatience)
    socket.off('close', left)
    const agent = checkPledge(pledge, signature) ? options.agentByKey(hello.key) : undefined
    if (agent === undefined) refuse(closeCodes.unknownAgent, notEnrolled(hello))
    else void proven({ agent, instance: hello.instance, socket, send, end }, hello)
  }
  return (frame) => {
    if (step.at === 'hello' && frame.type === 'hello') heardHello(frame)
    else if (step.at === 'challenged' && frame.type === 'proof') heardProof(step, frame.signature)
    else end(closeCodes.badFrame, outOfTurn(frame))
  }
}

function outOfTurn({ type }: FromAgent): string {
  return `bad frame: ${type} out of turn`
}

type Challenged = { at: 'challenged'; hello: Hello; pledge: Pledge }
type Step = { at: 'hello' } | Challenged | { at: 'proven' } | { at: 'refused'; why: string }

function challenge(hello: Hello, collector: string): Exclude<Step, { at: 'hello' | 'proven' }> {
  const version = Math.min(protocol.max, hello.protocol.max)
  if (version < Math.max(protocol.min, hello.protocol.min)) {
    return { at: 'refused', why: noCommonProtocol(hello) }
  }
  const { key, nonce: agentNonce } = hello
  const collectorNonce = makeNonce()
  return {
    at: 'challenged',
    hello,
    pledge: { key, collector, agentNonce, collectorNonce, protocol: version },
  }
}

function noCommonProtocol({ protocol: theirs, version }: Hello): string {
  const older = theirs.max < protocol.min ? 'agent' : 'collector'
  return `no common protocol: agent ${version} speaks ${theirs.min} to ${theirs.max}, this collector ${protocol.min} to ${protocol.max}; upgrade the ${older}`
}

function notEnrolled({ key }: Hello): string {
  return `this key is not enrolled here; on the collector run: cibot-collector agents add NAME ${key}`
}

function mouthOf(socket: WebSocket): Mouth {
  const send = (frame: FromCollector): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame))
  }
  return {
    send,
    end: (code, why) => {
      send({ type: 'bye', why: why.slice(0, 512) })
      socket.close(code)
    },
  }
}
