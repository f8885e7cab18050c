/**
 * What stands before a message, known again: the lines of a log share their day, their host and a
 * few tags. ../prefix/ reads a line; what it found is remembered with its bytes, and where the next
 * line has the same bytes, only its clock and its pid are read. Cutting every line anew was a third
 * of all time.
 */
import { highestPid, hostOf, programOf } from '../../fold/told.ts'
import type { Prefix } from '../prefix/prefix.ts'
import type { Stamp } from '../prefix/stamp.ts'
import type { Time } from '../prefix/time.ts'
import { isForeign, isStranger } from '../understand.ts'
import { isAt, type Literal, literal, numberAt, pastDigits } from './literal.ts'
import { fromForeigner, fromLogind, fromStranger, fromSudo } from './others.ts'
import { fromSshd, type Speaker } from './sshd.ts'

export type Prefixes = {
  /**
   * Where the message of bytes[from..end) begins; -1 where the prefix is none of those known. The rest
   * of what it says then stands in `read`. `base` is the place of bytes[0] in the log: as long as that
   * stays, so do the bytes.
   */
  past: (bytes: Buffer, view: DataView, from: number, end: number, base: number) => number
  read: Read
  /** Remembers what was read of a line the long way; `at` is null where it bears no time. */
  learn: (line: string, prefix: Prefix, at: number | null) => void
  /** A line was of another make. */
  forget: () => void
}

/** What the prefix just cut says: ms UTC, the pid, and the host as the fold knows it. */
export type Read = { at: number; pid: number | null; host: string; tag: Tag }

/** A tag whose messages this stage may understand; `text` includes the `[` of its pid, or its colon. */
export type Tag = { text: Literal; hasPid: boolean; program: string; speaker: Speaker }
type Host = { text: Literal; name: string }
type Before = { bytes: Buffer | null; base: number; from: number; length: number }

const mostKnown = 64
/** No prefix with a tag of ours is shorter; so much may be looked at at once. */
const shortest = 32

/** Opens the memory of one log. `time` is that of its parser. */
export function openPrefixes(time: Time, isOwn: (host: string) => boolean): Prefixes {
  let day: Day | null = null
  let host: Host = { text: literal('    '), name: '' }
  let tag: Tag = { text: literal('    '), hasPid: false, program: '', speaker: fromStranger }
  let isMissed = true
  const hosts = new Map<number, Host>()
  const tags = new Map<number, Tag[]>()
  // A number in a field is written where it stands; in a variable of ours each one is a new object.
  const read: Read = { at: Number.NaN, pid: null, host: '', tag }

  // Where the stamp and the host of the line before stand: many lines share their second.
  const before: Before = { bytes: null, base: 0, from: 0, length: 0 }

  const past = (bytes: Buffer, view: DataView, from: number, end: number, base: number): number => {
    isMissed = true
    if (day === null || end - from < shortest) return -1
    if (before.bytes !== bytes || before.base !== base || !isSame(view, from, end, before)) {
      before.bytes = null
      const behind = readOrigin(day, bytes, view, from, end)
      if (behind === -1) return -1
      before.bytes = bytes
      before.base = base
      before.length = behind - from
    }
    before.from = from
    const start = from + before.length
    if (!isAt(view, start, end, tag.text)) {
      const other = tagAt(view, start, end)
      if (other === undefined) return -1
      tag = other
      read.tag = other
    }
    isMissed = false
    return pastPid(bytes, start + tag.text.length, end)
  }
  const readOrigin = (
    known: Day,
    bytes: Buffer,
    view: DataView,
    from: number,
    end: number,
  ): number => {
    const behind = readMoment(known, bytes, view, from)
    if (behind === -1) return -1
    if (!isAt(view, behind, end, host.text)) {
      const other = hosts.get(view.getInt32(behind, true))
      if (other === undefined || !isAt(view, behind, end, other.text)) return -1
      host = other
      read.host = other.name
    }
    return behind + host.text.length
  }
  const readMoment = (known: Day, bytes: Buffer, view: DataView, from: number): number => {
    const { head, zone } = known
    if (!isAt(view, from, from + shortest, head)) return -1
    const clock = from + head.length
    const hour = twoDigits(bytes, clock)
    const minute = twoDigits(bytes, clock + 3)
    const second = twoDigits(bytes, clock + 6)
    if (bytes[clock + 2] !== COLON || bytes[clock + 5] !== COLON) return -1
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return -1
    read.at = known.at + ((hour * 60 + minute) * 60 + second) * 1000
    let behind = clock + 8
    if (zone === null) return behind
    if (bytes[behind] === DOT) {
      const fraction = behind + 1
      behind = pastDigits(bytes, fraction, fraction + 9)
      read.at += milliseconds(bytes, fraction, behind)
    }
    return isZone(bytes, behind, zone) ? behind + zone.length : -1
  }
  const tagAt = (view: DataView, start: number, end: number): Tag | undefined => {
    if (start + 4 > end) return undefined
    const some = tags.get(view.getInt32(start, true))
    if (some !== undefined) {
      for (const one of some) if (isAt(view, start, end, one.text)) return one
    }
    return undefined
  }
  const pastPid = (bytes: Buffer, start: number, end: number): number => {
    let colon = start - 1
    let pid: number | null = null
    if (tag.hasPid) {
      const digits = pastDigits(bytes, start, end)
      if (digits === start || digits - start > 10 || bytes[digits] !== CLOSING) return -1
      pid = numberAt(bytes, start, digits)
      if (pid > highestPid) return -1
      colon = digits + 1
    }
    let at = colon + 1
    if (at >= end || bytes[colon] !== COLON || bytes[at] !== BLANK) return -1
    while (at < end && bytes[at] === BLANK) at++
    read.pid = pid
    return at < end ? at : -1
  }
  return {
    past,
    read,
    learn(line, prefix, at) {
      before.bytes = null
      const { stamp } = prefix
      const isSame = day !== null && at !== null && at >= day.at && at < day.at + DAY
      if (!isSame) day = at === null || stamp === null ? null : dayOf(line, stamp, at, time)
      const origin = day === null || !isMissed ? null : originOf(line, prefix)
      if (origin === null) return
      const { text, name, tagText, hasPid, program } = origin
      host = { text: literal(text), name: hostOf(name, isOwn) }
      read.host = host.name
      if (hosts.size >= mostKnown) hosts.clear()
      hosts.set(host.text.first, host)
      const speaker = speakerOf(program)
      if (speaker === null) return
      const one = { text: literal(tagText), hasPid, program: programOf(program), speaker }
      if (tags.size >= mostKnown) tags.clear()
      const some = tags.get(one.text.first) ?? []
      if (!some.some(({ text: other }) => isEqual(other, one.text))) {
        tags.set(one.text.first, [one, ...some].slice(0, 8))
      }
    },
    forget() {
      before.bytes = null
      day = null
    },
  }
}

