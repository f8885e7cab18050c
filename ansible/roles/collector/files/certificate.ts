/**
 * The collector's own authority and certificate, made where they are used: the authority's key never
 * leaves this host, and a bare host needs no openssl for it. X.509 v3 (RFC 5280) with ECDSA on P-256
 * (RFC 5758). What is there and good is left alone; prints one sentence for each file made.
 *
 *   node certificate.ts FOLDER NAME… [--look]      --look only says what would be made
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIP, SocketAddress } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const day = 86_400_000
const authorityLasts = 7300 * day
const certificateLasts = 3650 * day
/** A certificate this close to its end is made anew. */
const renewBefore = 365 * day

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2)
  const [folder = '.', ...names] = words.filter((word) => word !== '--look')
  for (const said of makeCertificates(folder, names, Date.now(), words.includes('--look'))) {
    process.stdout.write(`${said}\n`)
  }
}

/**
 * Sees to ca.key, ca.crt, collector.key and collector.crt (PEM) in this folder, the certificate being
 * good for these host names and addresses. Gives a sentence for each that was, or with `look` would
 * be, made. `now` is ms UTC.
 */
export function makeCertificates(
  folder: string,
  names: readonly string[],
  now: number,
  look = false,
): string[] {
  const file = (name: string): string => join(folder, name)
  const said: string[] = []
  if (isGood(file, names, now)) return [] // without ca.key, too: somebody may keep it elsewhere
  if (!existsSync(file('ca.key')) || !existsSync(file('ca.crt'))) {
    said.push('a new authority')
    if (!look) makeAuthority(file, now)
  }
  said.push(`a new certificate for ${names.join(', ')}`)
  if (!look) makeCertificate(file, names, now)
  return said
}

type File = (name: string) => string

function isGood(file: File, names: readonly string[], now: number): boolean {
  if (!['ca.crt', 'collector.key', 'collector.crt'].every((name) => existsSync(file(name))))
    return false
  const certificate = new X509Certificate(readFileSync(file('collector.crt')))
  const authority = new X509Certificate(readFileSync(file('ca.crt')))
  const key = createPrivateKey(readFileSync(file('collector.key')))
  const fits = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined
  return (
    certificate.verify(authority.publicKey) &&
    certificate.checkPrivateKey(key) &&
    certificate.validToDate.getTime() - now > renewBefore &&
    names.every(fits)
  )
}

function makeAuthority(file: File, now: number): void {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // Only agents know it, by this very file; its name tells two fleets apart to a person.
  const name = `CIBot ${randomBytes(4).toString('hex')}`
  const extensions = [basicConstraints(true), keyUsage(1, 0x06), keyIdentifier(publicKey)]
  const asked = { subject: name, issuer: name, key: publicKey, extensions }
  const der = certify(asked, now, now + authorityLasts, privateKey)
  write(file('ca.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600)
  write(file('ca.crt'), pem(der), 0o644)
}

function makeCertificate(file: File, names: readonly string[], now: number): void {
  const authority = new X509Certificate(readFileSync(file('ca.crt')))
  const issuer = authority.subject.replace(/^CN=/, '')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const extensions = [
    basicConstraints(false),
    keyUsage(7, 0x80),
    extension('551d25', sequence(der(0x06, Buffer.from('2b06010505070301', 'hex')))), // serverAuth
    authorityIdentifier(authority.publicKey),
    extension('551d11', sequence(...names.map(alternativeName))),
  ]
  const asked = { subject: 'CIBot collector', issuer, key: publicKey, extensions }
  const signer = createPrivateKey(readFileSync(file('ca.key')))
  const made = certify(asked, now, now + certificateLasts, signer)
  write(file('collector.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600)
  write(file('collector.crt'), pem(made), 0o644)
}

function write(path: string, text: string | Buffer, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode, flag: 'w' })
  renameSync(`${path}.new`, path)
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

type Asked = { subject: string; issuer: string; key: KeyObject; extensions: Buffer[] }

// RFC 5280, 4.1: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }.
function certify(asked: Asked, from: number, to: number, signer: KeyObject): Buffer {
  const { subject, issuer, key, extensions } = asked
  const algorithm = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex'))) // ecdsa-with-SHA256
  const serial = randomBytes(16)
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f) // positive, and never with a leading zero
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // v3
    der(0x02, serial),
    algorithm,
    commonName(issuer),
    sequence(time(from - day), time(to)), // a day back: clocks of home hosts disagree
    commonName(subject),
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  return sequence(
    body,
    algorithm,
    der(0x03, Buffer.concat([Buffer.alloc(1), sign('sha256', body, signer)])),
  )
}

function commonName(name: string): Buffer {
  const attribute = sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(name)))
  return sequence(der(0x31, attribute))
}

// RFC 5280, 4.1.2.5: UTCTime until 2049, GeneralizedTime from then on.
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+|[-:T]/g, '')
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}

function basicConstraints(isAuthority: boolean): Buffer {
  return extension(
    '551d13',
    sequence(...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : [])),
    true,
  )
}

function keyUsage(unused: number, bits: number): Buffer {
  return extension('551d0f', der(0x03, Buffer.from([unused, bits])), true)
}

function keyIdentifier(key: KeyObject): Buffer {
  return extension('551d0e', der(0x04, identifierOf(key)))
}

function authorityIdentifier(key: KeyObject): Buffer {
  return extension('551d23', sequence(der(0x80, identifierOf(key))))
}

function identifierOf(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

function alternativeName(name: string): Buffer {
  if (isIP(name) === 0) return der(0x82, Buffer.from(name, 'latin1'))
  return der(0x87, isIP(name) === 4 ? Buffer.from(name.split('.').map(Number)) : sixteen(name))
}

function sixteen(address: string): Buffer {
  const { address: shortest } = new SocketAddress({ address, family: 'ipv6' })
  const [head = '', tail] = shortest.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const gap = Array<string>(8 - left.length - right.length).fill('0')
  const all = tail === undefined ? left : [...left, ...gap, ...right]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const name = der(0x06, Buffer.from(id, 'hex'))
  const flag = critical ? [der(0x01, Buffer.from([0xff]))] : []
  return sequence(name, ...flag, der(0x04, value))
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

// X.690, 8.1.3: one byte of length below 128, else the number of bytes and they.
function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, content])
}
