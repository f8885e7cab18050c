/**
 * Conversations as no agent would have them, through the real door into a real store: frames with
 * parts changed, taken away or of another kind, text that is no JSON, and bytes that are no WebSocket.
 * Nothing throws; what is not answered with a code of ours is acknowledged in order; what is stored
 * adds up; and an honest agent is served as before.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { openTotals } from '../../collector/store/totals/totals.ts'
import { closeCodes, readFromCollector } from '../../shared/wire.ts'
import { entriesOf } from '../support/findings-of.ts'
import type { Random } from '../support/random.ts'
import { until } from '../support/until.ts'
import type { Target } from './campaign.ts'
import { type Door, framed, openDoor, type Peer } from './door.ts'
import { mutateJson, mutateText } from './mutate.ts'
import { turns } from './turns.ts'

/** What a peer says: after an honest handshake or from the start. `raw` is Latin-1 bytes on the wire. */
type Talk = { proven: boolean; frames: ({ text: string } | { raw: string })[] }

/** Every code the door may close with; 1006 is a socket that was cut. */
const ours = new Set([1000, 1002, 1006, 1007, 1008, 1009, 1011, ...Object.values(closeCodes)])
const talksPerStore = 2000
const mostFrames = 24
/** ms; see commitsApart of the collector's ingest. */
const longerThanGathered = 6

/** The agents' door and the store behind it. */
export function framesTarget(): Target<Talk> {
  let door = openDoor()
  let talks = 0
  return {
    name: 'frames',
    seeds: seeds(),
    mutate: mutateTalk,
    run: async (talk) => {
      if (++talks % talksPerStore === 0) {
        await wellAfter(door)
        door.close()
        door = openDoor()
      }
      await tryTalk(door, talk)
      return talk.frames.length
    },
    smaller: function* smaller(talk) {
      for (let at = 0; at < talk.frames.length && talk.frames.length > 1; at++) {
        yield { ...talk, frames: talk.frames.toSpliced(at, 1) }
      }
    },
    end: async () => {
      await wellAfter(door)
      door.close()
    },
  }
}

async function tryTalk(door: Door, { proven, frames }: Talk): Promise<void> {
  const peer = proven ? await door.welcomed() : door.enter()
  const before = peer.heard.length
  let seq = 0
  for (const frame of frames) {
    if ('raw' in frame) peer.say(Buffer.from(frame.raw, 'latin1'))
    // Numbered here: most frames are to get past the numbering.
    else peer.say(framed(frame.text.replace('"seq":0', () => `"seq":${++seq}`)))
    readFromCollector('text' in frame ? frame.text : frame.raw)
  }
  await settled(peer, before, seq)
  const code = peer.code()
  assert.ok(code === undefined || ours.has(code), `closed with ${code}`)
  let last = 0
  for (const upto of acknowledged(peer, before)) {
    assert.ok(upto > last && upto <= frames.length, `acknowledged in order: ${upto} after ${last}`)
    last = upto
  }
  peer.leave()
  await turns(() => peer.code() !== undefined)
}

function acknowledged(peer: Peer, from: number): number[] {
  const acks = peer.heard.slice(from).filter(({ type }) => type === 'ack')
  return acks.map(({ upto }) => Number(upto))
}

// Until the door has hung up or acknowledged all, or has said nothing for longer than frames are gathered.
async function settled(peer: Peer, from: number, all: number): Promise<void> {
  const isDone = () => peer.code() !== undefined || acknowledged(peer, from).at(-1) === all
  for (let said = -1; !isDone() && said !== peer.heard.length; ) {
    said = peer.heard.length
    if (!(await turns(isDone, 6))) await pause(longerThanGathered)
  }
}

async function wellAfter(door: Door): Promise<void> {
  const rows = door.db.prepare(
    `SELECT kind, sum(count) AS n FROM finding
     WHERE ip IS NOT NULL AND kind IN ('attempt', 'probe', 'login') GROUP BY kind`,
  )
  door.settle()
  const stored = new Map(rows.all().map(({ kind, n }) => [kind, n]))
  const { attempts, probes, logins } = openTotals(door.db).totals()
  assert.deepEqual(
    [attempts, probes, logins],
    ['attempt', 'probe', 'login'].map((kind) => stored.get(kind) ?? 0),
    'totals are what the findings add up to',
  )
  const peer = await door.welcomed()
  peer.say(framed(JSON.stringify({ ...gap, seq: 1 })))
  await until('an honest agent is served', () => acknowledged(peer, 0).at(-1) === 1)
  peer.leave()
  await turns(() => peer.code() !== undefined)
}

