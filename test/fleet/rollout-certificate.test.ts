import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { makeCertificates } from '../../ansible/roles/collector/files/certificate.ts'
import { command } from './command.ts'

const names = ['nas', 'nas.lan', '127.0.0.1', '10.77.0.11', '::1', 'fd77::11']
const now = Date.now()
const year = 365 * 86_400_000

test('the collector’s own certificate holds for its names, by OpenSSL’s strict rules, and is made once', async (t) => {
  const folder = temporary(t)
  assert.deepEqual(makeCertificates(folder, names, now, true), [
    'a new authority',
    `a new certificate for ${names.join(', ')}`,
  ])
  assert.equal(makeCertificates(folder, names, now).length, 2)
  assert.deepEqual(makeCertificates(folder, names, now), [])
  for (const key of ['ca.key', 'collector.key']) {
    assert.equal(statSync(join(folder, key)).mode & 0o777, 0o600)
  }
  const file = (name: string): string => join(folder, name)
  const checked = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', file('ca.crt')]
  const { out, err } = await command(['openssl', ...checked, file('collector.crt')])
  assert.match(out + err, /collector\.crt: OK|ENOENT/)
  for (const name of names) assert.equal(await shakes(folder, name), true, name)
  assert.equal(await shakes(folder, 'other.lan'), false)
})

test('another name or the last year makes a new certificate of the same authority', (t) => {
  const folder = temporary(t)
  makeCertificates(folder, ['nas'], now)
  const authority = readFileSync(join(folder, 'ca.crt'), 'utf8')
  assert.deepEqual(makeCertificates(folder, ['nas', 'home.example.net'], now), [
    'a new certificate for nas, home.example.net',
  ])
  assert.equal(makeCertificates(folder, ['nas'], now + 8 * year).length, 0)
  assert.deepEqual(makeCertificates(folder, ['nas'], now + 9.5 * year), [
    'a new certificate for nas',
  ])
  assert.equal(readFileSync(join(folder, 'ca.crt'), 'utf8'), authority)
  const made = new X509Certificate(readFileSync(join(folder, 'collector.crt')))
  assert.ok(made.validToDate.getTime() > now + 19 * year)
})

test('an authority’s key that is kept elsewhere is missed only when a certificate has to be made', (t) => {
  const folder = temporary(t)
  makeCertificates(folder, ['nas'], now)
  rmSync(join(folder, 'ca.key'))
  assert.deepEqual(makeCertificates(folder, ['nas'], now), [])
  assert.deepEqual(makeCertificates(folder, ['nas', 'other'], now), [
    'a new authority',
    'a new certificate for nas, other',
  ])
  assert.deepEqual(makeCertificates(folder, ['nas', 'other'], now), [])
})

function temporary(t: { after: (act: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-certificate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Whether a client that trusts the authority alone accepts the certificate under this name. */
async function shakes(folder: string, name: string): Promise<boolean> {
  const read = (file: string): Buffer => readFileSync(join(folder, file))
  const server = createServer({ cert: read('collector.crt'), key: read('collector.key') })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const is = name.includes(':') || /^[\d.]+$/.test(name) ? {} : { servername: name }
  const trusted = { host: '127.0.0.1', port, ca: read('ca.crt'), ...is }
  const { checkServerIdentity } = await import('node:tls')
  return new Promise((resolve) => {
    const socket = connect({
      ...trusted,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    })
    const done = (isGood: boolean): void => {
      socket.destroy()
      server.close(() => resolve(isGood))
    }
    socket.once('secureConnect', () => done(true))
    socket.once('error', () => done(false))
  })
}
