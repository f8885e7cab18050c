/** Changes to texts and to JSON values: what an attacker, a broken disk or another version would do. */
import type { Random } from '../support/random.ts'

/** Numbers at whose edges programs break. */
const numbers = [
  '0',
  '-1',
  '1',
  '00',
  '7',
  '255',
  '256',
  '65535',
  '65536',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '99999999999999999999',
  '1e9',
  '8640000000000001',
]

/** A text with one to four changes; `words` are worth inserting, `other` is worth copying from. */
export function mutateText(
  text: string,
  random: Random,
  other: string,
  words: readonly string[],
): string {
  let changed = text
  for (let left = random.whole(1, 4); left > 0; left--) {
    changed = change(changed, random, other, words)
  }
  return changed
}

/** The text without one of its halves, quarters, … single characters. */
export function* shorterTexts(text: string): Generator<string, void, void> {
  for (
    let size = Math.ceil(text.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < text.length; at += size) {
      yield text.slice(0, at) + text.slice(at + size)
    }
  }
}

function change(text: string, random: Random, other: string, words: readonly string[]): string {
  const [from, to] = span(text, random)
  const put = (piece: string): string => text.slice(0, from) + piece + text.slice(to)
  switch (random.whole(0, 9)) {
    case 0:
      return put('')
    case 1:
      return put(
        text
          .slice(from, to)
          .repeat(random.pick([2, 3, 40]))
          .slice(0, longest),
      )
    case 2:
      return put(random.pick(words))
    case 3:
      return text.slice(0, from) + random.pick(words) + text.slice(from)
    case 4:
      return put(other.slice(...span(other, random)))
    case 5:
      return put(String.fromCharCode(random.whole(0, 255)))
    case 6:
      return text.slice(0, from)
    case 7:
      return otherNumber(text, random)
    case 8:
      return put(flipCase(text.slice(from, to)))
    default:
      return put(String.fromCharCode((text.charCodeAt(from) || 0) ^ (1 << random.whole(0, 7))))
  }
}

const longest = 4000

// Mostly short: a change should leave most of its input what it was.
function span(text: string, random: Random): [number, number] {
  const from = random.whole(0, text.length)
  return [from, Math.min(text.length, from + random.whole(0, random.pick([1, 4, 16, 64])))]
}

function otherNumber(text: string, random: Random): string {
  const found = [...text.matchAll(/\d+/g)]
  if (found.length === 0) return text + random.pick(numbers)
  const { index, 0: digits } = random.pick(found)
  return text.slice(0, index) + random.pick(numbers) + text.slice(index + digits.length)
}

function flipCase(text: string): string {
  return text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase()
}

/** A JSON value with one part of it changed, taken away, doubled or made of another kind. */
export function mutateJson(value: unknown, random: Random, words: readonly string[]): unknown {
  if (Array.isArray(value) && value.length > 0 && random.chance(0.85)) {
    const at = random.whole(0, value.length - 1)
    if (random.chance(0.1)) return value.toSpliced(at, 1)
    if (random.chance(0.1)) return value.toSpliced(at, 0, value[at])
    return value.with(at, mutateJson(value[at], random, words))
  }
  if (typeof value === 'object' && value !== null && random.chance(0.9)) {
    const entries = Object.entries(value)
    if (entries.length === 0 || random.chance(0.1)) {
      return Object.fromEntries([...entries, [random.pick(words), anything(random, words)]])
    }
    const at = random.whole(0, entries.length - 1)
    if (random.chance(0.1)) return Object.fromEntries(entries.toSpliced(at, 1))
    const [name, inner] = random.pick(entries)
    return { ...value, [name]: mutateJson(inner, random, words) }
  }
  if (typeof value === 'string' && random.chance(0.6))
    return mutateText(value, random, value, words)
  if (typeof value === 'number' && random.chance(0.6)) return Number(random.pick(numbers))
  return anything(random, words)
}

function anything(random: Random, words: readonly string[]): unknown {
  return random.pick<unknown>([
    null,
    true,
    false,
    '',
    [],
    {},
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    random.pick(words),
    'x'.repeat(random.pick([255, 256, 257, 512, 513, 5000])),
    [[]],
    { __proto__: null },
    JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'),
  ])
}
