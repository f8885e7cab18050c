/**
 * How often each address tried each name, in columns of numbers. A guesser of passwords tries thousands
 * of names once: a map for each address with an object for each name was 100 bytes a name, and most of
 * what a scan of millions of lines kept.
 */

export type Tries = {
  /** Counts so many more tries of this name by this address, both given by their number. */
  add: (address: number, name: number, times: number) => void
  /** What an address tried, as [name, times], each name once. */
  of: (address: number) => Generator<[name: number, times: number], void, void>
  /** All of it, not copied: for when nothing more is added. */
  all: () => Tried
}

/** So many entries, each of an address and a name; what stands behind them in the columns is nothing. */
export type Tried = {
  size: number
  addresses: Int32Array<ArrayBuffer>
  names: Int32Array<ArrayBuffer>
  times: Float64Array<ArrayBuffer>
}

/** Opens them empty. */
export function openTries(): Tries {
  let size = 0
  /** By entry: whose it is, the name, how often, and the entry before of the same address. */
  let names = new Int32Array(256)
  let addresses = new Int32Array(256)
  let next = new Int32Array(256)
  let times = new Float64Array(256)
  /** By address: its newest entry, and that which counted last, since guessers stay with a name. */
  let heads = new Int32Array(64).fill(-1)
  let recent = new Int32Array(64).fill(-1)
  /** Entries by what they are of; 0 is free, and entry 0 is 1. */
  let slots = new Int32Array(512)

  const grow = () => {
    names = grown(names)
    addresses = grown(addresses)
    next = grown(next)
    const more = new Float64Array(2 * size)
    more.set(times)
    times = more
    slots = new Int32Array(2 * names.length)
    for (let entry = 0; entry < size; entry++) {
      slots[slotOf(addresses[entry] ?? 0, names[entry] ?? 0)] = entry + 1
    }
  }
  /** The slot where the entry of these two is, or the free one where it belongs. */
  const slotOf = (address: number, name: number): number => {
    const mask = slots.length - 1
    let slot = hashOf(address, name) & mask
    for (;;) {
      const entry = (slots[slot] ?? 0) - 1
      if (entry < 0 || (addresses[entry] === address && names[entry] === name)) return slot
      slot = (slot + 1) & mask
    }
  }
  const entryOf = (address: number, name: number): number => {
    const known = (slots[slotOf(address, name)] ?? 0) - 1
    if (known >= 0) return known
    if (size === names.length) grow()
    const entry = size++
    addresses[entry] = address
    names[entry] = name
    next[entry] = heads[address] ?? -1
    heads[address] = entry
    slots[slotOf(address, name)] = entry + 1
    return entry
  }
  return {
    add(address, name, count) {
      while (address >= heads.length) {
        heads = grown(heads, -1)
        recent = grown(recent, -1)
      }
      let entry = recent[address] ?? -1
      if (entry < 0 || names[entry] !== name) {
        entry = entryOf(address, name)
        recent[address] = entry
      }
      times[entry] = (times[entry] ?? 0) + count
    },
    *of(address) {
      for (let entry = heads[address] ?? -1; entry >= 0; entry = next[entry] ?? -1) {
        yield [names[entry] ?? 0, times[entry] ?? 0]
      }
    },
    all: () => ({ size, addresses, names, times }),
  }
}

function grown(column: Int32Array<ArrayBuffer>, fill = 0): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * column.length)
  if (fill !== 0) more.fill(fill, column.length)
  more.set(column)
  return more
}

function hashOf(address: number, name: number): number {
  const mixed = Math.imul(Math.imul(address + 1, 0x9e3779b1) ^ name, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
