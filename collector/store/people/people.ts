/**
 * Who may look: persons, their sessions, one-time login links, and tokens for scripts. Only hashes
 * of secrets are stored; the secrets are 256 random bits, so a plain SHA-256 hides them.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '../database.ts'
import { refusedByDisk } from '../disk.ts'
import { openHasher, weakness } from './passwords.ts'
import { totpStep } from './totp.ts'

/** Milliseconds a session lives unused, lives at all, and a login link waits. */
export type Lifetimes = { idle: number; session: number; link: number }

export const lifetimes: Lifetimes = {
  idle: 30 * 60_000,
  session: 12 * 60 * 60_000,
  link: 10 * 60_000,
}

export type Session = { hash: string; person: string }

export type PasswordSet = { kind: 'added' } | { kind: 'changed' } | { kind: 'refused'; why: string }

export type People = {
  /**
   * Makes a person or gives one a new password, which ends all sessions of that person and asks for no
   * code any more: it is set on the console, and the way back in for who lost the app.
   */
  setPassword: (name: string, password: string) => Promise<PasswordSet>
  /** Whether the password is that person's; takes the same time for names nobody has. */
  verify: (name: string, password: string) => Promise<'right' | 'wrong' | 'busy'>
  knows: (name: string) => boolean
  /** Starts a session; gives its token, which is told once and never stored. */
  startSession: (person: string) => string
  /** The living session a token belongs to; asking keeps it from going idle. */
  session: (token: string) => Session | undefined
  /** Whether the session still lives, without keeping it alive. */
  lives: (session: Session) => boolean
  endSession: (hash: string) => void
  /** A code that logs this person in once; makes the person (without a password) if need be. */
  makeLink: (person: string) => string
  /** Uses a code up; gives the person, or undefined where it is unknown, used or too old. */
  useLink: (code: string) => string | undefined
  /** A new token for scripts, told once; undefined where the name is taken. */
  addToken: (name: string) => string | undefined
  /** Whether this person must give a code out of an app besides the password. */
  hasTotp: (name: string) => boolean
  /** Asks for codes from now on, where the code proves that the app has the secret; false where not. */
  setTotp: (name: string, secret: string, code: string) => boolean
  /** Uses a code up; false where it is wrong or was used before. */
  useTotp: (name: string, code: string) => boolean
  removeTotp: (name: string) => void
  /** Name of the token, or undefined. */
  token: (secret: string) => string | undefined
  hasToken: (name: string) => boolean
}

/** Names of persons and tokens. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

// Written at most this often, so that looking at a page is not a write per request.
const noteEvery = 60_000

/** Takes the open database and a clock (ms UTC). */
export function openPeople(db: Database, now: () => number, live = lifetimes): People {
  const hasher = openHasher()
  return {
    setPassword: async (name, password) => {
      const why = namePattern.test(name) ? weakness(password, name) : badName(name)
      if (why !== undefined) return { kind: 'refused', why }
      const hashed = await hasher.hash(password)
      if (hashed.kind === 'busy') return { kind: 'refused', why: 'too many passwords at once' }
      return { kind: storePassword(db, name, hashed.value, now()) }
    },
    verify: async (name, password) => {
      const row = db.prepare('SELECT password FROM person WHERE name = ?').get(name)
      const stored = row?.['password']
      const match = await hasher.verify(password, typeof stored === 'string' ? stored : undefined)
      if (match.kind === 'busy') return 'busy'
      return match.value ? 'right' : 'wrong'
    },
    knows: (name) => db.prepare('SELECT 1 FROM person WHERE name = ?').get(name) !== undefined,
    startSession: (person) => startSession(db, person, now(), live),
    session: (token) => session(db, token, now(), live),
    lives: ({ hash }) => row(db, hash, now(), live) !== undefined,
    endSession: (hash) => {
      db.prepare('DELETE FROM session WHERE hash = ?').run(hash)
    },
    makeLink: (person) => makeLink(db, person, now(), live),
    useLink: (code) => useLink(db, code, now()),
    hasTotp: (name) => totpOf(db, name) !== undefined,
    setTotp: (name, secret, code) => {
      const step = totpStep(secret, code, now(), 0)
      if (step === undefined) return false
      db.prepare('UPDATE person SET totp = ?, totp_step = ? WHERE name = ?').run(secret, step, name)
      return true
    },
    useTotp: (name, code) => useTotp(db, name, code, now()),
    removeTotp: (name) => {
      db.prepare('UPDATE person SET totp = NULL WHERE name = ?').run(name)
    },
    addToken: (name) => addToken(db, name, now()),
    token: (secret) => token(db, secret, now()),
    hasToken: (name) => db.prepare('SELECT 1 FROM token WHERE name = ?').get(name) !== undefined,
  }
}

