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
    case 'EPROTO':
      // OpenSSL says this of an answer that is not TLS at all; of one that is, what is wrong with it.
      if (!/wrong version number|packet length too long/.test(error.message)) return error.message
      return 'what answers at the collector’s address speaks no TLS; does it begin with http://, or is the port another’s?'
    default:
      return answered(error.message) || reasonsOf(error)
  }
}

// Node and ws say no more than this of an answer that is no WebSocket's.
function answered(message: string): string {
  if (message === 'socket hang up') {
    return 'the collector’s address hangs up without an answer; has it a certificate, and so begins with https://?'
  }
  const status = /^Unexpected server response: (\d+)$/.exec(message)?.[1]
  if (status === undefined) return message
  return status.startsWith('5')
    ? `the collector, or a proxy before it, cannot answer now (HTTP ${status})`
    : `what answers at the collector’s address is no collector (HTTP ${status}); are the port and the path right?`
}

// Of a name with several addresses Node tries each, and the error of them all has no words of its own.
function reasonsOf(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : []
  return errors.map(({ message }) => message).join('; ') || error.name
}
