/**
 * Passwords: which ones are taken, and how they are kept (argon2id, RFC 9106, in the PHC string
 * format, so that the parameters can be raised later and old hashes still be read).
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'

/** What hashing answers when too many wait already: better refused than out of memory. */
export type Hashed<T> = { kind: 'done'; value: T } | { kind: 'busy' }

export type Hasher = {
  /** The hash to store for a password. */
  hash: (password: string) => Promise<Hashed<string>>
  /** Whether a password is the stored one; takes as long where there is none. */
  verify: (password: string, stored: string | undefined) => Promise<Hashed<boolean>>
}

/** OWASP's minimum for argon2id: memory in KiB, passes, lanes. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const tagBytes = 32
const atOnce = 2
const mostWaiting = 32

/** Gives a hasher that runs at most two hashes at once (19 MiB each) and lets 32 wait. */
export function openHasher(): Hasher {
  const gate = openGate(atOnce, mostWaiting)
  const dummy = encode(cost, randomBytes(saltBytes), randomBytes(tagBytes))
  return {
    hash: (password) =>
      gate(async () => {
        const salt = randomBytes(saltBytes)
        return encode(cost, salt, await derive(password, salt, cost, tagBytes))
      }),
    // An unknown name costs the same hash: the time taken tells nobody who exists.
    verify: (password, stored) =>
      gate(async () => {
        const known = decode(stored ?? dummy)
        const tag = await derive(password, known.salt, known.cost, known.tag.length)
        return timingSafeEqual(tag, known.tag) && stored !== undefined
      }),
  }
}

/**
 * Why a password is not taken, in one sentence, or undefined. Length in characters, 12 to 128; no
 * rules of composition (ASVS 6.2), but nothing from the top of every guessing list.
 */
export function weakness(password: string, name: string): string | undefined {
  const length = [...password].length
  if (length < 12) return `a password needs at least 12 characters, this one has ${length}`
  if (length > 128) return `a password has at most 128 characters, this one has ${length}`
  const plain = password.toLowerCase()
  if (new Set(plain).size < 5) return 'a password needs at least 5 different characters'
  const words = name.length >= 4 ? [name.toLowerCase(), ...guessedFirst] : guessedFirst
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), plain)
  if (rest !== plain && rest.replace(/[^\p{L}]/gu, '').length < 4) {
    return 'this password is a word that everybody tries first, with something around it'
  }
  return undefined
}

// Longer ones before what they contain.
const guessedFirst = `
  correcthorsebatterystaple administrator passphrase password passw0rd p@ssword p@ssw0rd
  qwertyuiop qwertzuiop qwerty qwertz qwert asdfghjkl asdfgh asdf yxcvbnm zxcvbnm zxcvbn
  1q2w3e4r5t6y 1q2w3e4r5t 1q2w3e4r 1q2w3e 1qaz2wsx3edc4rfv 1qaz2wsx3edc 1qaz2wsx 1qaz qazwsxedc qazwsx
  12345678901234567890 1234567890 0123456789 9876543210 123456789 12345678 1234567 123456 654321
  abcdefghijklmnopqrstuvwxyz abcdefgh abcdef abc
  raspberry changeme trustno1 starwars whatever computer internet superman sunshine princess
  iloveyou football baseball letmein welcome default testing monkey dragon master secret server
  ubuntu debian linux admin login guest root user test pass`
  .trim()
  .split(/\s+/)

type Cost = typeof cost

function derive(password: string, nonce: Buffer, use: Cost, tagLength: number): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFC'), 'utf8')
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce, tagLength, ...use }, (error, tag) =>
      error ? reject(error) : resolve(tag),
    )
  })
}

function encode(used: Cost, salt: Buffer, tag: Buffer): string {
  const bare = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  const { memory, passes, parallelism } = used
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${bare(salt)}$${bare(tag)}`
}

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

function decode(stored: string): { cost: Cost; salt: Buffer; tag: Buffer } {
  const parts = phc.exec(stored)
  if (parts === null) throw new Error('a stored password hash is damaged')
  const [, memory, passes, parallelism, salt = '', tag = ''] = parts
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function openGate(places: number, mostInLine: number) {
  const line: (() => void)[] = []
  let running = 0
  return async <T>(work: () => Promise<T>): Promise<Hashed<T>> => {
    if (running >= places) {
      if (line.length >= mostInLine) return { kind: 'busy' }
      await new Promise<void>((resolve) => line.push(resolve))
    } else {
      running += 1
    }
    try {
      return { kind: 'done', value: await work() }
    } finally {
      // The place passes on to the next in line, or is free.
      const next = line.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
