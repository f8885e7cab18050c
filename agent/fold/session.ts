/** One session: what it has shown so far, and how a checkpoint spells that. */
import type { OpenSession } from '../../shared/checkpoint.ts'
import type { Half } from './half.ts'
import type { Home } from './homes.ts'
import type { Chain } from './order.ts'
import type { Pool } from './pool.ts'
import { isAddress } from './told.ts'

/** What a session has shown, one bit each; a checkpoint spells them out. */
export const Flag = {
  named: 1,
  scanned: 2,
  probed: 4,
  accepted: 8,
  ended: 16,
  pam: 32,
  joined: 64,
  waits: 128,
} as const satisfies Record<OpenSession['flags'][number], number>

/** The pid, or the text that stands for it. */
export type SessionId = number | string

/** A session in memory. */
export type Session = {
  home: Home
  host: string
  program: string
  id: SessionId
  /** Every session of its host and program, itself included once it was touched. */
  pool: Pool
  /** The next one in the same place of the pool. */
  next: Session | undefined
  seen: number
  reported: number
  /** Credentials refused: those sshd told of itself, and those told by others, by who did. */
  sshd: number
  others: Map<string, number> | undefined
  flags: number
  ip: string | undefined
  /** `ip` is an address, no host name. */
  isNumeric: boolean
  port: number | undefined
  user: string | undefined
  /** Anchor of an attempt reported without its method; no file means there is none. */
  amendFile: string | undefined
  amendOffset: number
  /** The chain it is in, and its neighbours there. */
  chain: Chain<Session> | undefined
  before: Session | undefined
  after: Session | undefined
  /** The address under which it stands as half told, and the next one there. */
  half: Half | undefined
  nextHalf: Session | undefined
}

/**
 * Credentials refused in this session. sshd's own lines add up; all other witnesses (PAM modules,
 * "error: PAM: …", sudo's closing sum) tell of the same credentials again, so the largest counts.
 */
export function refusals({ sshd, others }: Session): number {
  if (others === undefined) return sshd
  let told = 0
  for (const count of others.values()) told = Math.max(told, count)
  return sshd + told
}

/** True where more attempts are reported than refusals were seen: the next refusal is one of them. */
export function hasCredit(session: Session): boolean {
  return session.reported > refusals(session)
}

/** True while answers to keyboard-interactive are being refused. */
export function isInteractive({ others }: Session): boolean {
  return others?.has('sshd-pam') === true
}

/** An id as text, taken back: a pid is a number again. */
export function idIn(text: string): SessionId {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return String(number) === text ? number : text
}

/** A new session, in no chain and no pool. */
export function fresh(home: Home, program: string, id: SessionId): Session {
  return {
    home,
    host: home.name,
    program,
    id,
    pool: home.pool(program),
    next: undefined,
    seen: 0,
    reported: 0,
    sshd: 0,
    others: undefined,
    flags: 0,
    ip: undefined,
    isNumeric: false,
    port: undefined,
    user: undefined,
    amendFile: undefined,
    amendOffset: 0,
    chain: undefined,
    before: undefined,
    after: undefined,
    half: undefined,
    nextHalf: undefined,
  }
}

/** Makes a session that was let go a new one, which is in no chain and no pool either. */
export function renew(session: Session, home: Home, program: string, id: SessionId): void {
  session.home = home
  session.host = home.name
  session.program = program
  session.id = id
  session.pool = home.pool(program)
  session.next = undefined
  session.seen = 0
  session.reported = 0
  session.sshd = 0
  session.others = undefined
  session.flags = 0
  session.ip = undefined
  session.isNumeric = false
  session.port = undefined
  session.user = undefined
  session.amendFile = undefined
  session.amendOffset = 0
}

/** A session out of a checkpoint. */
export function restore(saved: OpenSession, home: Home): Session {
  const session = fresh(home, saved.program, idIn(saved.id))
  const { seen, reported, refused, flags, ip, port, user, amend } = saved
  for (const flag of flags) session.flags |= Flag[flag]
  session.sshd = refused.find(([witness]) => witness === 'sshd')?.[1] ?? 0
  const others = refused.filter(([witness]) => witness !== 'sshd')
  if (others.length > 0) session.others = new Map(others)
  return Object.assign(session, {
    ...{ seen, reported, ip, port, user },
    isNumeric: ip !== undefined && isAddress(ip),
    amendFile: amend?.[0],
    amendOffset: amend?.[1] ?? 0,
  })
}

const flagNames = Object.keys(Flag) as OpenSession['flags']

/** The same for a checkpoint. */
export function saveOne(session: Session): OpenSession {
  const { host, program, id, seen, reported, sshd, others, flags } = session
  const { ip, port, user, amendFile, amendOffset } = session
  return {
    ...{ host, program, id: String(id), seen, reported },
    refused: [...(sshd > 0 ? [['sshd', sshd] as [string, number]] : []), ...(others ?? [])],
    flags: flagNames.filter((name) => flags & Flag[name]),
    ...(ip === undefined ? {} : { ip }),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(amendFile === undefined ? {} : { amend: [amendFile, amendOffset] }),
  }
}
