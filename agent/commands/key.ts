import type { KeyObject } from 'node:crypto'
import { closeSync, fchmodSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError, reason } from '../../shared/config.ts'
import { makePrivateKey, publicKeyOf, readPrivateKey } from '../../shared/handshake.ts'

/**
 * Makes the key pair if there is none in this file (mode 0600), and gives the public key. With
 * `renew` a new one replaces it: for a cloned host. Throws ConfigError.
 */
export function ensureKey(file: string, renew: boolean): string {
  const known = renew ? undefined : readKeyIfThere(file)
  return publicKeyOf(known ?? makeKey(file, renew ? 'w' : 'wx'))
}

/** The private key in this file. Throws ConfigError saying how to make one. */
export function readKey(file: string): KeyObject {
  const key = readKeyIfThere(file)
  if (key !== undefined) return key
  throw new ConfigError(`there is no key in ${file}; make one with: cibot-agent key`)
}

function readKeyIfThere(file: string): KeyObject | undefined {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return undefined
    throw new ConfigError(`cannot read the key in ${file}: ${reason(error)}`, { cause: error })
  }
  try {
    return readPrivateKey(pem)
  } catch (error) {
    throw new ConfigError(
      `${file} holds no private key of ours; move it away and make a new one with: cibot-agent key`,
      { cause: error },
    )
  }
}

function makeKey(file: string, flag: 'w' | 'wx'): KeyObject {
  const pem = makePrivateKey()
  try {
    mkdirSync(dirname(file), { recursive: true })
    const descriptor = openSync(file, flag, 0o600)
    try {
      // One that is there keeps the mode it had.
      fchmodSync(descriptor, 0o600)
      writeSync(descriptor, pem)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw new ConfigError(`cannot write the key to ${file}: ${reason(error)}`, { cause: error })
  }
  return readPrivateKey(pem)
}
