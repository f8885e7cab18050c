/** scan against logs whose truth is known: Loghub's OpenSSH_2k.log, and the attacks recorded here. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { countAll } from '../../../agent/commands/counting.ts'
import { summarise } from '../../../agent/commands/scan.ts'
import type { Summary } from '../../../agent/commands/tally.ts'
import type { Count } from '../../../agent/fold/fold.ts'
import type { Truth } from '../../fleet/deeds.ts'
import { filledFrom } from '../../support/filled-from.ts'
import { temporaryFolder } from '../../support/log-writer.ts'
import { runMain } from '../../support/run-main.ts'
import { sorted, tableOfDeeds, tableOfSummary } from '../../support/worth.ts'

const corpora = fileURLToPath(new URL('../../../../shared/corpora', import.meta.url))
const recordings = fileURLToPath(new URL('../../recordings', import.meta.url))
const noCorpora = existsSync(corpora)
  ? false
  : 'the public corpora (Loghub, fail2ban, sshguard) are not beside the project'

async function scanned(bytes: Buffer, zone: string): Promise<Summary> {
  const reference = Date.UTC(2026, 10, 23)
  const log = {
    name: 'log',
    total: null,
    taken: () => 0,
    counted: (count: Count) =>
      countAll({ name: 'log', fill: filledFrom(pieces(bytes)) }, { zone, reference }, count),
  }
  return await summarise([log], null, { show: () => undefined, done: () => undefined })
}

function* pieces(bytes: Buffer, size = 997): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('OpenSSH_2k.log is 532 attempts of 24 addresses and one login', {
  skip: noCorpora,
}, async () => {
  const truth = JSON.parse(readFileSync(join(corpora, 'openssh2k-truth.json'), 'utf8')) as {
    attempts_folded: { value: number }
    attempts_folded_by_ip: { value: Record<string, number> }
    attempts_folded_ip_only_from_pam_rhost: { value: [string, number, string[], string[]][] }
  }
  const summary = await scanned(readFileSync(join(corpora, 'OpenSSH_2k.log')), 'UTC')
  // The log ends within a session of which only PAM has spoken so far; its rhost= is an address.
  const expected = new Map(Object.entries(truth.attempts_folded_by_ip.value))
  for (const [, attempts, , [address = '']] of truth.attempts_folded_ip_only_from_pam_rhost.value) {
    expected.set(address, (expected.get(address) ?? 0) + attempts)
  }
  const found = [...summary.attackers].filter((one) => one.attempts > 0)
  assert.deepEqual(
    sorted(new Map(found.map(({ ip, attempts }) => [ip, attempts]))),
    sorted(expected),
  )
  assert.equal(found.length, 24)
  assert.equal(summary.attempts, truth.attempts_folded.value)
  assert.equal(summary.logins, 1)
  assert.equal(summary.lines, 2000)
})

for (const folder of [recordings, join(recordings, 'odd')]) {
  const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Truth
  for (const { host, zone, files } of truth.recordings) {
    for (const file of files) {
      test(`${file} is worth what was done to ${host}, to each address and user`, async () => {
        const summary = await scanned(readFileSync(join(folder, file)), zone)
        const deeds = truth.deeds.filter((deed) => deed.host === host)
        assert.deepEqual(tableOfSummary(summary), tableOfDeeds(deeds))
      })
    }
  }
}

test('a log that holds several hosts is counted host by host, whatever the clock of each', async () => {
  const hosts = [
    { hour: 12, host: 'nas', address: '192.0.2.7' },
    { hour: 14, host: 'pi', address: '192.0.2.9' },
  ]
  const lines = [0, 1, 2].flatMap((minute) =>
    ['Invalid user', 'Failed password for invalid user'].flatMap((said) =>
      hosts.map(({ hour, host, address }) => {
        const who = `bob from ${address} port 4000${minute}`
        return `Nov 22 ${hour}:0${minute}:00 ${host} sshd[10${minute}]: ${said} ${who}`
      }),
    ),
  )
  const { attackers } = await scanned(Buffer.from(`${lines.join('\n')}\n`), 'UTC')
  assert.deepEqual(
    Array.from(attackers, ({ ip, attempts }) => [ip, attempts]),
    hosts.map(({ address }) => [address, 3]),
  )
})

test('a log is told by its content, packed or not, from a file or standard input', async () => {
  const log = readFileSync(join(recordings, 'attic.auth.log'))
  const plain = await runMain('agent', ['scan', '--json', join(recordings, 'attic.auth.log')])
  const packed = await runMain('agent', ['scan', '--json', '-'], gzipSync(log))
  assert.equal(plain.code, 0)
  assert.equal(packed.stdout, plain.stdout)
})

test('a log of one short line is counted, however its file is packed', async () => {
  const folder = temporaryFolder()
  after(folder.remove)
  const line = 'Nov 22 17:00:00 nas sshd[7]: Invalid user x from 192.0.2.1\n'
  for (const bytes of [Buffer.from(line), gzipSync(line), zstdCompressSync(line)]) {
    const file = join(folder.path, 'auth.log')
    writeFileSync(file, bytes)
    const { code, stdout, stderr } = await runMain('agent', ['scan', '--json', file, file])
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.equal((JSON.parse(stdout) as { lines: number }).lines, 2)
  }
})

test('a session that a rotation cut in two is one, in whatever order its files are named', async () => {
  const { path, remove } = temporaryFolder()
  after(remove)
  const of = (message: string) => `Nov 22 17:00:00 nas sshd[7]: ${message}\n`
  const who = 'bob from 192.0.2.7 port 40000'
  const [newer, older] = [join(path, 'auth.log'), join(path, 'auth.log.1')]
  writeFileSync(older, of(`Invalid user ${who}`))
  writeFileSync(newer, of(`Failed password for invalid user ${who} ssh2`))
  for (const files of [
    [newer, older],
    [older, newer],
  ]) {
    const { stdout } = await runMain('agent', ['scan', '--json', ...files])
    assert.equal(JSON.parse(stdout).attempts, 1)
  }
})

test('where messages were lost the count says "at least", to people', async () => {
  const failed =
    'Nov 22 17:00:00 nas sshd[7]: Failed password for bob from 192.0.2.7 port 40000 ssh2\n'
  const lost =
    'Nov 22 17:00:01 nas rsyslogd: imuxsock[pid: 7, name: sshd] from <sshd:info>: 120 messages lost due to rate-limiting (500 allowed within 5 seconds)\n'
  const said = async (log: string, ...words: string[]) =>
    (await runMain('agent', ['scan', ...words, '-'], log)).stdout
  assert.match(await said(failed), /^1 attempt by 1 address,/)
  assert.match(await said(failed + lost), /^at least 1 attempt by 1 address,/)
  const fields = (text: string) => Object.keys(JSON.parse(text))
  assert.deepEqual(
    fields(await said(failed + lost, '--json')),
    fields(await said(failed, '--json')),
  )
})
