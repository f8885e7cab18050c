/**
 * Undoes `times` passes of the encoding that sshd puts over every message (log.c, since 3.9:
 * strnvis with VIS_CSTYLE | VIS_NL | VIS_TAB | VIS_OCTAL): `\n`, `\t`, `\303`, `\\`. Lines marked
 * [preauth] have passed it twice. Bytes that form no UTF-8 come out as one character each.
 */
export function unvis(text: string, times: number): string {
  let plain = text
  for (let pass = 0; pass < times && plain.includes('\\'); pass++) plain = once(plain)
  return plain
}

function once(text: string): string {
  if (!BYTE.test(text)) return text.replace(SHORT, shortOf)
  const bytes: Buffer[] = []
  let from = 0
  for (const match of text.matchAll(ANY)) {
    bytes.push(Buffer.from(text.slice(from, match.index)), byteOf(match[0]))
    from = match.index + match[0].length
  }
  bytes.push(Buffer.from(text.slice(from)))
  return decode(Buffer.concat(bytes))
}

const BYTE = /\\[0-3][0-7]{2}/
const SHORT = /\\([\\nrbavtfs])/g
const ANY = /\\(?:[\\nrbavtfs]|[0-3][0-7]{2})/g

const LETTERS: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ['n', '\n'],
  ['r', '\r'],
  ['b', '\b'],
  ['a', '\x07'],
  ['v', '\v'],
  ['t', '\t'],
  ['f', '\f'],
  ['s', ' '],
])

function shortOf(_escaped: string, letter: string): string {
  return LETTERS.get(letter) ?? letter
}

function byteOf(escaped: string): Buffer {
  const letter = LETTERS.get(escaped.slice(1))
  return letter === undefined
    ? Buffer.of(Number.parseInt(escaped.slice(1), 8))
    : Buffer.from(letter)
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
