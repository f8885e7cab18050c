/**
 * Splits the journal's export format (`journalctl -o export`) into entries, whatever pieces it comes
 * in: `FIELD=value` lines, or `FIELD`, a 64-bit little-endian length, that many bytes and a newline;
 * an empty line ends an entry.
 */
export type Splitter = {
  /** The entries that `chunk` completes; field values as text, the first one of each name. */
  push: (chunk: Buffer) => Map<string, string>[]
  /** Whether nothing of an unfinished entry is held. */
  idle: () => boolean
}

/** A field longer than `limit` bytes is read past and left out, so that memory stays bounded. */
export function openExport(limit = 1 << 20): Splitter {
  let rest: Buffer = Buffer.alloc(0)
  let entry = new Map<string, string>()
  /** Bytes of an oversized binary field still to be read past, its newline included. */
  let skip = 0
  let skipLine = false

  /** Handles what begins `rest`; false where more bytes are needed. */
  function step(done: Map<string, string>[]): boolean {
    if (skip > 0) return pass(skip)
    const end = rest.indexOf(NEWLINE)
    if (end === -1) return tooLong()
    if (skipLine || end > limit) skipLine = false
    else if (end === 0) {
      if (entry.size > 0) done.push(entry)
      entry = new Map()
    } else {
      const equals = rest.subarray(0, end).indexOf(EQUALS)
      if (equals === -1) return binary(rest.toString('latin1', 0, end), end + 1)
      put(rest.toString('latin1', 0, equals), rest.subarray(equals + 1, end))
    }
    rest = rest.subarray(end + 1)
    return true
  }

  function pass(bytes: number): boolean {
    const passed = Math.min(bytes, rest.length)
    skip = bytes - passed
    rest = rest.subarray(passed)
    return skip === 0
  }

  function tooLong(): boolean {
    if (rest.length <= limit && !skipLine) return false
    skipLine = true
    rest = rest.subarray(rest.length)
    return false
  }

  function binary(name: string, at: number): boolean {
    if (rest.length < at + 8) return false
    const length = Number(rest.readBigUInt64LE(at))
    if (length > limit) {
      rest = rest.subarray(at + 8)
      return pass(length + 1)
    }
    if (rest.length < at + 8 + length + 1) return false
    put(name, rest.subarray(at + 8, at + 8 + length))
    rest = rest.subarray(at + 8 + length + 1)
    return true
  }

  function put(name: string, value: Buffer): void {
    if (!entry.has(name)) entry.set(name, value.toString('utf8'))
  }

  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const done: Map<string, string>[] = []
      while (rest.length > 0 && step(done));
      return done
    },
    idle: () => rest.length === 0 && entry.size === 0 && skip === 0 && !skipLine,
  }
}

const NEWLINE = 10
const EQUALS = 61
