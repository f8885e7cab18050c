import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError, reason } from '../../shared/config.ts'

/**
 * The certificates (PEM) in this file. Throws ConfigError; without the look at what is in it, TLS would
 * trust nobody, and say that the collector's certificate is at fault.
 */
export function readAuthority(file: string): string {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read caFile ${file}: ${reason(error)}`, { cause: error })
  }
  try {
    new X509Certificate(pem)
  } catch (error) {
    throw new ConfigError(
      `caFile ${file} holds no certificate; it begins with -----BEGIN CERTIFICATE-----`,
      { cause: error },
    )
  }
  return pem
}
