/**
 * The other side of the ingest bench, a process of its own: so many agents over real sockets, each with
 * its own key and the whole handshake, telling made-up findings. Says in JSON lines when it begins and
 * what it measured. Its settings are the JSON of its first argument.
 *
 * What is told has the mix of OpenSSH_2k.log (524 attempts, 492 amendments, 24 addresses, 371 of root, 98
 * pairs of address and name): an address knocks on one host some 22 times in a row, seven times of ten as
 * root, else half the time as who it was before; what each attempt was tried with follows in the next
 * frame. Three addresses in a hundred are IPv6. Amendments are not counted as findings.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { WebSocket } from 'ws'
import { readPrivateKey } from '../../shared/handshake.ts'
import { agentPath } from '../../shared/wire.ts'
import { randomOf } from '../support/random.ts'
import { type Heard, helloOf, proofOf } from '../support/stranger.ts'

export type LoadSettings = {
  /** ws:// or wss://; `ca` the file of the certificate trusted. */
  url: string
  ca?: string | undefined
  /** File with a PEM private key per agent, as a JSON array. */
  keys: string
  /** Agents of this process: so many from that place in `keys`. */
  agents: number
  first: number
  /** Findings a frame; and a second over all agents, undefined for as many as are acknowledged. */
  batch: number
  rate?: number | undefined
  /** Unacknowledged frames an agent may have. */
  window: number
  /** Seconds before the measurement begins, and of it. */
  warm: number
  seconds: number
  /** Tell so many findings and end, instead of measuring. */
  most?: number
}

/** `connect` in ms for all agents; latencies in ms from when a frame was due to its acknowledgement. */
export type Load =
  | { at: 'connected'; connect: number }
  | { at: 'begin' }
  | { at: 'end'; seconds: number; findings: number; p50: number; p99: number; most: number }
  | { at: 'failed'; why: string }

const say = (load: Load): boolean => process.stdout.write(`${JSON.stringify(load)}\n`)

async function load(settings: LoadSettings): Promise<void> {
  const keys = JSON.parse(readFileSync(settings.keys, 'utf8')) as string[]
  const measured = openMeasure()
  const began = performance.now()
  const agents: Teller[] = []
  // Strangers are counted per address on the collector: a crowd comes in smaller crowds.
  for (let from = 0; from < settings.agents; from += 100) {
    const some = keys.slice(
      settings.first + from,
      settings.first + Math.min(from + 100, settings.agents),
    )
    agents.push(
      ...(await Promise.all(some.map((pem, at) => teller(settings, pem, from + at, measured)))),
    )
  }
  say({ at: 'connected', connect: performance.now() - began })
  if (settings.most !== undefined) {
    for (const { tell } of agents) for (let at = 0; at < settings.window; at++) tell(began)
    while (measured.frames() * settings.batch < settings.most) await sleep(20)
    say({ at: 'end', ...measured.end(settings.batch) })
    return
  }
  const stop = settings.rate === undefined ? closed(agents, settings) : open(agents, settings)
  await sleep(settings.warm * 1000)
  say({ at: 'begin' })
  measured.begin()
  await sleep(settings.seconds * 1000)
  say({ at: 'end', ...measured.end(settings.batch) })
  stop()
}

function openMeasure() {
  let times: number[] = []
  let since = 0
  let running = false
  let frames = 0
  return {
    frames: () => frames,
    note: (ms: number) => {
      frames += 1
      if (running) times.push(ms)
    },
    begin: () => {
      times = []
      since = performance.now()
      running = true
    },
    end: (batch: number) => {
      running = false
      const seconds = (performance.now() - since) / 1000
      const sorted = Float64Array.from(times).sort()
      const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
      const findings = times.length * batch
      return { seconds, findings, p50: at(0.5), p99: at(0.99), most: at(1) }
    },
  }
}

type Teller = { tell: (due: number) => void }

