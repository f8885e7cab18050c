/**
 * Every frame the two sides speak, once, for both. JSON text over one WebSocket at /agent:
 *
 *   agent: hello → collector: challenge → agent: proof → collector: welcome (where to resume)
 *   agent: findings, checkpoint, gap (numbered by seq, acknowledged by ack {upto}) and pulse
 *
 * A frame that does not fit its schema ends the connection; nothing is coerced or ignored.
 */
import Type, { type Static, type TSchema } from 'typebox'
import { type Checked, checker } from './check.ts'
import { Checkpoint } from './checkpoint.ts'
import { Amendment, Finding, Gap, longestSentence } from './finding.ts'

/** Protocol versions this build speaks, lowest and highest. */
export const protocol = { min: 1, max: 1 } as const

/** Bounds of the wire. Bytes, milliseconds, counts. */
export const limits = {
  frameBytes: 1024 * 1024,
  findingsPerFrame: 500,
  unacknowledged: 8,
  helloWithin: 5_000,
  pingEvery: 15_000,
  silentAfter: 30_000,
} as const

/** Why a socket was closed (RFC 6455 section 7.4.2 leaves 4000–4999 to applications). */
export const closeCodes = {
  badFrame: 4400,
  unknownAgent: 4401,
  noCommonProtocol: 4406,
  duplicateIdentity: 4409,
  slowDown: 4429,
} as const

/** Path of the agents' socket on the collector. */
export const agentPath = '/agent'

const strict = { additionalProperties: false } as const
const Nonce = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })
const Source = Type.String({ minLength: 1, maxLength: 512 })
const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const Millis = Type.Integer({ minimum: 0, maximum: 8.64e15 })

export const Hello = Type.Object(
  {
    type: Type.Literal('hello'),
    protocol: Type.Object(
      { min: Type.Integer({ minimum: 1 }), max: Type.Integer({ minimum: 1 }) },
      strict,
    ),
    /** The agent's public key: the agent is who holds its private half. */
    key: Type.String({ pattern: '^ed25519:[A-Za-z0-9_-]{43}$' }),
    /** Random per process: tells a reconnecting agent from a clone of it. */
    instance: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    nonce: Nonce,
    version: Type.String({ minLength: 1, maxLength: 64 }),
    hostname: Type.String({ minLength: 1, maxLength: 255 }),
    /** Only asks whether it would be welcome; takes no place and reports nothing. */
    check: Type.Optional(Type.Literal(true)),
  },
  strict,
)
export type Hello = Static<typeof Hello>

export const Challenge = Type.Object(
  {
    type: Type.Literal('challenge'),
    protocol: Type.Integer({ minimum: 1 }),
    collector: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    nonce: Nonce,
  },
  strict,
)
export type Challenge = Static<typeof Challenge>

export const Proof = Type.Object(
  {
    type: Type.Literal('proof'),
    signature: Type.String({ pattern: '^[A-Za-z0-9_-]{86}$' }),
  },
  strict,
)
export type Proof = Static<typeof Proof>

export const Welcome = Type.Object(
  {
    type: Type.Literal('welcome'),
    /** The agent's name in the fleet. */
    name: Type.String({ minLength: 1, maxLength: 64 }),
    /** ms UTC on the collector, for the agent's own check of its clock. */
    now: Millis,
    resume: Type.Array(Type.Object({ source: Source, checkpoint: Checkpoint }, strict)),
  },
  strict,
)
export type Welcome = Static<typeof Welcome>

export const Findings = Type.Object(
  {
    type: Type.Literal('findings'),
    seq: Seq,
    source: Source,
    entries: Type.Array(Type.Union([Finding, Amendment]), {
      minItems: 1,
      maxItems: limits.findingsPerFrame,
    }),
  },
  strict,
)
export type Findings = Static<typeof Findings>

export const CheckpointFrame = Type.Object(
  { type: Type.Literal('checkpoint'), seq: Seq, source: Source, checkpoint: Checkpoint },
  strict,
)
export type CheckpointFrame = Static<typeof CheckpointFrame>

export const GapFrame = Type.Object(
  { type: Type.Literal('gap'), seq: Seq, source: Source, gap: Gap },
  strict,
)
export type GapFrame = Static<typeof GapFrame>

/** How one source stands, as the agent sees it. */
export const SourceState = Type.Object(
  {
    source: Source,
    /** What is being read: a file's name, or "journal". */
    reading: Type.String({ maxLength: 512 }),
    /** Bytes on disk not read yet; null where nobody can know (journal). */
    lag: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
    /** Empty when all is well, else one sentence: why nothing can be read. */
    trouble: Type.String({ maxLength: longestSentence }),
  },
  strict,
)
export type SourceState = Static<typeof SourceState>

export const Pulse = Type.Object(
  {
    type: Type.Literal('pulse'),
    /** ms UTC on the agent. */
    at: Millis,
    sources: Type.Array(SourceState, { maxItems: 64 }),
  },
  strict,
)
export type Pulse = Static<typeof Pulse>

export const Ack = Type.Object({ type: Type.Literal('ack'), upto: Seq }, strict)
export type Ack = Static<typeof Ack>

export const Bye = Type.Object(
  { type: Type.Literal('bye'), why: Type.String({ maxLength: 512 }) },
  strict,
)
export type Bye = Static<typeof Bye>

export type FromAgent = Hello | Proof | Findings | CheckpointFrame | GapFrame | Pulse | Bye
export type FromCollector = Challenge | Welcome | Ack | Bye

/** Checks a text frame an agent sent. */
export const readFromAgent = makeFrameReader<FromAgent>({
  hello: Hello,
  proof: Proof,
  findings: Findings,
  checkpoint: CheckpointFrame,
  gap: GapFrame,
  pulse: Pulse,
  bye: Bye,
})

/** Checks a text frame the collector sent. */
export const readFromCollector = makeFrameReader<FromCollector>({
  challenge: Challenge,
  welcome: Welcome,
  ack: Ack,
  bye: Bye,
})

// One checker per frame type instead of one union: the sentence then speaks of the frame meant.
function makeFrameReader<F>(schemas: Record<string, TSchema>): (text: string) => Checked<F> {
  const checkers = new Map(Object.entries(schemas).map(([type, s]) => [type, checker(s)]))
  return (text) => {
    const frame = parseJson(text)
    const type =
      typeof frame === 'object' && frame !== null ? Reflect.get(frame, 'type') : undefined
    const check = typeof type === 'string' ? checkers.get(type) : undefined
    if (check === undefined) return { ok: false, why: 'this is no frame of the protocol' }
    return check(frame) as Checked<F>
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
