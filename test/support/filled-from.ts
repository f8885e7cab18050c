/** Gives pieces as `Once.fill` does: a piece larger than the buffer in parts. */
export function filledFrom(pieces: Iterable<Buffer>): (buffer: Buffer) => Promise<number> {
  const all = pieces[Symbol.iterator]()
  let piece: Buffer = Buffer.alloc(0)
  return async (buffer) => {
    while (piece.length === 0) {
      const { done, value } = all.next()
      if (done) return 0
      piece = value
    }
    const filled = piece.copy(buffer)
    piece = piece.subarray(filled)
    return filled
  }
}