const BLANK = 32
const DOT = 46
const COLON = 58
const CLOSING = 93
const DAY = 86_400_000

/** A day of a log: the bytes before its clock, when it began (ms UTC), and the zone behind them. */
type Day = { head: Literal; at: number; zone: Uint8Array | null }

/** `Dec 10 ` or `2026-11-22T`, where the clock may simply be added up. */
function dayOf(line: string, stamp: Stamp, at: number, time: Time): Day | null {
  const began = time.midnight(stamp, at)
  if (began === null) return null
  if (stamp.year === 0) {
    return stamp.end === 15 ? { head: literal(line.slice(0, 7)), at: began, zone: null } : null
  }
  const match = FULL.exec(line)
  if (match === null || match[0].length !== stamp.end) return null
  return { head: literal(match[1] ?? ''), at: began, zone: Buffer.from(match[2] ?? '') }
}

const FULL = /^(\d{4}-\d\d-\d\d[T ])\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)/

/** Whether a line begins as the one before, whose stamp and host are known text and so hold no NULs. */
function isSame(view: DataView, from: number, end: number, before: Before): boolean {
  const { length } = before
  if (from + length >= end) return false
  const back = before.from - from
  const last = from + length - 8
  for (let at = from; at < last; at += 8) {
    if (view.getFloat64(at, true) !== view.getFloat64(at + back, true)) return false
  }
  return view.getFloat64(last, true) === view.getFloat64(last + back, true)
}

/** The number that two digits write; -1 where they are none. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 48
  const ones = (bytes[at + 1] ?? 0) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/** What a fraction of a second is worth: its first three digits. */
function milliseconds(bytes: Uint8Array, from: number, end: number): number {
  let sum = 0
  let worth = 100
  for (let at = from; at < end && at < from + 3; at++) {
    sum += ((bytes[at] ?? 48) - 48) * worth
    worth /= 10
  }
  return sum
}

function isZone(bytes: Uint8Array, at: number, zone: Uint8Array): boolean {
  for (let index = 0; index < zone.length; index++) {
    if (bytes[at + index] !== zone[index]) return false
  }
  return true
}

/** The usual ` HOST TAG[PID]: ` or ` HOST TAG: ` behind the stamp, in plain ASCII; else null. */
function originOf(
  line: string,
  { stamp, host, program, pid }: Prefix,
): { text: string; name: string; tagText: string; hasPid: boolean; program: string } | null {
  if (stamp === null || host === null || program === null) return null
  ORIGIN.lastIndex = stamp.end
  const match = ORIGIN.exec(line)
  const [, text = '', name = '', tagText = '', own = ''] = match ?? []
  if (name !== host || (own !== program && !own.startsWith(`${program}(`))) return null
  const hasPid = tagText.endsWith('[')
  return hasPid === (pid !== null) && tagText.length >= 4
    ? { text, name, tagText, hasPid, program }
    : null
}

const ORIGIN = /( ([!-9;-~]{2,200}) )(([\w./@+()-]{1,100})(?:\[(?=\d{1,10}\]: )|:(?= )))/y

function speakerOf(program: string): Speaker | null {
  switch (program) {
    case 'sshd':
    case 'sshd-session':
    case 'sshd-auth':
      return fromSshd
    case 'sudo':
      return fromSudo
    case 'systemd-logind':
      return fromLogind
    default:
      if (isStranger(program)) return fromStranger
      return isForeign(program) ? fromForeigner : null
  }
}

function isEqual(one: Literal, other: Literal): boolean {
  return (
    one.length === other.length &&
    one.first === other.first &&
    one.last === other.last &&
    one.words.every((word, index) => word === other.words[index])
  )
}
