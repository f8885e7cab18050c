import ipaddr from 'ipaddr.js'

/**
 * The network an address is counted under: the /24 of an IPv4 address, the /48 of an IPv6 one (what
 * one customer or one rented rack usually holds). A host name stands for itself.
 */
export function networkOf(ip: string): string {
  if (ipaddr.IPv4.isValidFourPartDecimal(ip)) return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`
  if (!ip.includes(':') || !ipaddr.IPv6.isValid(ip)) return ip
  const [one = 0, two = 0, three = 0] = ipaddr.IPv6.parse(ip).parts
  return `${new ipaddr.IPv6([one, two, three, 0, 0, 0, 0, 0]).toRFC5952String()}/48`
}

/** Whether a text is written as networkOf writes networks. */
export function isNetwork(text: string): boolean {
  return /^[\d.]+\.0\/24$|^[\da-f:]+::\/48$/.test(text)
}
