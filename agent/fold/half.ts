import type { Session } from './session.ts'

/** The sessions of one address that another process may speak of, each linking the next. */
export type Half = { readonly ip: string; first: Session | undefined }

/** Those of one host, by address. */
export type Halves = {
  /** What is known of an address, if anything is. */
  find: (ip: string) => Half | undefined
  /** The same, made where there is none yet. */
  of: (ip: string) => Half
}

/** Addresses of whom nothing is half told any more are forgotten when so many are known. */
const mostIdle = 512

/**
 * Opens them empty. An address keeps its place when its session is told, since it comes back: putting
 * it in and taking it out for every attempt had V8 copy the map all the time, and keep the copies.
 */
export function openHalves(): Halves {
  let known = new Map<string, Half>()
  let most = mostIdle
  // A line's address is looked for before it is put in.
  let last: Half | undefined

  const find = (ip: string): Half | undefined => {
    if (last !== undefined && last.ip === ip) return last
    const half = known.get(ip)
    if (half !== undefined) last = half
    return half
  }
  const tidy = () => {
    known = new Map([...known].filter(([, { first }]) => first !== undefined))
    last = undefined
    most = Math.max(mostIdle, 2 * known.size)
  }
  return {
    find,
    of(ip) {
      const there = find(ip)
      if (there !== undefined) return there
      if (known.size >= most) tidy()
      const half: Half = { ip, first: undefined }
      known.set(ip, half)
      last = half
      return half
    },
  }
}

/** Puts the session under the address it has while it is half told, and takes it out when it is not. */
export function noteHalf(session: Session, isHalfTold: boolean): void {
  const { half } = session
  const ip = isHalfTold ? session.ip : undefined
  if (half?.ip === ip) return
  if (half !== undefined) leave(half, session)
  session.half = ip === undefined ? undefined : session.home.halves.of(ip)
  if (session.half === undefined) return
  session.nextHalf = session.half.first
  session.half.first = session
}

function leave(half: Half, session: Session): void {
  if (half.first === session) half.first = session.nextHalf
  else {
    let one = half.first
    while (one !== undefined && one.nextHalf !== session) one = one.nextHalf
    if (one !== undefined) one.nextHalf = session.nextHalf
  }
  session.nextHalf = undefined
}
