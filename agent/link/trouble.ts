/** Why no connection came about, in words that say what to do. */
export function troubleOf(error: Error & { code?: string }): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens at the collector’s address; is it running, and is the port right?'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the collector’s name cannot be found; is it spelt right?'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return 'nothing answers at the collector’s address; is its host up, and is there a way to it from here?'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'the collector’s certificate is not signed by an authority this agent trusts; set caFile to the collector’s'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the collector’s certificate is for another name: ${error.message}`
    default:
      return strangeOf(error.message) ?? (error.message || reasonsOf(error))
  }
}

// Words of OpenSSL, node:http and ws, which have no code of their own.
function strangeOf(words: string): string | undefined {
  if (words.includes('wrong version number')) {
    return 'what answers at the collector’s address speaks no TLS; is http:// meant?'
  }
  if (words === 'socket hang up') {
    return 'the connection was closed before the collector answered; is https:// meant?'
  }
  const status = /^Unexpected server response: (\d+)$/.exec(words)?.[1]
  if (status === undefined) return undefined
  return /^50[234]$/.test(status)
    ? `the collector, or a proxy before it, takes nobody at present (${status})`
    : `what answers at the collector’s address is no collector (${status}); are port and path right?`
}

// Of a name with several addresses Node tries each, and the error of them all has no words of its own.
function reasonsOf(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : []
  return errors.map(({ message }) => message).join('; ') || error.name
}
