/** What a person can get wrong is answered with one sentence that says what to do, and exit code 2. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openDatabase } from '../collector/store/database.ts'
import { wordsOf } from './support/daemon.ts'
import { openFleet } from './support/fleet.ts'
import { runMain } from './support/run-main.ts'

const folder = mkdtempSync(join(tmpdir(), 'cibot-bad-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const noFull = existsSync('/dev/full') ? false : 'this system has no /dev/full'

function settings(name: string, value: unknown): string {
  const file = join(folder, name)
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

async function fails(
  program: 'agent' | 'collector',
  words: string[],
  sentence: RegExp,
  env: Record<string, string> = {},
): Promise<void> {
  const { code, stderr, stdout } = await runMain(program, words, '', { cwd: folder, env })
  assert.match(stderr + stdout, sentence)
  assert.equal(code, 2, stderr)
  assert.equal((stderr + stdout).includes('    at '), false, 'no stack')
}

test('a key nobody knows is named, with the one that was meant', () =>
  fails(
    'collector',
    ['-c', settings('a.json', { report: { schedle: '* * * * *' } }), 'check'],
    /a\.json: report: "schedle" is not known here; is "schedule" meant\?/,
  ))

test('a key in the wrong place is told its own, and only what is known there is offered', async () => {
  for (const [value, sentence] of [
    [{ port: 8787 }, /the top level: "port" is not known here; "listen\.port" is/],
    [
      { report: { timeZone: 'UTC' } },
      /report: "timeZone" is not known here; it belongs to the top/,
    ],
    [{ tls: { cert: 'x' } }, /tls: "cert" is not known here; known: certFile, keyFile\n/],
  ] as const) {
    await fails('collector', ['-c', settings('place.json', value), 'check'], sentence)
  }
})

test('a value of the wrong kind is named', () =>
  fails(
    'collector',
    ['-c', settings('b.json', { listen: { port: '8787' } }), 'check'],
    /b\.json: listen\.port: must be integer/,
  ))

test('what is no JSON is shown with its line', () =>
  fails(
    'agent',
    ['-c', settings('c.json', '{\n  "source": "auto",\n  oops\n}'), 'check'],
    /c\.json, line 3: not JSON/,
  ))

test('settings that are not there are named', () =>
  fails('agent', ['-c', join(folder, 'none.json'), 'run'], /cannot read .*none\.json/))

test('an address that is none shows what one looks like', () =>
  fails(
    'agent',
    ['-c', settings('d.json', { collector: 'nas.lan' }), 'run'],
    /"nas\.lan" is no address of a collector; it looks like https:\/\/nas\.lan:8787/,
  ))

test('an agent without a key says how to make one', () =>
  fails(
    'agent',
    ['-c', settings('e.json', { collector: 'http://127.0.0.1:1', keyFile: 'no.key' }), 'run'],
    /there is no key in .*no\.key; make one with: cibot-agent key/,
  ))

test('a log of its own that cannot be written is named, by either program', async () => {
  const logFile = join(settings('file', 'no folder'), 'cibot.log')
  const said = /cannot write logFile .*cibot\.log: .*; choose a file in a folder/
  assert.equal((await runMain('agent', ['-c', settings('k.json', {}), 'key'])).code, 0)
  const agent = settings('l.json', { collector: 'http://127.0.0.1:1', logFile })
  await fails('agent', ['-c', agent, 'run'], said)
  const collector = settings('m.json', { database: 'sqlite:m.db', logFile })
  await fails('collector', ['-c', collector, 'run'], said)
})

test('a file that is no key is not overwritten', async () => {
  const key = settings('broken.key', 'nothing')
  await fails(
    'agent',
    ['-c', settings('f.json', { keyFile: key }), 'key'],
    /broken\.key holds no private key of ours; move it away/,
  )
  assert.equal(existsSync(key), true)
})

test('a log that is not there, and a span that is none', async () => {
  await fails('agent', ['scan', join(folder, 'none.log')], /none\.log does not exist/)
  await fails('agent', ['scan', '--since', 'yesterday', '-'], /"yesterday" is no span of time/)
})

test('a packed log that ends too early is counted as far as it goes, and that is said', async () => {
  const failed = (host: number) =>
    `Nov 22 17:00:00 nas sshd[${host}]: Failed password for root from 192.0.2.${host} port 5 ssh2\n`
  // Without compression the cut falls where it is wanted: into the last address.
  const all = gzipSync(Array.from({ length: 99 }, (_, at) => failed(at + 100)).join(''), {
    level: 0,
  })
  const cut = join(folder, 'cut.gz')
  writeFileSync(cut, all.subarray(0, all.indexOf('192.0.2.198') + 10))
  const said = /cut\.gz is cut off or damaged \(unexpected end of file\); what it holds up to there/
  for (const words of [
    ['scan', '--json', cut],
    ['explain', cut],
  ])
    await fails('agent', words, said)
  const { stdout } = await runMain('agent', ['scan', '--json', cut])
  assert.equal(JSON.parse(stdout).attempts, 98)
  assert.equal(JSON.parse(stdout).attackers.length, 98)
})

test('a log that may not be read says whom to add to which group', async () => {
  const log = settings('secret.log', 'x')
  chmodSync(log, 0)
  chmodSync(folder, 0o755)
  // Root may read everything, so it is tried as nobody there.
  const uid = process.getuid?.() === 0 ? { uid: 65534 } : {}
  const { code, stderr } = await runMain('agent', ['scan', log], '', { cwd: '/', ...uid })
  assert.match(stderr, /secret\.log may not be read by .*; add the user to the group adm/)
  assert.equal(code, 2)
})

test('a port in use is named', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  const file = settings('g.json', { listen: { port }, database: `sqlite:${join(folder, 'g.db')}` })
  const sentence = new RegExp(
    `port ${port} on 127.0.0.1 is in use.* \\(or CIBOT_LISTEN_PORT\\) to a free`,
  )
  await fails('collector', ['-c', file, 'run'], sentence)
  other.close()
})

test('a certificate that is empty is not served', () => {
  const tls = { certFile: settings('empty.crt', ''), keyFile: settings('empty.key', '') }
  const database = `sqlite:${join(folder, 'o.db')}`
  return fails(
    'collector',
    ['-c', settings('o.json', { database, listen: { port: 0 }, tls }), 'run'],
    /tls\.certFile .*empty\.crt is empty; it must hold PEM/,
  )
})

test('a database of a newer version is left alone', async () => {
  const path = join(folder, 'newer.db')
  const db = openDatabase(path)
  db.prepare('PRAGMA user_version = 999').run()
  db.close()
  await fails(
    'collector',
    ['-c', settings('h.json', { database: `sqlite:${path}` }), 'agents'],
    /was written by a newer version \(schema 999/,
  )
})

test('a file that is no database is left alone', async () => {
  const path = settings('no.db', 'this is no database, however long it may be')
  await fails(
    'collector',
    ['-c', settings('i.json', { database: `sqlite:${path}` }), 'agents'],
    /cannot open the database .*no\.db/,
  )
})

test('a schedule that is none, a zone that is none, a token without a chat', async () => {
  const database = `sqlite:${join(folder, 'j.db')}`
  const listen = { port: 0 }
  await fails(
    'collector',
    ['-c', settings('j.json', { database, listen, report: { schedule: 'hourly' } }), 'run'],
    /report\.schedule: "hourly" is no cron expression/,
  )
  await fails(
    'collector',
    ['-c', settings('k.json', { timeZone: 'Rome' }), 'check'],
    /"Rome" is no time zone; it looks like Europe\/Rome/,
  )
  await fails(
    'collector',
    ['-c', settings('l.json', { telegram: { token: '1:a' } }), 'check'],
    /telegram\.chatId is missing/,
  )
})

test('the old script’s cibot.json is understood', async () => {
  const file = settings('cibot.json', { BOT: 'x', TOKEN: '1:a', CHATID: '42' })
  const { code, stdout } = await runMain('collector', ['-c', file, 'report', '--dry-run'], '', {
    cwd: folder,
  })
  assert.equal(code, 0)
  assert.match(stdout, /nothing to report/)
})

test('a name or key that is none is refused, and nothing is enrolled', async () => {
  const file = settings('m.json', { database: `sqlite:${join(folder, 'm.db')}` })
  await fails(
    'collector',
    ['-c', file, 'agents', 'add', 'two words', 'x'],
    /is no name for an agent/,
  )
  await fails(
    'collector',
    ['-c', file, 'agents', 'add', 'nas', 'ssh-ed25519'],
    /it begins with ed25519:/,
  )
  await fails(
    'collector',
    ['-c', file, 'agents', 'revoke', 'nas'],
    /there is no agent called "nas"/,
  )
})

test('an unknown command and a missing argument', async () => {
  await fails('agent', ['scna'], /unknown command 'scna'/)
  await fails('collector', ['agents', 'add', 'nas'], /missing required argument 'key'/)
})

test('output onto a full disk is said in a sentence', { skip: noFull }, () => {
  const full = openSync('/dev/full', 'w')
  const { status, stderr } = spawnSync(process.execPath, [...wordsOf('agent'), 'scan', '-'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  })
  closeSync(full)
  assert.match(stderr, /^cibot-agent: cannot write what was asked for: ENOSPC.*\n$/)
  assert.equal(status, 2)
})

test('a dry run that would send is refused', async () => {
  const file = settings('n.json', { database: `sqlite:${join(folder, 'n.db')}` })
  for (const other of [['--dry-run'], ['--since', '1h']]) {
    await fails(
      'collector',
      ['-c', file, 'report', '--resend', '1', ...other],
      /'--resend <number>' cannot be used with option '--(?:dry-run|since <span>)'/,
    )
  }
})

test('check tells what is wrong: an unknown key, a clock off by an hour', {
  timeout: 60_000,
}, async () => {
  const fleet = await openFleet()
  try {
    const log = settings('auth.log', '')
    const file = settings('check.json', { collector: fleet.url, source: log, keyFile: 'check.key' })
    const { stdout: key } = await runMain('agent', ['-c', file, 'key'], '', { cwd: folder })
    await fails(
      'agent',
      ['-c', file, 'check'],
      /NO .*this key is not enrolled here.*agents add NAME ed25519:/,
    )
    await fleet.command('agents', 'add', 'nas', key.trim())
    const well = await runMain('agent', ['-c', file, 'check'], '', { cwd: folder })
    assert.equal(well.code, 0, well.stdout)
    const hook = settings('hour.mjs', 'const now = Date.now; Date.now = () => now() + 3_600_000')
    await fails('agent', ['-c', file, 'check'], /NO .*the clock is 60 min ahead of the collector/, {
      NODE_OPTIONS: `--import ${hook}`,
    })
  } finally {
    await fleet.close()
  }
})
