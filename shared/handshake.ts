/**
 * Who an agent is: the holder of an Ed25519 key (RFC 8032). The private half is made on its host and
 * never leaves it; the collector keeps public halves only, so a stolen database opens no door. Each
 * connection proves it anew over both sides' nonces: a recorded handshake is worth nothing.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'

/** What both sides sign and check: everything that makes this connection this connection. */
export type Pledge = {
  key: string
  collector: string
  agentNonce: string
  collectorNonce: string
  protocol: number
}

/** A fresh 256-bit nonce, base64url. */
export function makeNonce(): string {
  return randomBytes(32).toString('base64url')
}

/** A new private key as PEM (PKCS #8). */
export function makePrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string
}

/** Reads a private key from PEM text. Throws where it is no Ed25519 private key. */
export function readPrivateKey(pem: string): KeyObject {
  const key = createPrivateKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('it is not an Ed25519 key')
  return key
}

/** The public half as people pass it around: `ed25519:` and 43 characters. */
export function publicKeyOf(privateKey: KeyObject): string {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  return `ed25519:${x}`
}

/** True where the text is a public key as `publicKeyOf` writes it. */
export function isPublicKey(text: string): boolean {
  return /^ed25519:[A-Za-z0-9_-]{43}$/.test(text) && importPublicKey(text) !== undefined
}

/** The agent's signature over the pledge, base64url. */
export function signPledge(pledge: Pledge, privateKey: KeyObject): string {
  return sign(null, statement(pledge), privateKey).toString('base64url')
}

/** True where the signature is the one that the holder of `pledge.key` makes over this pledge. */
export function checkPledge(pledge: Pledge, signature: string): boolean {
  const key = importPublicKey(pledge.key)
  return (
    key !== undefined && verify(null, statement(pledge), key, Buffer.from(signature, 'base64url'))
  )
}

// The first line keeps a signature made for this from ever meaning anything elsewhere.
function statement(pledge: Pledge): Buffer {
  const { key, collector, agentNonce, collectorNonce, protocol } = pledge
  return Buffer.from(
    ['cibot agent proof', key, collector, agentNonce, collectorNonce, protocol].join('\n'),
  )
}

function importPublicKey(text: string): KeyObject | undefined {
  const x = text.slice('ed25519:'.length)
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  } catch {
    return undefined
  }
}
