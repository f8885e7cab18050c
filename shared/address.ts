import { isIPv4, isIPv6 } from 'node:net'

/**
 * An address as every part of the fleet writes it, so that one attacker is one row.
 *
 * Takes an address as a daemon logged it; gives IPv4 in dotted form, IPv6 compressed in lower case
 * (RFC 5952), v4-mapped IPv6 as IPv4 (dropbear and vsftpd log `::ffff:1.2.3.4`), zones cut off
 * (`fe80::1%eth0`); undefined where the text is no address. `192.030.0.6` is none: some readers take
 * the 030 for octal, and guessing names somebody else.
 */
export function normaliseAddress(text: string): string | undefined {
  const zone = text.indexOf('%')
  const bare = zone === -1 ? text : text.slice(0, zone)
  if (isIPv4(bare)) return bare
  if (!isIPv6(bare)) return undefined
  // A URL writes its host as RFC 5952 does (URL standard, "IPv6 serializer").
  const written = new URL(`http://[${bare}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written)
  if (mapped === null) return written
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