const gap = {
  type: 'gap',
  seq: 0,
  source: '/var/log/auth.log',
  gap: { file: 'f', offset: 1, kind: 'missing', at: 1, text: 'gone' },
}

function seeds(): Talk[] {
  const log = readFileSync(new URL('../recordings/nas.auth.log', import.meta.url), 'utf8')
  const { entries, state, clock } = entriesOf(log.split('\n'))
  const place = { kind: 'file', file: 'f', offset: 9, before: '', name: 'n', finished: ['e'] }
  const journal = { kind: 'journal', cursor: 's=1;i=2', boot: 'b', offset: 9 }
  const checkpoint = (position: object, sessions: number) => ({
    type: 'checkpoint',
    seq: 0,
    source: gap.source,
    checkpoint: {
      position,
      clock,
      since: null,
      open: { ...state, sessions: state.sessions.slice(0, sessions) },
    },
  })
  const findings = (from: number, to: number) => ({
    type: 'findings',
    seq: 0,
    source: gap.source,
    entries: entries.slice(from, to),
  })
  const source = { source: gap.source, reading: 'auth.log', lag: 0, trouble: '' }
  const pulse = { type: 'pulse', at: 1_795_000_000_000, sources: [source] }
  const hello = {
    type: 'hello',
    protocol: { min: 1, max: 1 },
    key: `ed25519:${'A'.repeat(43)}`,
    instance: '0'.repeat(32),
    nonce: 'A'.repeat(43),
    version: '1',
    hostname: 'nas',
  }
  const proof = { type: 'proof', signature: 'A'.repeat(86) }
  const talk = (proven: boolean, ...frames: object[]): Talk => ({
    proven,
    frames: frames.map((frame) => ({ text: JSON.stringify(frame) })),
  })
  const steps = Array.from({ length: 12 }, (_, at) => findings(at * 4, at * 4 + 4))
  const full = steps.filter((step) => step.entries.length > 0)
  return [
    talk(true, ...full.slice(0, 6), checkpoint(place, 3), gap, pulse),
    talk(true, ...full.slice(6), checkpoint(journal, 0), { type: 'bye', why: 'done' }),
    talk(true, gap, gap, checkpoint(place, 0), pulse),
    talk(false, hello, proof),
    talk(false, { ...hello, check: true }, pulse),
    { proven: true, frames: [{ raw: framed(JSON.stringify(pulse)).toString('latin1') }] },
    { proven: false, frames: [{ raw: '\u0001\u0080\0\0\0\0\u0089\u0080\0\0\0\0' }] },
  ]
}

const words = [
  'findings',
  'checkpoint',
  'gap',
  'pulse',
  'hello',
  'proof',
  'bye',
  'ack',
  'welcome',
  '__proto__',
  'constructor',
  'seq',
  'entries',
  'amend',
  'attempt',
  'login',
  'loss',
  '203.0.113.9',
  '\u001b[31m',
  '\u202e',
  '\ud800',
  '\0',
  '{"type":',
  '[[[[[[[[',
  '"seq":0',
  '},{',
  '1e400',
  '-0',
  '\\u0000',
]

function mutateTalk(talk: Talk, random: Random, other: Talk): Talk {
  const at = random.whole(0, talk.frames.length - 1)
  const frame = talk.frames[at]
  const foreign = random.pick(other.frames)
  if (frame === undefined) return talk
  switch (random.whole(0, 9)) {
    case 0:
      return { ...talk, proven: !talk.proven }
    case 1:
      return talk.frames.length > 1 ? { ...talk, frames: talk.frames.toSpliced(at, 1) } : talk
    case 2:
      return { ...talk, frames: talk.frames.toSpliced(at, 0, foreign).slice(0, mostFrames) }
    case 3:
      return { ...talk, frames: talk.frames.toSpliced(at, 0, frame).slice(0, mostFrames) }
    case 4: {
      const raw = 'raw' in frame ? frame.raw : framed(frame.text).toString('latin1')
      return { ...talk, frames: talk.frames.with(at, { raw: mutateText(raw, random, raw, words) }) }
    }
    case 5:
      if ('raw' in frame) return talk
      return {
        ...talk,
        frames: talk.frames.with(at, { text: mutateText(frame.text, random, frame.text, words) }),
      }
    default:
      return { ...talk, frames: talk.frames.with(at, { text: otherJson(frame, random) }) }
  }
}

function otherJson(frame: Talk['frames'][number], random: Random): string {
  const text = 'text' in frame ? frame.text : '{}'
  try {
    return JSON.stringify(mutateJson(JSON.parse(text), random, words)) ?? 'null'
  } catch {
    return text
  }
}
