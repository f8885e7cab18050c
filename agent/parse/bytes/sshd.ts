/**
 * The dozen messages that make up nearly all of what sshd writes under attack, taken apart as bytes:
 * the tables of shapes (../tables/) take 3 µs for a line, this a tenth of it. It is no
 * second definition. It takes only what stands exactly as the shape's example has it, down to plain
 * ASCII in every name, says then what the table says (test/agent/parse/bytes/reader.test.ts tries both on every
 * line there is), and leaves everything else to the table.
 */
import { highestPort, type Told } from '../../fold/told.ts'
import {
  blankFrom,
  digitsBefore,
  isAt,
  isPlain,
  literal,
  numberAt,
  pastDigits,
  pastLastBlank,
} from './literal.ts'
import type { Names } from './names.ts'
import type { Verdict } from './verdict.ts'
import type { Word } from './words.ts'

/** Bytes[from..end) are a message that sshd wrote; `told` has the fields of an event all unset. */
export type Speaker = (
  bytes: Buffer,
  view: DataView,
  from: number,
  end: number,
  told: Told,
  names: Names,
) => Verdict

/** sshd cuts at 500; what is as long as that proves less than it seems to (../tables/sshd.ts). */
const CUT_AT = 500

const PREAUTH = literal(' [preauth]')
const LEVEL = literal('error: ')
const REPEATED = literal('message repeated ')
const TIMES = literal(' times: [')

/** A whole message of sshd, rsyslog's summary of repeated ones included. */
export const fromSshd: Speaker = (bytes, view, from, end, told, names) => {
  if (bytes[from] !== LETTER_m) return message(bytes, view, from, end, told, names)
  if (!isAt(view, from, end, REPEATED)) return 'unknown'
  const digits = from + REPEATED.length
  const past = pastDigits(bytes, digits, end)
  if (past === digits || past - digits > 6 || !isAt(view, past, end, TIMES)) return 'unknown'
  if (bytes[end - 1] !== CLOSING) return 'unknown'
  const inner = past + TIMES.length
  const start = bytes[inner] === BLANK ? inner + 1 : inner
  if (start >= end - 1 || bytes[start] === LETTER_m) return 'unknown'
  // The bracket must end the whole line, so nothing in it may.
  if (!isPlain(bytes, start, end)) return 'unknown'
  const verdict = message(bytes, view, start, end - 1, told, names)
  const times = numberAt(bytes, digits, past)
  if (times === 0) return 'unknown'
  told.count *= times
  return verdict
}

const BLANK = 32
const COLON = 58
const OPENING = 91
const CLOSING = 93
const LETTER_m = 109

const message: Speaker = (bytes, view, start, stop, told, names) => {
  if (stop - start >= CUT_AT || stop - start < 12) return 'unknown'
  const first = bytes[start]
  // PAM's words are marked in a way of their own, and nothing of theirs ends so.
  if (first === 112) {
    return bytes[stop - 1] === CLOSING ? 'unknown' : fromPam(bytes, view, start, stop, told, names)
  }
  let end = stop
  if (bytes[stop - 1] === CLOSING) {
    if (!isAt(view, stop - PREAUTH.length, stop, PREAUTH)) return 'unknown'
    end = stop - PREAUTH.length
    told.preauth = true
  }
  switch (first) {
    case 70: // F
      return failed(bytes, view, start, end, told, names)
    case 82: // R
      return received(bytes, view, start, end, told, names)
    case 67: // C
    case 68: // D
      return ended(bytes, view, start, end, told, names)
    case 73: // I
      return invalidUser(bytes, view, start, end, told, names)
    case 105: // i
      return userRequest(bytes, view, start, end, told, names)
    case 114: // r
      return reverseMapping(bytes, view, start, end, told, names)
    case 80: // P
      return told.preauth ? 'unknown' : pamItself(bytes, view, start, end, told, names)
    case 101: // e
      return isAt(view, start, end, LEVEL)
        ? behindLevel(bytes, view, start + LEVEL.length, end, told, names)
        : 'unknown'
    default:
      return 'unknown'
  }
}

const behindLevel: Speaker = (bytes, view, from, end, told, names) => {
  if (bytes[from] === 82) return received(bytes, view, from, end, told, names)
  return bytes[from] === LETTER_m ? maximumAttempts(bytes, view, from, end, told, names) : 'unknown'
}

