import type { Checkpoint } from '../shared/checkpoint.ts'
import { type Amendment, type Finding, type Gap, longestSentence } from '../shared/finding.ts'
import { limits } from '../shared/wire.ts'
import type { Link } from './link/link.ts'
import type { Unnumbered } from './link/window.ts'

/** What is found in one source, on its way to the collector. Everything rejects when the connection ends. */
export type Sender = {
  add: (entries: readonly (Finding | Amendment)[]) => Promise<void>
  flush: () => Promise<void>
  gap: (gap: Gap) => Promise<void>
  checkpoint: (checkpoint: Checkpoint) => Promise<void>
  /** From here on findings older than this (ms UTC; null for none) stay here. */
  startAt: (since: number | null) => void
  /** True where something was sent that no checkpoint covers yet. */
  isAhead: () => boolean
}

/**
 * Opens the sender of a source; findings older than `first` (ms UTC; null for none) stay here. Findings
 * leave before the checkpoint that covers them, on the same socket: the other way round once lost 32
 * and 610.
 */
export function openSender(
  source: string,
  link: Pick<Link, 'submit'>,
  first: number | null,
): Sender {
  let since = first
  let entries: (Finding | Amendment)[] = []
  let size = 0
  let ahead = false
  const flush = async (): Promise<void> => {
    if (entries.length === 0) return
    const full = entries
    entries = []
    size = 0
    ahead = true
    await link.submit({ type: 'findings', source, entries: full })
  }
  return {
    add: async (found) => {
      for (const entry of found) {
        if (since !== null && entry.kind !== 'amend' && entry.at < since) continue
        const more = mostBytes(entry)
        if (entries.length === limits.findingsPerFrame || size + more > room) await flush()
        entries.push(entry)
        size += more
      }
    },
    flush,
    gap: async (gap) => {
      await flush()
      const text = gap.text.slice(0, longestSentence)
      await link.submit({ type: 'gap', source, gap: { ...gap, text } })
    },
    checkpoint: async (checkpoint) => {
      await flush()
      ahead = false
      await link.submit(...fitting(source, checkpoint))
    },
    startAt: (at) => {
      since = at
    },
    isAhead: () => ahead,
  }
}

// A frame over the limit ends the connection, and its like would end the next one: what others may
// choose the length of is counted before it is sent.
const room = limits.frameBytes - 4096
const bytesBesideText = 400
const bytesPerUnit = 6

function mostBytes(entry: Finding | Amendment): number {
  if (entry.kind === 'amend') return bytesBesideText
  const { user = '', host = '', text = '', method = '', ip = '' } = entry
  const units = user.length + host.length + text.length + method.length + ip.length
  return bytesBesideText + bytesPerUnit * units
}

// Thousands of open sessions with hostile names may still be too much. Then the longest untouched are
// left out: should one of them go on after a restart, that is a little too much counted, not silence.
// What was measured is sent as it is: of a busy host it is 200 kB, and was written twice every second.
function fitting(source: string, checkpoint: Checkpoint): [frame: Unnumbered, text?: string] {
  const { open } = checkpoint
  const frame = { type: 'checkpoint' as const, source, checkpoint }
  if (open.sessions.length < fewSessions) return [frame]
  let text = JSON.stringify(frame)
  let { sessions } = open
  while (Buffer.byteLength(text) > room && sessions.length > 0) {
    sessions = sessions.slice(Math.ceil(sessions.length / 2))
    frame.checkpoint = { ...checkpoint, open: { ...open, sessions } }
    text = JSON.stringify(frame)
  }
  return [frame, text]
}

const fewSessions = 100
