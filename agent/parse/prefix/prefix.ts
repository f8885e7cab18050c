/**
 * Cuts what a logging daemon writes before a message. Strict on purpose: the tag decides who speaks,
 * and a reader that looks for `sshd[1]: ` anywhere in a line believes whoever writes it there.
 * The forms are those of rsyslog, syslog-ng, sysklogd, busybox, BSD, Solaris, macOS, socklog and
 * metalog, and RFC 5424 with or without its priority.
 */
import { readStamp, type Stamp } from './stamp.ts'
import { tagAt } from './tag.ts'

export type Prefix = {
  /** Null where the line bears no readable time. */
  stamp: Stamp | null
  host: string | null
  /** The tag without pid, brackets and PAM module. */
  program: string | null
  pid: number | null
  /** The line without a carriage return at its end and NULs (holes after a power loss) before it. */
  text: string
  /** Where in `text` the message begins. */
  start: number
}

/** The prefix of one decoded line (no newline at its end); never throws. */
export function cutPrefix(line: string): Prefix {
  const text = bare(line)
  const prefix: Prefix = { stamp: null, host: null, program: null, pid: null, text, start: 0 }
  let at = 0
  if (text.charCodeAt(0) === LESS) {
    const priority = PRIORITY.exec(text)
    at = priority === null ? 0 : priority[0].length
    if (priority?.[1] !== undefined) return readRfc5424(prefix, at)
  }
  const stamp = readStamp(text, at)
  if (stamp === null) readUnstamped(prefix, at)
  else {
    prefix.stamp = stamp
    readOrigin(prefix, pastBlanks(text, stamp.end))
  }
  prefix.start = pastDecoration(text, pastBlanks(text, prefix.start))
  return prefix
}

/** Where the message proper begins, behind what some systems write between the tag and it. */
export function pastDecoration(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first !== OPENING && first !== LETTER_K) return start
  DECORATION.lastIndex = start
  return DECORATION.test(text) ? DECORATION.lastIndex : start
}

// Solaris `[ID 800047 auth.info] `; dropbear under journald `[825] Jul 10 23:53:52 `; the clock
// that some kernels' loggers put before everything, `kernel: [  970.699397] `.
const DECORATION =
  /(?:\[ID \d+ [\w.]+\] +|\[\d+\] [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d +|kernel: ?\[ *\d+\.\d+\]:? +)/y

const LESS = 60
const BLANK = 32
const COLON = 58
const OPENING = 91
const CLOSING = 93
const LETTER_K = 107
const PRIORITY = /^<\d{1,3}>(1 )?/

function bare(line: string): string {
  let from = 0
  while (line.charCodeAt(from) === 0) from++
  let to = line.length
  if (line.charCodeAt(to - 1) === 10) to--
  if (line.charCodeAt(to - 1) === 13) to--
  return from === 0 && to === line.length ? line : line.slice(from, Math.max(from, to))
}

function pastBlanks(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) === BLANK) at++
  return at
}

function tokenEnd(text: string, from: number): number {
  const end = text.indexOf(' ', from)
  return end === -1 ? text.length : end
}

/** Journal readers print no time; only a tag with its pid is believed without one. */
function readUnstamped(prefix: Prefix, at: number): void {
  const { text } = prefix
  const end = tokenEnd(text, at)
  if (readTag(prefix, at, end, true)) return
  const next = pastBlanks(text, end)
  if (readTag(prefix, next, tokenEnd(text, next), true)) prefix.host = text.slice(at, end)
  else prefix.start = at
}

/** Everything between the stamp and the message: `[host] [facility.level] tag: `. */
function readOrigin(prefix: Prefix, at: number): void {
  const { text } = prefix
  const end = tokenEnd(text, at)
  const last = text.charCodeAt(end - 1)
  if (last === COLON || last === CLOSING) {
    if (readTag(prefix, at, end, false)) return
    if (FACILITY.test(text.slice(at, end - 1))) {
      readSocklog(prefix, pastBlanks(text, end))
      return
    }
  }
  const next = pastBlanks(text, end)
  const nextEnd = tokenEnd(text, next)
  if (readTag(prefix, next, nextEnd, false)) {
    prefix.host = hostAt(text, at, end)
    return
  }
  if (VERBOSE.test(text.slice(at, end))) readOrigin(prefix, next)
  else readRareOrigin(prefix, at, end)
}

function readRareOrigin(prefix: Prefix, at: number, end: number): void {
  const { text } = prefix
  const next = pastBlanks(text, end)
  const nextEnd = tokenEnd(text, next)
  const third = pastBlanks(text, nextEnd)
  const host = text.slice(at, end)
  const decorated = FACILITY.test(text.slice(next, nextEnd))
  if (decorated && readTag(prefix, third, tokenEnd(text, third), false)) prefix.host = host
  else if (readLogin(prefix, next)) prefix.host = host
  else if (LAST_MESSAGE.test(text.slice(next, next + 40))) {
    prefix.host = host
    prefix.start = next
  } else if (!readStructured(prefix, at) && !readVsftpd(prefix, at)) prefix.start = at
}