// --- credentials and users ----------------------------------------------------------------------

const FAILED = literal('Failed ')
const FOR = literal(' for ')
const INVALID = literal('invalid user ')
const ILLEGAL = literal('illegal user ')
const SSH2 = literal(' ssh2')
const PORT = literal(' port ')
const FROM = literal(' from ')

/** `Failed METHOD for [invalid user ]U from A port P ssh2` */
const failed: Speaker = (bytes, view, from, end, told, names) => {
  if (!isAt(view, from, end, FAILED)) return 'unknown'
  const method = from + FAILED.length
  const past = blankFrom(bytes, method, end)
  if (!isAt(view, past, end, FOR) || !isAt(view, end - SSH2.length, end, SSH2)) {
    return 'unknown'
  }
  const by = names.methods.of(bytes, view, method, past)
  if (by === undefined) return 'unknown'
  told.method = by.text
  if (by.mark) told.kind = 'named'
  else {
    told.kind = 'refused'
    told.witness = 'sshd'
  }
  return userFrom(bytes, view, past + FOR.length, end - SSH2.length, told, names)
}

const MAXIMUM = literal('maximum authentication attempts exceeded for ')

/** `error: maximum authentication attempts exceeded for [invalid user ]U from A port P ssh2` */
const maximumAttempts: Speaker = (bytes, view, from, end, told, names) => {
  if (!isAt(view, from, end, MAXIMUM) || !isAt(view, end - SSH2.length, end, SSH2)) {
    return 'unknown'
  }
  told.kind = 'named'
  told.end = true
  return userFrom(bytes, view, from + MAXIMUM.length, end - SSH2.length, told, names)
}

/** `[invalid user ]U from A port P`, the user without a colon. */
const userFrom: Speaker = (bytes, view, from, end, told, names) => {
  const blank = placeAndPort(bytes, view, from, end, told, names)
  if (blank < from) return 'unknown'
  if (isAt(view, from, end, ILLEGAL)) return 'unknown'
  // Somebody may be called "invalid user": then no blank is left before the from.
  const named = from + INVALID.length
  const start = named <= blank && isAt(view, from, end, INVALID) ? named : from
  const user = names.users.of(bytes, view, start, blank)
  if (user === undefined || user.mark) return 'unknown'
  told.user = user.text
  return 'told'
}

/** ` from A port P` at the right end; gives where it begins, or -1. */
function placeAndPort(
  bytes: Buffer,
  view: DataView,
  from: number,
  end: number,
  told: Told,
  names: Names,
): number {
  const place = portBefore(bytes, view, from, end, told)
  if (place === end) return -1
  const start = pastLastBlank(bytes, from, place)
  if (!isAt(view, start - FROM.length, place, FROM)) return -1
  return setPlace(names.places.of(bytes, view, start, place), told) ? start - FROM.length : -1
}

/** Reads ` port P` at the right end; gives where it begins, `end` where there is none. */
function portBefore(bytes: Buffer, view: DataView, from: number, end: number, told: Told): number {
  const digits = digitsBefore(bytes, from, end)
  if (digits === end || end - digits > 5) return end
  if (digits - PORT.length < from || !isAt(view, digits - PORT.length, end, PORT)) return end
  const port = numberAt(bytes, digits, end)
  if (port > highestPort) return end
  told.port = port
  return digits - PORT.length
}

function setPlace(place: Word | undefined, told: Told): boolean {
  if (place === undefined) return false
  told.ip = place.text
  told.isNumeric = place.mark
  return true
}

const INVALID_USER = literal('Invalid user ')

/** `Invalid user U from A[ port P]` */
const invalidUser: Speaker = (bytes, view, from, end, told, names) => {
  if (!isAt(view, from, end, INVALID_USER)) return 'unknown'
  const first = from + INVALID_USER.length
  const place = portBefore(bytes, view, first, end, told)
  const start = pastLastBlank(bytes, first, place)
  const blank = start - FROM.length
  if (blank < first || !isAt(view, blank, place, FROM)) return 'unknown'
  if (!setPlace(names.places.of(bytes, view, start, place), told)) return 'unknown'
  const user = names.users.of(bytes, view, first, blank)
  if (user === undefined) return 'unknown'
  told.kind = 'named'
  told.user = user.text
  return 'told'
}

