/**
 * The tag that text[from..end) is: `sshd[1]:`, `su:`, `[sshd]`, `proftpd[2]`, `sshd(pam_unix)[3]:`,
 * `gdm-password]:`; null where it is none.
 */
export function tagAt(
  text: string,
  from: number,
  end: number,
  mustHavePid: boolean,
): { program: string; pid: number | null } | null {
  const colon = text.charCodeAt(end - 1) === COLON
  let nameEnd = colon ? end - 1 : end
  let nameStart = from
  let pid: number | null = null
  if (text.charCodeAt(nameEnd - 1) === CLOSING) {
    const digits = digitsBefore(text, nameEnd - 1)
    if (digits < nameEnd - 1 && digits > from && text.charCodeAt(digits - 1) === OPENING) {
      pid = numberAt(text, digits, nameEnd - 1)
      nameEnd = digits - 1
    } else if (text.charCodeAt(from) === OPENING) nameStart++
    else if (!colon) return null
    if (text.charCodeAt(nameEnd - 1) === CLOSING) nameEnd--
  } else if (!colon) return null
  if (mustHavePid && pid === null) return null
  const program = programIn(text, nameStart, nameEnd, pid !== null)
  return program === null ? null : { program, pid }
}

const COLON = 58
const OPENING = 91
const CLOSING = 93

function digitsBefore(text: string, end: number): number {
  let at = end
  while (isDigit(text.charCodeAt(at - 1))) at--
  return at
}

/** The number text[from..to) writes; null where it is longer than any pid. */
function numberAt(text: string, from: number, to: number): number | null {
  if (to - from > 10) return null
  let number = 0
  for (let at = from; at < to; at++) number = number * 10 + text.charCodeAt(at) - 48
  return number
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function programIn(text: string, from: number, to: number, hasPid: boolean): string | null {
  const length = to - from
  if (length === lastTag.name.length && hasPid === lastTag.hasPid) {
    if (text.startsWith(lastTag.name, from)) return lastTag.program
  }
  if (length > LONGEST_NAME) return null
  const tags = hasPid ? withPid : withoutPid
  const name = text.slice(from, to)
  const tag = tags.get(name) ?? learnTag(tags, Buffer.from(name).toString(), hasPid)
  lastTag = tag
  return tag.program
}

type Tag = { name: string; hasPid: boolean; program: string | null }

/** A log knows a few dozen tags, and the next line is often of the same: each is judged once. */
const withPid = new Map<string, Tag>()
const withoutPid = new Map<string, Tag>()
const LONGEST_NAME = 128
let lastTag: Tag = { name: '', hasPid: false, program: null }

function learnTag(tags: Map<string, Tag>, name: string, hasPid: boolean): Tag {
  const tag = { name, hasPid, program: readProgram(name, hasPid) }
  if (tags.size >= 1000) tags.clear()
  tags.set(name, tag)
  return tag
}

function readProgram(name: string, hasPid: boolean): string | null {
  if (PLAIN_NAME.test(name)) return hasPid || !NO_TAG.test(name) ? name : null
  return MODULE_NAME.exec(name)?.[1] ?? null
}

// The level names are the start of a message (`error: PAM: …`) and facilities have their own place.
const NO_TAG =
  /^(?:error|fatal|debug\d?|pam_\w+|\d+|(?:auth|authpriv|daemon|user|local\d|security)\.\w+)$/
const PLAIN_NAME = /^(?:[\w./@+-]+|\([\w-]+\))$/
// linux-pam before 0.99.2 wrote the module into the tag: `sshd(pam_unix)[19939]:`.
const MODULE_NAME = /^([\w./@+-]+)\(pam_\w+\)$/
