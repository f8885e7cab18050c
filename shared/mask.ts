/**
 * The mask of RFC 6455 section 5.3, four bytes at a time. It stands where ws looks for its optional
 * native `bufferutil` when the programs are built: ws itself goes byte by byte, and a greeting was
 * enough of that for V8 to fetch a compiler, 3 MiB for the rest of a quiet agent's days.
 */

/** Writes `length` bytes of `source`, masked, to `output` from `offset` on; the two may be one. */
export function mask(
  source: Uint8Array,
  key: Uint8Array,
  output: Uint8Array,
  offset: number,
  length: number,
): void {
  const from = new DataView(source.buffer, source.byteOffset, length)
  const to = new DataView(output.buffer, output.byteOffset + offset, length)
  const word = new DataView(key.buffer, key.byteOffset, 4).getInt32(0)
  const whole = length - (length % 4)
  for (let at = 0; at < whole; at += 4) to.setInt32(at, from.getInt32(at) ^ word)
  for (let at = whole; at < length; at++) to.setUint8(at, from.getUint8(at) ^ (key[at % 4] ?? 0))
}

/** Takes the mask off what a client sent, in place. */
export function unmask(bytes: Uint8Array, key: Uint8Array): void {
  mask(bytes, key, bytes, 0, bytes.length)
}
