import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readAuthority } from '../../../agent/link/authority.ts'
import { tryLink } from '../../../agent/link/link.ts'
import { troubleOf } from '../../../agent/link/trouble.ts'
import { makeCertificates } from '../../../ansible/roles/collector/files/certificate.ts'
import { ConfigError } from '../../../shared/config.ts'
import { makePrivateKey, readPrivateKey } from '../../../shared/handshake.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const { path: folder, remove } = temporaryFolder()
after(remove)
const at = (name: string): string => join(folder, name)

const failed = (code: string, message: string) => Object.assign(new Error(message), { code })

// As net.connect of Node 26 gives it for a name with an IPv4 and an IPv6 address.
function failedAll(...errors: (Error & { code: string })[]): Error & { code?: string } {
  const code = errors[0]?.code
  return Object.assign(new AggregateError(errors), code === undefined ? {} : { code })
}

test('a name whose addresses all fail has a sentence, too', () => {
  const v4 = failed('ENETUNREACH', 'connect ENETUNREACH 203.0.113.1:8787')
  const v6 = failed('ENETUNREACH', 'connect ENETUNREACH 2001:db8::1:8787')
  assert.match(troubleOf(failedAll(v4, v6)), /nothing answers at the collector’s address/)
  const refused = failed('EPERM', 'connect EPERM 203.0.113.1:8787')
  assert.equal(troubleOf(failedAll(refused, v6)), `${refused.message}; ${v6.message}`)
})

test('what answers, but is no collector, has a sentence that says what may be meant', async (t) => {
  makeCertificates(folder, ['127.0.0.1'], Date.now(), false)
  const tls = { cert: readFileSync(at('collector.crt')), key: readFileSync(at('collector.key')) }
  let status = 404
  const plain = createServer((_request, response) => response.writeHead(status).end())
  const secure = createTlsServer(tls)
  t.after(() => [plain, secure].map((server) => server.close()))
  const [http, https] = await Promise.all([listening(plain), listening(secure)])
  const why = async (url: string): Promise<string> => {
    const tried = await tryLink({
      url,
      ca: undefined,
      key: readPrivateKey(makePrivateKey()),
      instance: '0'.repeat(32),
      version: '0',
      hostname: 'nas',
      signal: AbortSignal.timeout(10_000),
    })
    return tried.ok ? '' : tried.why
  }
  assert.match(await why(`ws://127.0.0.1:${http}`), /is no collector \(404\)/)
  status = 503
  assert.match(await why(`ws://127.0.0.1:${http}`), /takes nobody at present \(503\)/)
  assert.match(await why(`wss://127.0.0.1:${http}`), /is http:\/\/ meant\?/)
  assert.match(await why(`ws://127.0.0.1:${https}`), /is https:\/\/ meant\?/)
  assert.match(await why(`wss://127.0.0.1:${https}`), /set caFile/)
})

test('a caFile without a certificate is refused before anybody else is blamed', () => {
  writeFileSync(at('none.pem'), 'none\n')
  assert.throws(() => readAuthority(at('none.pem')), {
    name: ConfigError.name,
    message: /no certificate/,
  })
  assert.throws(() => readAuthority(at('nowhere.pem')), /cannot read caFile/)
  makeCertificates(folder, ['127.0.0.1'], Date.now(), false)
  assert.match(readAuthority(at('ca.crt')), /BEGIN CERTIFICATE/)
})

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
