/**
 * How often each address tried each name, in columns of numbers. A guesser of passwords tries thousands
 * of names once: a map for each address with an object for each name was 100 bytes a name, and most of
 * what a scan of millions of lines kept.
 */

export type Tries = {
  /** Counts so many more tries of this name by this address, both given by their number. */
  add: (address: number, name: number, times: number) => void
  /** The entries of an address, each of another name. */
  of: (address: number) => number[]
  name: (entry: number) => number
  times: (entry: number) => number
  /** All of it, not copied: for when nothing more is added. */
  all: () => Tried
  clear: () => void
}

/** So many entries in blocks of equal length; what stands behind them in the last block is nothing. */
export type Tried = { size: number; blocks: readonly Block[] }

/**
 * Columns of some entries: whose each is, of what name, how often it was tried, and the entry before of
 * the same address, or -1. Never copied into larger ones, which would lie about until V8 clears its heap.
 */
type Block = {
  addresses: Int32Array<ArrayBuffer>
  names: Int32Array<ArrayBuffer>
  times: Float64Array<ArrayBuffer>
  before: Int32Array<ArrayBuffer>
}

const bits = 13
const [perBlock, within] = [1 << bits, (1 << bits) - 1]

/** Opens them empty. */
export function openTries(): Tries {
  let size = 0
  const blocks: Block[] = []
  /** By address: its newest entry, and that which counted last, since guessers stay with a name. */
  let heads = new Int32Array(64).fill(-1)
  let recent = new Int32Array(64).fill(-1)
  /** Entries by what they are of; 0 is free, and entry 0 is 1. */
  let slots = new Int32Array(512)

  const blockOf = (entry: number) => blocks[entry >> bits] as Block
  const isOf = (entry: number, address: number, name: number): boolean => {
    const { addresses, names } = blockOf(entry)
    return addresses[entry & within] === address && names[entry & within] === name
  }
  /** The slot where the entry of these two is, or the free one where it belongs. */
  const slotOf = (address: number, name: number): number => {
    const mask = slots.length - 1
    let slot = hashOf(address, name) & mask
    for (;;) {
      const entry = (slots[slot] ?? 0) - 1
      if (entry < 0 || isOf(entry, address, name)) return slot
      slot = (slot + 1) & mask
    }
  }
  const spread = () => {
    slots = new Int32Array(2 * slots.length)
    for (let entry = 0; entry < size; entry++) {
      const { addresses, names } = blockOf(entry)
      slots[slotOf(addresses[entry & within] ?? 0, names[entry & within] ?? 0)] = entry + 1
    }
  }
  const entryOf = (address: number, name: number): number => {
    const known = (slots[slotOf(address, name)] ?? 0) - 1
    if (known >= 0) return known
    if (2 * size === slots.length) spread()
    const entry = size++
    if (entry >> bits === blocks.length) blocks.push(openBlock())
    const { addresses, names, before } = blockOf(entry)
    addresses[entry & within] = address
    names[entry & within] = name
    before[entry & within] = heads[address] ?? -1
    heads[address] = entry
    slots[slotOf(address, name)] = entry + 1
    return entry
  }
  return {
    add(address, name, count) {
      while (address >= heads.length) {
        heads = grown(heads)
        recent = grown(recent)
      }
      let entry = recent[address] ?? -1
      if (entry < 0 || blockOf(entry).names[entry & within] !== name) {
        entry = entryOf(address, name)
        recent[address] = entry
      }
      const { times } = blockOf(entry)
      times[entry & within] = (times[entry & within] ?? 0) + count
    },
    of(address) {
      const entries: number[] = []
      for (let entry = heads[address] ?? -1; entry >= 0; ) {
        entries.push(entry)
        entry = blockOf(entry).before[entry & within] ?? -1
      }
      return entries
    },
    name: (entry) => blockOf(entry).names[entry & within] ?? 0,
    times: (entry) => blockOf(entry).times[entry & within] ?? 0,
    all: () => ({ size, blocks }),
    clear() {
      size = 0
      blocks.length = 0
      heads.fill(-1)
      recent.fill(-1)
      slots.fill(0)
    },
  }
}

/** Calls back with every entry there is. */
export function eachTried(
  { size, blocks }: Tried,
  take: (address: number, name: number, times: number) => void,
): void {
  for (let entry = 0; entry < size; entry++) {
    const { addresses, names, times } = blocks[entry >> bits] as Block
    const at = entry & within
    take(addresses[at] ?? 0, names[at] ?? 0, times[at] ?? 0)
  }
}

function openBlock(): Block {
  return {
    addresses: new Int32Array(perBlock),
    names: new Int32Array(perBlock),
    times: new Float64Array(perBlock),
    before: new Int32Array(perBlock),
  }
}

function grown(column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * column.length).fill(-1, column.length)
  more.set(column)
  return more
}

function hashOf(address: number, name: number): number {
  const mixed = Math.imul(Math.imul(address + 1, 0x9e3779b1) ^ name, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