// A frame in a full window waits here, and its time runs from when it was due.
async function teller(
  settings: LoadSettings,
  pem: string,
  index: number,
  { note }: { note: (ms: number) => void },
): Promise<Teller> {
  const socket = await prove(settings, pem)
  const nextFrame = frames(settings, settings.first + index)
  const sent: number[] = []
  const waiting: number[] = []
  let [seq, acknowledged] = [0, 0]
  const pump = (): void => {
    while (waiting.length > 0 && seq - acknowledged < settings.window) {
      seq += 1
      sent.push(waiting.shift() as number)
      socket.send(nextFrame(seq))
    }
  }
  const tell = (due: number): void => {
    waiting.push(due)
    pump()
  }
  socket.on('message', (bytes) => {
    const frame = JSON.parse(String(bytes)) as { type: string; upto: number }
    if (frame.type !== 'ack') fail(`the collector said ${String(bytes)}`)
    const now = performance.now()
    while (acknowledged < frame.upto) {
      acknowledged += 1
      note(now - (sent.shift() as number))
      if (settings.rate === undefined) waiting.push(now)
    }
    pump()
  })
  return { tell }
}

function fail(why: string): never {
  say({ at: 'failed', why })
  process.exit(1)
}

async function prove({ url, ca }: LoadSettings, pem: string): Promise<WebSocket> {
  const key = readPrivateKey(pem)
  const socket = new WebSocket(`${url}${agentPath}`, {
    perMessageDeflate: false,
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
  })
  socket.on('close', (code) => fail(`a connection ended: ${code}`))
  await once(socket, 'open')
  const hello = helloOf(key, { instance: '0'.repeat(32), version: 'bench', hostname: 'bench' })
  socket.send(JSON.stringify(hello))
  const challenge = await heard(socket, 'challenge')
  socket.send(JSON.stringify(proofOf(hello, challenge, key)))
  await heard(socket, 'welcome')
  return socket
}

async function heard(socket: WebSocket, type: string): Promise<Heard> {
  const [bytes] = (await once(socket, 'message')) as [Buffer]
  const frame = JSON.parse(String(bytes)) as Heard
  if (frame.type !== type) fail(`expected ${type}, the collector said ${String(bytes)}`)
  return frame
}

function closed(agents: readonly Teller[], { window }: LoadSettings): () => void {
  for (const { tell } of agents) for (let at = 0; at < window; at++) tell(performance.now())
  return () => undefined
}

function open(agents: readonly Teller[], { rate = 1, batch }: LoadSettings): () => void {
  const every = (1000 * batch) / rate
  const began = performance.now()
  let told = 0
  const timer = setInterval(() => {
    for (let due = began + told * every; due <= performance.now(); due += every) {
      agents[told % agents.length]?.tell(due)
      told += 1
    }
  }, 1)
  return () => clearInterval(timer)
}

// --- what is told -------------------------------------------------------------------------------

const names = ['admin', 'test', 'oracle', 'ubuntu', 'user', 'postgres', 'guest', 'git', 'pi', 'ftp']
const knocks = 22
const addresses = 20_000

function frames({ batch }: LoadSettings, index: number): (seq: number) => string {
  const random = randomOf(index + 1).next
  // Every run of this process is another life of the log, so that no mark calls it a repeat.
  const file = `${Date.now().toString(16)}-${index}`
  let ip = addressOf(0)
  let user = 'root'
  let other = 'admin'
  let [offset, pid] = [0, 1000]
  let open: number[] = []
  const attempt = (): string => {
    if (random() < 1 / knocks) ip = addressOf(Math.floor(addresses * random() ** 2))
    offset += 300
    pid += 1
    if (random() < 0.5) other = nameOf(Math.floor(random() < 0.9 ? random() * 60 : random() * 5000))
    user = random() < 0.71 ? 'root' : other
    if (random() < 0.94) open.push(offset)
    return `{"kind":"attempt","at":${Date.now()},"count":1,"ordinal":0,"program":"sshd","pid":${pid},"ip":"${ip}","port":${1024 + (pid % 60_000)},"user":"${user}","file":"${file}","offset":${offset}}`
  }
  return (seq) => {
    const amendments = open.map(
      (at) => `{"kind":"amend","file":"${file}","offset":${at},"method":"password"}`,
    )
    open = []
    const entries = [...amendments, ...Array.from({ length: batch }, attempt)]
    return `{"type":"findings","seq":${seq},"source":"/var/log/auth.log","entries":[${entries.join(',')}]}`
  }
}

function nameOf(at: number): string {
  return names[at] ?? `user${at}`
}

function addressOf(place: number): string {
  if (place % 33 === 0) return `2001:db8:${place.toString(16)}::1`
  return `${11 + (place % 180)}.${(place >> 8) % 256}.${place % 256}.${(place * 7) % 256}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await load(JSON.parse(process.argv[2] ?? '') as LoadSettings)
  process.exit(0)
}
