/**
 * The names and addresses of a log, each made a string once: one attacker comes again and again. What
 * is kept is a copy, since a piece of a line would keep the whole chunk it was read with, and bounded
 * in number and in size, whatever somebody sends.
 */

/** A word known to the log. `mark` is what its maker found worth noting. */
export type Word = { text: string; mark: boolean }

export type Words = {
  /** The word that bytes[from..to) are; undefined where they are none that may be known this way. */
  of: (bytes: Buffer, view: DataView, from: number, to: number) => Word | undefined
}

/** Whoever chooses words that fall together gets the long way, and slows nobody else. */
const mostTries = 16

/**
 * Opens a table of so many words, a power of two; when it is full it begins anew. `make` judges a word at
 * first sight, undefined where it is none. As small as will do: what the processor's cache does not hold
 * is looked up in three times the time.
 */
export function openWords(mostWords: number, make: (text: string) => Word | undefined): Words {
  const slots = 2 * mostWords
  const mostBytes = 32 * mostWords
  const table = new Int32Array(slots)
  const hashes = new Int32Array(mostWords + 1)
  const starts = new Int32Array(mostWords + 2)
  const words: (Word | undefined)[] = [undefined]
  let recent = 0
  const kept = Buffer.alloc(mostBytes)
  const keptView = new DataView(kept.buffer, kept.byteOffset, kept.length)

  const learn = (bytes: Buffer, from: number, to: number, hash: number, slot: number) => {
    const word = make(bytes.toString('latin1', from, to))
    if (word === undefined) return undefined
    const start = starts[words.length] ?? 0
    if (words.length >= mostWords || start + to - from > mostBytes) {
      table.fill(0)
      words.length = 1
      recent = 0
      return word
    }
    bytes.copy(kept, start, from, to)
    table[slot] = words.length
    hashes[words.length] = hash
    words.push(word)
    starts[words.length] = start + to - from
    return word
  }
  return {
    of(bytes, view, from, to) {
      // The lines of one session name the same.
      const before = starts[recent] ?? 0
      if (recent !== 0 && (starts[recent + 1] ?? 0) - before === to - from) {
        if (same(bytes, view, from, to, kept, keptView, before)) return words[recent]
      }
      const hash = hashOf(bytes, view, from, to)
      let slot = hash & (slots - 1)
      for (let tries = 0; tries < mostTries; tries++) {
        const known = table[slot] ?? 0
        if (known === 0) return learn(bytes, from, to, hash, slot)
        if (hashes[known] === hash) {
          const start = starts[known] ?? 0
          const length = (starts[known + 1] ?? 0) - start
          if (length === to - from && same(bytes, view, from, to, kept, keptView, start)) {
            recent = known
            return words[known]
          }
        }
        slot = (slot + 1) & (slots - 1)
      }
      return undefined
    },
  }
}

function hashOf(bytes: Uint8Array, view: DataView, from: number, to: number): number {
  let hash = to - from
  if (hash >= 4) {
    for (let at = from; at < to - 4; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ view.getInt32(to - 4, true), 0x85ebca6b)
  } else {
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x9e3779b1)
  }
  return hash ^ (hash >>> 13)
}

/** Whether both are the same; what is kept holds no NULs, so that no two doubles are equal by chance. */
function same(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  kept: Uint8Array,
  keptView: DataView,
  start: number,
): boolean {
  const shift = start - from
  if (to - from >= 8) {
    for (let at = from; at < to - 8; at += 8) {
      if (view.getFloat64(at, true) !== keptView.getFloat64(at + shift, true)) return false
    }
    return view.getFloat64(to - 8, true) === keptView.getFloat64(to - 8 + shift, true)
  }
  if (to - from >= 4) {
    return (
      view.getInt32(from, true) === keptView.getInt32(start, true) &&
      view.getInt32(to - 4, true) === keptView.getInt32(to - 4 + shift, true)
    )
  }
  for (let at = from; at < to; at++) if (bytes[at] !== kept[at + shift]) return false
  return true
}