const USER_REQUEST = literal('input_userauth_request: invalid user ')

/** `input_userauth_request: invalid user U` */
const userRequest: Speaker = (bytes, view, from, end, told, names) => {
  if (!isAt(view, from, end, USER_REQUEST)) return 'unknown'
  const user = names.users.of(bytes, view, from + USER_REQUEST.length, end)
  if (user === undefined) return 'unknown'
  told.kind = 'named'
  told.user = user.text
  return 'told'
}

// --- ends ---------------------------------------------------------------------------------------

const RECEIVED = literal('Received disconnect from ')

/** `Received disconnect from A port P:CODE: …`, and until 7.1 `… from A: …` */
const received: Speaker = (bytes, view, from, end, told, names) => {
  if (!isAt(view, from, end, RECEIVED)) return 'unknown'
  const start = from + RECEIVED.length
  const past = blankFrom(bytes, start, end)
  if (past === end) return 'unknown'
  told.kind = 'closed'
  told.end = true
  if (bytes[past - 1] === COLON && past - 1 > start) {
    // What follows might be the port and code of an address that ends with a colon.
    if (isAt(view, past, end, PORT)) return 'unknown'
    const place = names.places.of(bytes, view, start, past - 1)
    return setPlace(place, told) ? 'told' : 'unknown'
  }
  if (!isAt(view, past, end, PORT)) return 'unknown'
  const digits = past + PORT.length
  const colon = pastDigits(bytes, digits, end)
  if (colon === digits || colon - digits > 5 || bytes[colon] !== COLON) return 'unknown'
  const code = bytes[colon + 1] === BLANK ? colon + 2 : colon + 1
  const behind = pastDigits(bytes, code, end)
  if (behind === code || behind >= end || bytes[behind] !== COLON) return 'unknown'
  const port = numberAt(bytes, digits, colon)
  if (port > highestPort) return 'unknown'
  told.port = port
  told.undecided = true
  return setPlace(names.places.of(bytes, view, start, past), told) ? 'told' : 'unknown'
}

const CLOSED_BY = literal('Connection closed by ')
const RESET_BY = literal('Connection reset by ')
const DISCONNECTED = literal('Disconnected from ')
const NO_IDENTIFICATION = literal('Did not receive identification string from ')
const AUTHENTICATING = literal('authenticating user ')
const USER = literal('user ')

/** `Connection closed by [[authenticating or invalid ]user U ]A[ port P]` and its like. */
const ended: Speaker = (bytes, view, from, end, told, names) => {
  const verb = isAt(view, from, end, CLOSED_BY)
    ? CLOSED_BY
    : isAt(view, from, end, DISCONNECTED)
      ? DISCONNECTED
      : isAt(view, from, end, RESET_BY)
        ? RESET_BY
        : isAt(view, from, end, NO_IDENTIFICATION)
          ? NO_IDENTIFICATION
          : undefined
  if (verb === undefined) return 'unknown'
  const start = from + verb.length
  const place = portBefore(bytes, view, start, end, told)
  const first = pastLastBlank(bytes, start, place)
  if (!setPlace(names.places.of(bytes, view, first, place), told)) return 'unknown'
  if (first === start) {
    if (verb === NO_IDENTIFICATION) told.kind = 'probe'
    else {
      told.kind = 'closed'
      told.end = true
      if (told.port !== undefined && verb !== DISCONNECTED) told.preauth = true
    }
    return 'told'
  }
  if (verb === NO_IDENTIFICATION || told.port === undefined) return 'unknown'
  return identity(bytes, view, start, first - 1, told, names)
}

/** `authenticating user U`, `invalid user U` or, of a login, `user U`. */
const identity: Speaker = (bytes, view, from, end, told, names) => {
  const who = isAt(view, from, end, INVALID)
    ? INVALID
    : isAt(view, from, end, AUTHENTICATING)
      ? AUTHENTICATING
      : isAt(view, from, end, USER)
        ? USER
        : undefined
  if (who === undefined) return 'unknown'
  const user = names.users.of(bytes, view, from + who.length, end)
  if (user === undefined) return 'unknown'
  told.kind = who === USER ? 'closed' : 'named'
  told.user = user.text
  told.end = true
  return 'told'
}

