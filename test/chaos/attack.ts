/**
 * A host under attack: an endless log of many interleaved sessions, each line with what it is worth.
 * The worth is known from the making of the session, by the rule of counting; nothing here reads a
 * line. Processes and ports come round again, as they do on real hosts.
 */
import type { FindingKind } from '../../shared/finding.ts'
import type { Random } from '../support/random.ts'
import { atTerminal, besides } from './other-sessions.ts'
import type { Age, Pace, Script, Step, Visit } from './script.ts'
import { SHAPES, type Shape } from './shapes.ts'

/** What one line must be reported as. `at` is ms UTC, as exact as the line's own stamp. */
export type Truth = {
  kind: FindingKind
  count: number
  at: number
  host: string
  ip: string
  user: string
}

export type AttackLine = { text: string; truth?: Truth }

export type AttackOptions = {
  random: Random
  /** Names of the hosts whose lines stand in this log. */
  hosts: readonly string[]
  age: Age
  /** Stamps with a year and microseconds, or the old ones. */
  stamps: 'RFC 3339' | 'RFC 3164'
  /** ms UTC of the first line. */
  from: number
}

export type Attack = { next: () => AttackLine; changeStamps: (to: AttackOptions['stamps']) => void }

/** ms between sessions, on average: a bad day's rate, some dozens of sessions open at once. */
const sessionEvery = 2_000

/** Opens the log of some hosts under attack. */
export function openAttack({ random, hosts, age, stamps, from }: AttackOptions): Attack {
  const pending = openPending()
  const places = hosts.map((host, index) => openHost(host, index === 0 ? age : 'middle', random))
  let style = stamps
  let clock = from
  const begin = () => {
    clock += -Math.log(1 - random.next()) * sessionEvery
    // The first is the host itself; what it relays of others is less.
    const place = random.chance(0.8) ? places[0] : random.pick(places)
    for (const line of place?.session(clock) ?? []) pending.add(line)
  }
  return {
    next() {
      while (pending.soonest() > clock) begin()
      const { at, host, ip, step } = pending.take()
      const exact = style === 'RFC 3339' ? Math.floor(at) : Math.floor(at / 1000) * 1000
      const text = `${stampOf(at, style)} ${host} ${step.text}`
      return step.worth === undefined
        ? { text }
        : { text, truth: { ...step.worth, at: exact, host, ip } }
    },
    changeStamps: (to) => {
      style = to
    },
  }
}

type Due = { at: number; host: string; ip: string; step: Step }

// --- one host -------------------------------------------------------------------------------------

function openHost(host: string, age: Age, random: Random) {
  const pids = openPids(random)
  const peers = openPeers(random)
  const terminals = new Map<string, number>()
  const shapes = SHAPES.filter((shape) => shape.ages.includes(age))

  const visit = (at: number): Due[] => {
    const shape = pickShape(random, shapes)
    const { ip, port } = peers.take(at, shape.alone === true)
    const pid = pids.take(at, shape.placed === true)
    const helpers: number[] = []
    const helper = () => {
      const other = pids.take(at, false)
      helpers.push(other)
      return other
    }
    const pace: Pace = random.chance(0.3) ? 'slow' : 'quick'
    const script = shape.script({ random, age, ip, port, pid, helper, pace } satisfies Visit)
    const lines = inTime(random, script, at).map((due) => ({ ...due, host, ip }))
    const last = lines.at(-1)?.at ?? at
    pids.free(pid, last, script.ends)
    for (const other of helpers) pids.free(other, last, false)
    peers.left(ip, last)
    return lines
  }
  const sit = (at: number): Due[] => {
    const user = random.pick(['alice', 'bob'])
    const tty = `pts/${random.whole(0, 3)}`
    const terminal = `${user} ${tty}`
    if ((terminals.get(terminal) ?? 0) > at) return []
    const pid = pids.take(at, false)
    const lines = inTime(random, atTerminal({ random, user, tty, pid }), at)
    const last = lines.at(-1)?.at ?? at
    pids.free(pid, last, false)
    terminals.set(terminal, last + 20_000)
    return lines.map((due) => ({ ...due, host, ip: '' }))
  }
  const chat = (at: number): Due[] => {
    const pid = pids.take(at, false)
    pids.free(pid, at, false)
    return [{ at, host, ip: '', step: besides(random, pid) }]
  }
  return {
    session(at: number): Due[] {
      if (random.chance(0.04)) return sit(at)
      return random.chance(0.15) ? chat(at) : visit(at)
    },
  }
}