// busybox and socklog name facility and level; BSD's syslogd -v puts them in angle brackets.
const FACILITY =
  /^(?:auth|authpriv|audit|console|cron|daemon|ftp|kern|lpr|mail|news|ntp|security|syslog|user|uucp|local[0-7])\.(?:emerg|alert|crit|err|error|warn|warning|notice|info|debug)$/
const VERBOSE = /^<[\w.]+>$/
const LAST_MESSAGE = /^(?:--- )?last message repeated \d+ time/

let known: { name: string; host: string | null } = { name: '', host: null }

/**
 * The host that text[from..to) names; null where busybox put facility and level in its place. Lines
 * of one file nearly all name one host, and the copy keeps no chunk of the file alive.
 */
function hostAt(text: string, from: number, to: number): string | null {
  if (to - from !== known.name.length || !text.startsWith(known.name, from)) {
    const name = Buffer.from(text.slice(from, to)).toString()
    known = { name, host: FACILITY.test(name) ? null : name }
  }
  return known.host
}

/** Reads the tag that text[from..end) is into `prefix`; false where it is none. */
function readTag(prefix: Prefix, from: number, end: number, mustHavePid: boolean): boolean {
  const tag = tagAt(prefix.text, from, end, mustHavePid)
  if (tag === null) return false
  prefix.program = tag.program
  prefix.pid = tag.pid
  prefix.start = end
  return true
}

/** socklog: `auth.info: ` and then, unless somebody stripped it, the time once more. */
function readSocklog(prefix: Prefix, at: number): void {
  const inner = readStamp(prefix.text, at)
  const from = inner === null ? at : pastBlanks(prefix.text, inner.end)
  if (!readTag(prefix, from, tokenEnd(prefix.text, from), false)) prefix.start = from
}

/** Old util-linux put the user it serves into its own name: `login -- root[2421]: `. */
function readLogin(prefix: Prefix, at: number): boolean {
  LOGIN.lastIndex = at
  const match = LOGIN.exec(prefix.text)
  if (match === null) return false
  prefix.program = 'login'
  prefix.pid = match[1] === undefined ? null : Number(match[1])
  prefix.start = LOGIN.lastIndex
  return true
}

const LOGIN = /(?:login )?-- [\w.-]+(?:\[(\d{1,10})\])?: /y

/** Its own log file: `Mon Jun  2 21:06:02 2007 [pid 1452] message`. */
function readVsftpd(prefix: Prefix, at: number): boolean {
  VSFTPD.lastIndex = at
  const match = VSFTPD.exec(prefix.text)
  if (match === null) return false
  prefix.program = 'vsftpd'
  prefix.pid = Number(match[1])
  prefix.start = VSFTPD.lastIndex
  return true
}

const VSFTPD = /\[pid (\d{1,10})\] /y

function readRfc5424(prefix: Prefix, at: number): Prefix {
  const { text } = prefix
  const stamp = readStamp(text, at)
  prefix.stamp = stamp
  const end = stamp === null ? tokenEnd(text, at) : stamp.end
  if (!readStructured(prefix, pastBlanks(text, end))) prefix.start = at
  prefix.start = pastDecoration(text, pastBlanks(text, prefix.start))
  return prefix
}

/** `HOST APP PROCID MSGID STRUCTURED-DATA ` (RFC 5424 section 6), `-` standing for nothing. */
function readStructured(prefix: Prefix, at: number): boolean {
  HEADER.lastIndex = at
  const match = HEADER.exec(prefix.text)
  if (match === null) return false
  const end = pastStructuredData(prefix.text, HEADER.lastIndex)
  if (end === -1) return false
  prefix.host = match[1] === '-' ? null : (match[1] ?? null)
  prefix.program = match[2] === '-' ? null : (match[2] ?? null)
  prefix.pid = match[3] === '-' ? null : Number(match[3])
  prefix.start = prefix.text.charCodeAt(end) === BYTE_ORDER_MARK ? end + 1 : end
  return true
}

const HEADER = /(\S{1,255}) ([\w./@+-]{1,48}) (\d{1,10}|-) (\S{1,32}) (?=[-[])/y
const BYTE_ORDER_MARK = 0xfeff

/** The index behind `-` or `[id name="value"]…` and the blanks after it; -1 where it is neither. */
function pastStructuredData(text: string, from: number): number {
  let at = from
  if (text.charAt(at) === '-') at++
  else {
    ELEMENTS.lastIndex = at
    if (!ELEMENTS.test(text)) return -1
    at = ELEMENTS.lastIndex
  }
  const next = text.charCodeAt(at)
  return next === BLANK || Number.isNaN(next) ? pastBlanks(text, at) : -1
}

// A value may hold `]` freely between its quotes, and an escaped quote.
const ELEMENTS = /(?:\[[^\s"\]=]+(?: [^\s"\]=]+="(?:[^"\\]|\\.)*")*\])+/y
