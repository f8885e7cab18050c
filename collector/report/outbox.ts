/**
 * Delivers the stored parts of reports, whatever happens. The database knows how far each one got:
 * a part is claimed before it is sent and settled after, so a crash at any instant leaves it either
 * untouched or in doubt, and one in doubt goes out once more, saying so.
 */
import { refusedByDisk } from '../store/disk.ts'
import type { Part, Settled } from '../store/reports/parts.ts'
import type { Reports } from '../store/reports/reports.ts'
import type { Clock } from './clock.ts'
import { prefixed, repeatMark } from './render.ts'
import { messageLimits } from './split.ts'
import type { Message, Outcome, Send } from './telegram.ts'

export type OutboxSettings = {
  reports: Reports
  send: Send
  clock: Clock
  /** 0 <= random() < 1. */
  random: () => number
  /** Different for every process that ever runs. */
  owner: string
  /** The configured chat. */
  chat: string
  /** Told in one sentence what becomes of reports, for the collector's log. */
  note: (text: string) => void
}

export type Outbox = {
  /** Delivers until stopped; rejects where the database fails, as the process should end then. */
  run: () => Promise<void>
  /** Something was queued, or a person wants another try: look again now. */
  wake: () => void
  /** Ends run() after the message on its way is settled. */
  stop: () => void
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** How the outbox spaces its tries, in ms. */
export const pace = {
  /** Telegram takes about one message a second in a chat. */
  between: second,
  /** Well above the longest call: a lease that ends means its owner is gone. */
  lease: 3 * minute,
  /** After a refusal nothing is tried until woken, or this long. */
  held: hour,
  /** Where the disk takes nothing, it is asked again this often. */
  full: 10 * second,
  longestBackOff: 5 * minute,
  longestWait: day,
} as const

/** Opens the outbox; nothing is sent before run(). */
export function openOutbox(settings: OutboxSettings): Outbox {
  const { reports, clock } = settings
  const stopped = new AbortController()
  let awake = new AbortController()
  let failures = 0

  const rest = (ms: number): Promise<void> => clock.wait(ms, stopped.signal)
  const nap = async (ms: number): Promise<void> => {
    await clock.wait(ms, AbortSignal.any([stopped.signal, awake.signal]))
    awake = new AbortController()
  }
  // A full disk is no reason to end: what was sent must not be forgotten, and the rest can wait.
  const written = async <T>(work: () => Promise<T>): Promise<T | null> => {
    while (!stopped.signal.aborted) {
      try {
        return await work()
      } catch (error) {
        if (!refusedByDisk(error)) throw error
        await rest(pace.full)
      }
    }
    return null
  }
  const deliverNext = async (): Promise<void> => {
    const now = clock.now()
    const part = await written(() =>
      reports.claim({ owner: settings.owner, now, lease: pace.lease, again }),
    )
    if (part === null) return nap(await untilDue(reports, now))
    const { outcome, note } = await deliver(settings, part)
    failures = outcome.kind === 'later' || outcome.kind === 'migrated' ? failures + 1 : 0
    // A moment is a whole number of ms: the store takes no other, and random() hardly ever gives one.
    const wait = Math.round(waitAfter(outcome, failures, settings.random))
    const result = settled(outcome, part, clock.now() + wait, note)
    await written(() => reports.settle(part, settings.owner, result))
    settings.note(sentence(part, outcome, note))
    if (outcome.kind === 'refused') await nap(wait)
    else await rest(wait)
  }
  return {
    run: async () => {
      while (!stopped.signal.aborted) await deliverNext()
    },
    wake: () => awake.abort(),
    stop: () => stopped.abort(),
  }
}

/**
 * ms before a part in doubt goes out again. Eight times longer each time: one more copy settles
 * nearly every doubt, a part must not be lost where it does not, and a person must not be flooded
 * where messages arrive but answers never do.
 */
export function again(doubts: number): number {
  return Math.min(5 * second * 8 ** doubts, 2 * day)
}

async function untilDue(reports: Reports, now: number): Promise<number> {
  const due = await reports.nextDue()
  if (due === null) return Number.POSITIVE_INFINITY
  // A stamp far ahead is one of a clock that was set back; it is not waited for.
  return Math.min(Math.max(due - now, second), hour)
}

/** Sends one part; as plain text once more where Telegram cannot read its formatting. */
async function deliver(
  { reports, send, chat }: OutboxSettings,
  part: Part,
): Promise<{ outcome: Outcome; note: string | null }> {
  const message = messageOf(part, await reports.chat(chat))
  const first = await send(message)
  if (first.kind === 'migrated') {
    await reports.moveChat(chat, first.chat)
    return { outcome: first, note: null }
  }
  if (first.kind !== 'malformed') return { outcome: first, note: null }
  const text = message.text.slice(0, messageLimits.units)
  const outcome = await send({ ...message, text, entities: [] })
  return { outcome, note: `sent without formatting, because Telegram said: ${first.why}` }
}

function messageOf(part: Part, chat: string): Message {
  const { kind, report: number, parts } = part
  const mark = part.repeat ? repeatMark({ kind, number, part: part.part, parts }) : ''
  return { ...prefixed(mark, part), chat, silent: !part.loud }
}

/** ms before the next call of any kind. */
function waitAfter(outcome: Outcome, failures: number, random: () => number): number {
  switch (outcome.kind) {
    case 'later':
      return outcome.seconds === null
        ? backOff(failures, random)
        : Math.min(outcome.seconds * second + random() * second, pace.longestWait)
    case 'refused':
      return pace.held
    case 'sent':
    case 'unsure':
    case 'malformed':
      return pace.between
    // Once is enough, unless something answers so every time.
    case 'migrated':
      return backOff(failures, random)
  }
}

function backOff(failures: number, random: () => number): number {
  const most = Math.min(2 ** failures * second, pace.longestBackOff)
  return most / 2 + (random() * most) / 2
}

function settled(outcome: Outcome, part: Part, due: number, note: string | null): Settled {
  switch (outcome.kind) {
    case 'sent':
      return { kind: 'sent', message: outcome.id, why: note }
    case 'later':
      return { kind: 'later', due, why: outcome.why }
    case 'migrated':
      return { kind: 'later', due, why: 'the group has become a supergroup' }
    case 'unsure':
      return { kind: 'unsure', due: due - pace.between + again(part.doubts), why: outcome.why }
    case 'refused':
      return { kind: 'held', why: outcome.why }
    case 'malformed':
      return { kind: 'refused', why: outcome.why }
  }
}

/** What the collector's log says of it. */
function sentence(part: Part, outcome: Outcome, formatting: string | null): string {
  const name = `${part.kind === 'alert' ? 'Alert' : 'Report'} #${part.report}, part ${part.part}/${part.parts}`
  switch (outcome.kind) {
    case 'sent':
      return `${name} was ${formatting ?? 'sent'}`
    case 'later':
      return `${name} could not be sent and will be tried again: ${outcome.why}`
    case 'migrated':
      return `The Telegram group has become a supergroup; its new chat id is ${outcome.chat}`
    case 'unsure':
      return `${name} may have arrived and will be repeated, marked as a repeat: ${outcome.why}`
    case 'refused':
      return `Telegram refuses ${name}: ${outcome.why}. Check the token, the chat id and that the bot is in the chat; the report is kept and tried again within the hour, or at once by: cibot-collector report --resend ${part.report}`
    case 'malformed':
      return `Telegram cannot take ${name}, not even as plain text: ${outcome.why}. It is kept; please report this as a bug`
  }
}
