/** One log line, or one entry of the journal → what it says, when, and who said it. Never throws. */
import type { Event, Parsed } from './event.ts'
import { type JournalRecord, readJson } from './journal.ts'
import { cutPrefix, type Prefix, pastDecoration } from './prefix/prefix.ts'
import { openTime, type Time, type TimeOptions } from './prefix/time.ts'
import { baseOf, understand } from './understand.ts'

export type Parser = {
  /** `text` is one decoded line, in the order of its file; it may be one of `journalctl -o json`. */
  line: (text: string) => Parsed
  record: (record: JournalRecord) => Parsed
  /** ms UTC of the last line that bore a time: all that a checkpoint must keep. */
  last: () => number | null
  /** Its clock, for who reads a line's stamp himself. */
  time: Time
  /** How the last line was cut; null where it was one of `journalctl -o json`. */
  prefix: () => Prefix | null
}

/** A parser for the lines of one file; throws a RangeError where the zone is none. */
export function openParser(options: TimeOptions): Parser {
  const time = openTime(options)
  let prefix: Prefix | null = null
  return {
    line(line) {
      prefix = null
      const record = line.charCodeAt(0) === BRACE ? readJson(parseJson(line)) : null
      if (record !== null) return understandRecord(record)
      prefix = cutPrefix(line)
      const { stamp, host, program, pid, text, start } = prefix
      const at = stamp === null ? null : time.at(stamp)
      return { at, host, program, pid, event: understand(program, text, start) }
    },
    record: understandRecord,
    last: time.last,
    time,
    prefix: () => prefix,
  }
}

const BRACE = 123

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function understandRecord(record: JournalRecord): Parsed {
  const { at, host, program, pid, message } = record
  const start = message === null ? 0 : pastDecoration(message, 0)
  const event = message === null ? null : understand(program, message, start)
  return { at, host, program, pid, event: event !== null && isForged(record, event) ? null : event }
}

/**
 * Anybody on a machine may log under any tag (logger -t sshd), with its path or under none at all; only
 * journald knows who did. What sshd and dropbear themselves write as the user, after login, is the end of
 * his session. What else a person's own processes have to tell is of the machine: a daemon that hears of
 * addresses, one that writes logs, and what changes another's account, run as somebody else.
 */
function isForged({ program, uid }: JournalRecord, event: Event): boolean {
  if (uid === null || uid === 0) return false
  const tag = baseOf(program ?? '')
  if (tag === '' || ONLY_ROOT.test(tag)) return event.kind !== 'closed' || event.preauth === true
  if (uid < firstPerson || uid > lastPerson) return false
  if (event.kind === 'change') return !HIS_OWN.test(tag)
  return event.ip !== undefined || event.kind === 'loss'
}

const ONLY_ROOT = /^(?:sshd|sshd-session|sshd-auth|dropbear)(?:\(pam_\w+\))?$/
const HIS_OWN = /^(?:passwd|chfn|chsh|chage|gpasswd|su|sudo)$/

/** The user ids that people have (systemd docs/UIDS-GIDS.md): below are daemons, above are dynamic ones. */
const [firstPerson, lastPerson] = [1000, 60_513]
