import { normaliseAddress } from '../../shared/address.ts'
import type { Event, Kind } from './event.ts'

/**
 * Who stands in the address place of a line: a normalised address, or a host name as written where
 * the daemon resolved names; undefined where it is neither. A name is never searched for an address
 * (CVE-2009-0362: a PTR record held one).
 */
export function placeOf(text: string): string | undefined {
  const known = KNOWN.get(text)
  if (known !== undefined || text.length > LONGEST_NAME) return known
  // A copy, since a piece of a line would keep the whole chunk it was read with.
  const copy = Buffer.from(text).toString()
  const place = normaliseAddress(copy) ?? (HOST_NAME.test(copy) ? copy : undefined)
  if (KNOWN.size >= 4096) KNOWN.clear()
  if (place !== undefined) KNOWN.set(copy, place)
  return place
}

/** One attacker comes again and again: what he is called is worked out once. */
const KNOWN = new Map<string, string>()
const LONGEST_NAME = 255
const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/

/**
 * An event of `kind` that comes from `address` (and `port`, and names `user`, where the line has
 * them); null where the address place holds neither an address nor a plausible host name.
 */
export function remote(
  kind: Kind,
  address: string | undefined,
  port?: string,
  user?: string,
): Event | null {
  const ip = address === undefined ? undefined : placeOf(address)
  if (ip === undefined) return null
  const event: Event = { kind, ip }
  if (port !== undefined) event.port = Number(port)
  if (user !== undefined) event.user = user
  return event
}

/**
 * The same for dropbear's `ADDRESS:PORT`. IPv6 has no brackets before 2026 (`::1:60116`), so the
 * port begins after the last colon.
 */
export function remoteSocket(kind: Kind, socket: string | undefined, user?: string): Event | null {
  const parts = socket === undefined ? null : SOCKET.exec(socket)
  return parts === null ? null : remote(kind, parts[1] ?? parts[2], parts[3], user)
}

const SOCKET = /^(?:\[([^\]]*)\]|(.*)):(\d{1,5})$/

/** Adds to `event` (null stays null). */
export function also(event: Event | null, more: Partial<Event>): Event | null {
  return event === null ? null : Object.assign(event, more)
}