// --- everything else ----------------------------------------------------------------------------

const REVERSE = literal('reverse mapping checking getaddrinfo for ')

/** `reverse mapping checking getaddrinfo for NAME [A] …` */
const reverseMapping: Speaker = (bytes, view, from, end, told, names) => {
  if (!isAt(view, from, end, REVERSE)) return 'unknown'
  const name = from + REVERSE.length
  const start = blankFrom(bytes, name, end) + 1
  const past = blankFrom(bytes, start, end)
  if (start === name + 1 || past >= end) return 'unknown'
  if (bytes[start] !== OPENING || bytes[past - 1] !== CLOSING) return 'unknown'
  // Not every character that parts words is a blank.
  if (!isPlain(bytes, name, start)) return 'unknown'
  told.kind = 'session'
  return setPlace(names.places.of(bytes, view, start + 1, past - 1), told) ? 'told' : 'unknown'
}

const AUTH = literal('pam_unix(sshd:auth): ')
const OPENED = literal('pam_unix(sshd:session): session opened for user ')
const CLOSED = literal('pam_unix(sshd:session): session closed for user ')
const CHECK_PASS = literal('check pass; user unknown')
const FAILURE = literal('authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=')
const OF_USER = literal('user=')

/** What pam_unix says under sshd's tag. */
const fromPam: Speaker = (bytes, view, from, end, told, names) => {
  if (!isAt(view, from, end, AUTH)) {
    const isSession = isAt(view, from, end, OPENED) || isAt(view, from, end, CLOSED)
    return isSession ? 'quiet' : 'unknown'
  }
  const start = from + AUTH.length
  if (isAt(view, start, end, CHECK_PASS)) {
    return end === start + CHECK_PASS.length ? 'quiet' : 'unknown'
  }
  if (!isAt(view, start, end, FAILURE)) return 'unknown'
  told.kind = 'echo'
  told.witness = 'pam_unix'
  return rhost(bytes, view, start + FAILURE.length, end, told, names)
}

/** `A[  user=U]` and the blanks that PAM leaves behind. */
const rhost: Speaker = (bytes, view, from, end, told, names) => {
  const past = blankFrom(bytes, from, end)
  if (!setPlace(names.places.of(bytes, view, from, past), told)) return 'unknown'
  let next = past
  while (next < end && bytes[next] === BLANK) next++
  if (next === end) return 'told'
  if (!isAt(view, next, end, OF_USER)) return 'unknown'
  const start = next + OF_USER.length
  if (start === end) return 'told'
  const user = names.users.of(bytes, view, start, end)
  if (user === undefined) return 'unknown'
  told.user = user.text
  return 'told'
}

const PAM = literal('PAM ')
const MORE = literal(' more authentication failure')
const FIELDS = literal('; logname= uid=0 euid=0 tty=ssh ruser= rhost=')
const RETRIES = literal('PAM service(sshd) ignoring max retries; ')
const ABOVE = 62

/** `PAM N more authentication failures; … rhost=A[  user=U]` and `PAM service(sshd) ignoring …` */
const pamItself: Speaker = (bytes, view, from, end, told, names) => {
  if (isAt(view, from, end, RETRIES)) {
    const above = pastDigits(bytes, from + RETRIES.length, end)
    const last = above + 3
    const fits =
      above > from + RETRIES.length &&
      last < end &&
      bytes[above] === BLANK &&
      bytes[above + 1] === ABOVE &&
      bytes[above + 2] === BLANK &&
      pastDigits(bytes, last, end) === end
    return fits ? 'quiet' : 'unknown'
  }
  const digits = from + PAM.length
  const past = pastDigits(bytes, digits, end)
  if (!isAt(view, from, end, PAM) || past === digits || past - digits > 9) return 'unknown'
  if (!isAt(view, past, end, MORE)) return 'unknown'
  const more = past + MORE.length
  const fields = bytes[more] === 115 ? more + 1 : more
  if (!isAt(view, fields, end, FIELDS)) return 'unknown'
  const verdict = rhost(bytes, view, fields + FIELDS.length, end, told, names)
  // It sums up what was told line by line: nothing of it counts beside sshd.
  return verdict === 'told' ? 'quiet' : verdict
}
