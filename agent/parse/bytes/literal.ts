/**
 * Known text in the bytes of a line, compared eight bytes at a time: a loop over single bytes takes
 * four times as long, and most of a line is text of the daemon's own.
 */

/** ASCII text of four characters or more, cut into numbers. */
export type Literal = {
  length: number
  /** The eight bytes at 0, 8, 16 … and the last eight, as doubles; empty for less than eight bytes. */
  words: Float64Array
  /** The first and the last four. */
  first: number
  last: number
}

/** Takes ASCII text without NULs, so that no double in it is a zero or no number. */
export function literal(text: string): Literal {
  const bytes = Buffer.from(text, 'latin1')
  const { length } = bytes
  const starts: number[] = []
  for (let at = 0; at + 8 < length; at += 8) starts.push(at)
  if (length >= 8) starts.push(length - 8)
  return {
    length,
    words: Float64Array.from(starts, (at) => bytes.readDoubleLE(at)),
    first: bytes.readInt32LE(0),
    last: bytes.readInt32LE(length - 4),
  }
}

/** Whether the literal stands at `at`; false where it would not end by `end`. */
export function isAt(view: DataView, at: number, end: number, text: Literal): boolean {
  const { length, words } = text
  if (at < 0 || at + length > end || view.getInt32(at, true) !== text.first) return false
  if (length < 8) return view.getInt32(at + length - 4, true) === text.last
  const most = words.length - 1
  for (let word = 0; word < most; word++) {
    if (view.getFloat64(at + 8 * word, true) !== words[word]) return false
  }
  return view.getFloat64(at + length - 8, true) === words[most]
}

/** The index of the first newline from `at`; -1 where there is none before `end`. */
export function newlineFrom(bytes: Uint8Array, view: DataView, at: number, end: number): number {
  let from = at
  // Eight bytes at a time up to where there is one: the lowest bit set is in the first that is a newline.
  // Asking the buffer takes twice as long, for a line.
  for (const last = view.byteLength - 8; from <= last; from += 8) {
    const first = view.getInt32(from, true) ^ 0x0a0a0a0a
    const second = view.getInt32(from + 4, true) ^ 0x0a0a0a0a
    const zeros = (first - 0x01010101) & ~first & 0x80808080
    const others = (second - 0x01010101) & ~second & 0x80808080
    if ((zeros | others) === 0) continue
    const newline = zeros === 0 ? from + 4 + byteOf(others) : from + byteOf(zeros)
    return newline < end ? newline : -1
  }
  while (from < end && bytes[from] !== 10) from++
  return from < end ? from : -1
}

/** Which of four bytes has the lowest bit that is set. */
function byteOf(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >> 3
}

/** Whether all of it is ASCII without control characters. */
export function isPlain(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte < 32 || byte > 126) return false
  }
  return true
}

/** The index of the first blank from `at`; `end` where there is none before it. */
export function blankFrom(bytes: Uint8Array, at: number, end: number): number {
  let blank = at
  while (blank < end && bytes[blank] !== 32) blank++
  return blank
}

/** The index behind the last blank before `end`; `start` where there is none from there. */
export function pastLastBlank(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start && bytes[at - 1] !== 32) at--
  return at
}

/** The index of the first of the digits that end at `end`. */
export function digitsBefore(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start && isDigit(bytes[at - 1])) at--
  return at
}

/** The index behind the digits that begin at `at`. */
export function pastDigits(bytes: Uint8Array, at: number, end: number): number {
  let past = at
  while (past < end && isDigit(bytes[past])) past++
  return past
}

/** The number that the digits from `at` to `end` write. */
export function numberAt(bytes: Uint8Array, at: number, end: number): number {
  let number = 0
  for (let digit = at; digit < end; digit++) number = number * 10 + (bytes[digit] ?? 48) - 48
  return number
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}