/** Why a name of a person or token is not taken. */
export function badName(name: string): string {
  return `the name ${JSON.stringify(name.slice(0, 80))} is not one: 1 to 64 letters, digits or . _ @ -, beginning with a letter or digit`
}

function storePassword(db: Database, name: string, hash: string, now: number) {
  return db.transaction(() => {
    const known = db.prepare('SELECT 1 FROM person WHERE name = ?').get(name) !== undefined
    db.prepare(
      `INSERT INTO person (name, password, added) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET password = excluded.password, totp = NULL`,
    ).run(name, hash, now)
    db.prepare('DELETE FROM session WHERE person = ?').run(name)
    db.prepare('DELETE FROM link WHERE person = ?').run(name)
    return known ? 'changed' : 'added'
  })
}

function startSession(db: Database, person: string, now: number, live: Lifetimes): string {
  const secret = newSecret()
  db.transaction(() => {
    db.prepare('DELETE FROM session WHERE started <= ? OR seen <= ?').run(
      now - live.session,
      now - live.idle,
    )
    db.prepare('INSERT INTO session (hash, person, started, seen) VALUES (?, ?, ?, ?)').run(
      hashOf(secret),
      person,
      now,
      now,
    )
  })
  return secret
}

function session(db: Database, token: string, now: number, live: Lifetimes): Session | undefined {
  const hash = hashOf(token)
  const found = row(db, hash, now, live)
  if (found === undefined) return undefined
  if (now - found.seen >= Math.min(noteEvery, live.idle / 2)) {
    unlessFull(() => db.prepare('UPDATE session SET seen = ? WHERE hash = ?').run(now, hash))
  }
  return { hash, person: found.person }
}

function row(db: Database, hash: string, now: number, live: Lifetimes) {
  const found = db
    .prepare('SELECT person, seen FROM session WHERE hash = ? AND started > ? AND seen > ?')
    .get(hash, now - live.session, now - live.idle)
  return found && { person: String(found['person']), seen: Number(found['seen']) }
}

function makeLink(db: Database, person: string, now: number, live: Lifetimes): string {
  if (!namePattern.test(person)) throw new Error(badName(person))
  const secret = newSecret()
  db.transaction(() => {
    db.prepare('DELETE FROM link WHERE until <= ?').run(now)
    db.prepare('INSERT INTO person (name, added) VALUES (?, ?) ON CONFLICT DO NOTHING').run(
      person,
      now,
    )
    db.prepare('INSERT INTO link (hash, person, until) VALUES (?, ?, ?)').run(
      hashOf(secret),
      person,
      now + live.link,
    )
  })
  return secret
}

// One statement: two requests with one code cannot both be given it.
function useLink(db: Database, code: string, now: number): string | undefined {
  const used = db
    .prepare('DELETE FROM link WHERE hash = ? RETURNING person, until')
    .get(hashOf(code))
  return used !== undefined && Number(used['until']) > now ? String(used['person']) : undefined
}

function totpOf(db: Database, name: string): { secret: string; used: number } | undefined {
  const row = db.prepare('SELECT totp, totp_step FROM person WHERE name = ?').get(name)
  const secret = row?.['totp']
  if (typeof secret !== 'string') return undefined
  return { secret, used: Number(row?.['totp_step']) }
}

// The step is moved in one statement: of two requests with one code only one is let in.
function useTotp(db: Database, name: string, code: string, now: number): boolean {
  const known = totpOf(db, name)
  const step = known && totpStep(known.secret, code, now, known.used)
  if (step === undefined) return false
  const { changes } = db
    .prepare('UPDATE person SET totp_step = ? WHERE name = ? AND totp_step < ?')
    .run(step, name, step)
  return Number(changes) === 1
}

function addToken(db: Database, name: string, now: number): string | undefined {
  if (!namePattern.test(name)) throw new Error(badName(name))
  const secret = newSecret()
  const { changes } = db
    .prepare('INSERT INTO token (name, hash, added) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
    .run(name, hashOf(secret), now)
  return changes === 1 ? secret : undefined
}

function token(db: Database, secret: string, now: number): string | undefined {
  const hash = hashOf(secret)
  const found = db.prepare('SELECT name, used FROM token WHERE hash = ?').get(hash)
  if (found === undefined) return undefined
  if (now - Number(found['used'] ?? 0) >= noteEvery) {
    unlessFull(() => db.prepare('UPDATE token SET used = ? WHERE hash = ?').run(now, hash))
  }
  return String(found['name'])
}

// The page that says the disk is full must open on a full disk.
function unlessFull(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!refusedByDisk(error)) throw error
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