function pickShape(random: Random, shapes: readonly Shape[]): Shape {
  let left = random.next() * shapes.reduce((sum, shape) => sum + shape.weight, 0)
  for (const shape of shapes) {
    left -= shape.weight
    if (left < 0) return shape
  }
  return random.pick(shapes)
}

const paces: Record<Pace, [least: number, most: number]> = {
  close: [0, 50],
  quick: [100, 2_500],
  // sshd gives two minutes in all, and keeps silent no longer than a client does.
  slow: [3_000, 60_000],
}

function inTime(random: Random, { steps }: Script, from: number): { at: number; step: Step }[] {
  let at = from
  return steps.map((step, index) => {
    const [least, most] = paces[step.after]
    if (index > 0) at += least + random.next() * (most - least)
    return { at, step }
  })
}

// --- what comes round again -----------------------------------------------------------------------

/** Far fewer than a kernel has, so that they come round within one log. */
const mostPids = 6_000
/** After an end nothing more is said; without one, a daemon may have more to say for some minutes. */
const quietAfter = { end: 11_000, noEnd: 310_000 }

function openPids(random: Random) {
  const busyUntil = new Map<number, number>()
  const ended: { pid: number; at: number }[] = []
  let last = random.whole(300, mostPids)
  const isBusy = (pid: number, at: number) => (busyUntil.get(pid) ?? 0) > at
  const fresh = (at: number) => {
    do last = last >= mostPids ? 300 : last + random.whole(1, 3)
    while (isBusy(last, at))
    return last
  }
  // Given out at once to the next connection, which only its address tells from the one before.
  const again = (at: number) => {
    const index = ended.findIndex((one) => one.at < at)
    return index < 0 ? undefined : ended.splice(index, 1)[0]?.pid
  }
  return {
    take(at: number, placed: boolean): number {
      const pid = (placed && random.chance(0.05) ? again(at) : undefined) ?? fresh(at)
      busyUntil.set(pid, Number.POSITIVE_INFINITY)
      return pid
    },
    free(pid: number, at: number, ends: boolean): void {
      busyUntil.set(pid, at + (ends ? quietAfter.end : quietAfter.noEnd))
      if (!ends) return
      ended.push({ pid, at })
      if (ended.length > 20) ended.shift()
    },
  }
}

function openPeers(random: Random) {
  const many = Array.from({ length: 250 }, (_, index) =>
    index % 10 === 0
      ? `2001:db8::${(index + 1).toString(16)}`
      : `${random.pick(['192.0.2', '203.0.113'])}.${(index % 254) + 1}`,
  )
  // Nobody else may speak from these meanwhile: see Shape.alone.
  const lonely = Array.from({ length: 250 }, (_, index) => `198.51.100.${index + 1}`)
  const freeAt = new Map<string, number>()
  let [port, before] = [40_000, '']
  return {
    take(at: number, alone: boolean): { ip: string; port: number } {
      const free = alone ? lonely.filter((ip) => (freeAt.get(ip) ?? 0) < at) : many
      // A few come all the time, most now and then.
      const ip = free[Math.floor(random.next() ** 2 * free.length)] ?? random.pick(free)
      if (alone) freeAt.set(ip, Number.POSITIVE_INFINITY)
      if (ip === before || !random.chance(0.1)) port = random.whole(1024, 65_535)
      before = ip
      return { ip, port }
    },
    left(ip: string, at: number): void {
      freeAt.set(ip, at + 20_000)
    },
  }
}

// --- in the order of time -------------------------------------------------------------------------

function openPending() {
  const lines: Due[] = []
  return {
    // Few are open at once, and most lines are due soon.
    add(line: Due): void {
      let index = lines.length
      while (index > 0 && (lines[index - 1]?.at ?? 0) > line.at) index--
      lines.splice(index, 0, line)
    },
    soonest: () => lines[0]?.at ?? Number.POSITIVE_INFINITY,
    take(): Due {
      const line = lines.shift()
      if (line === undefined) throw new Error('no line is due')
      return line
    },
  }
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

// RFC 3164 pads the day with a blank and has no year.
function stampOf(at: number, style: AttackOptions['stamps']): string {
  const date = new Date(at)
  if (style === 'RFC 3339') {
    const micros = String(Math.floor((at % 1) * 1000)).padStart(3, '0')
    return date.toISOString().replace('Z', `${micros}+00:00`)
  }
  const day = String(date.getUTCDate()).padStart(2)
  return `${months[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 19)}`
}
