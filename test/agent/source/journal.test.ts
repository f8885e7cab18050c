import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type JournalSettings, openJournal } from '../../../agent/source/journal.ts'
import type { Entry } from '../../../agent/source/source.ts'
import { checker } from '../../../shared/check.ts'
import { JournalPosition, type Position } from '../../../shared/checkpoint.ts'
import { temporaryFolder } from '../../support/log-writer.ts'
import { lastPosition, type Reader, startReader } from '../../support/reader.ts'

const remote = '/lib/systemd/systemd-journal-remote'
const missing = !existsSync(remote)
  ? 'systemd-journal-remote is not installed (apt-get install systemd-journal-remote)'
  : spawnSync('journalctl', ['--version']).status !== 0 && 'journalctl is not installed'
const options = { skip: missing }

const quick = { again: { first: 50, most: 200 }, quiet: 100 }
const bootA = 'a'.repeat(32)
const bootB = 'b'.repeat(32)

type Written = { boot?: string; at: number; text: string; fields?: Record<string, string> }

type Place = {
  directory: string
  /** Adds entries to a real journal file, `at` seconds after its boot. */
  write: (entries: Written[], file?: string) => void
  read: (
    from?: Position | null,
    settings?: Partial<JournalSettings>,
    since?: number | null,
  ) => Reader
}

function place(t: TestContext): Place {
  const folder = temporaryFolder()
  const directory = join(folder.path, 'journal')
  spawnSync('mkdir', [directory])
  const readers: Reader[] = []
  t.after(async () => {
    await Promise.all(readers.map((reader) => reader.stop()))
    folder.remove()
  })
  return {
    directory,
    write(entries, file = 'system.journal') {
      const run = spawnSync(remote, ['-o', join(directory, file), '-'], {
        input: entries.map(exported).join(''),
        encoding: 'utf8',
      })
      assert.equal(run.status, 0, run.stderr)
    },
    read(from = null, settings = {}, since = null) {
      const source = openJournal({ ...quick, directory, ...settings })
      const reader = startReader(source, from, since)
      readers.push(reader)
      return reader
    },
  }
}

const bootTimes = new Map([
  [bootA, Date.UTC(2026, 10, 20)],
  [bootB, Date.UTC(2026, 10, 21)],
])
const started = (boot: string) => bootTimes.get(boot) ?? 0

function exported({ boot = bootA, at, text, fields }: Written): string {
  const all = {
    __REALTIME_TIMESTAMP: String(started(boot) * 1000 + at * 1_000_000),
    __MONOTONIC_TIMESTAMP: String(at * 1_000_000),
    _BOOT_ID: boot,
    ...(fields ?? { SYSLOG_FACILITY: '10', SYSLOG_IDENTIFIER: 'sshd', _PID: '24200' }),
    _HOSTNAME: 'LabSZ',
    MESSAGE: text,
  }
  return `${Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}\n`
}

function entries(reader: Reader): (Entry & { boot: string })[] {
  return reader.readings.flatMap((one) =>
    one.kind === 'entries' ? one.entries.map((entry) => ({ ...entry, boot: one.boot })) : [],
  )
}
const messages = (reader: Reader) => entries(reader).map((entry) => entry.record.message)
const has = (text: string) => (reader: Reader) => messages(reader).includes(text)
const caughtUp = (reader: Reader) => reader.trouble() === ''
const numbered = (from: number, count: number, boot = bootA): Written[] =>
  Array.from({ length: count }, (_, at) => ({ boot, at: from + at, text: `line ${from + at}` }))

test('the journal is read from its beginning and then as it grows', options, async (t) => {
  const { write, read } = place(t)
  write(numbered(1, 40))
  const reader = read()
  await reader.until(caughtUp)
  assert.equal(messages(reader).length, 40)
  write(numbered(41, 3))
  await reader.until(has('line 43'))
  assert.deepEqual(
    messages(reader),
    numbered(1, 43).map((one) => one.text),
  )
  assert.deepEqual(
    entries(reader).map((entry) => entry.offset),
    numbered(1, 43).map((one) => one.at * 1_000_000),
  )
  assert.deepEqual(reader.gaps(), [])
  assert.equal(entries(reader)[0]?.record.host, 'LabSZ')
})

test('from every position the rest comes again, under the same offsets', options, async (t) => {
  const { write, read } = place(t)
  write(numbered(1, 30))
  const reader = read()
  await reader.until(has('line 30'))
  for (let turn = 31; turn < 36; turn++) {
    write(numbered(turn, 1))
    await reader.until(has(`line ${turn}`))
  }
  await reader.stop()
  const all = entries(reader)
  const check = checker(JournalPosition)
  for (const one of reader.readings) {
    if (one.kind !== 'entries') continue
    assert.ok(check(one.position).ok)
    const again = read(one.position)
    await again.until(caughtUp)
    const rest = entries(again)
    assert.deepEqual(rest, all.slice(all.length - rest.length))
    assert.equal(all.at(-1 - rest.length)?.offset, one.entries.at(-1)?.offset)
    assert.deepEqual(again.gaps(), [])
    await again.stop()
  }
})

test('what the last boot left unread comes before this one', options, async (t) => {
  const { write, read } = place(t)
  write(numbered(1, 5))
  const before = read()
  await before.until(has('line 5'))
  await before.stop()
  write(numbered(6, 5))
  write(numbered(1, 5, bootB).map((one) => ({ ...one, text: `new ${one.text}` })))
  const reader = read(lastPosition(before))
  await reader.until(has('new line 5'))
  assert.equal(messages(reader)[0], 'line 6')
  assert.equal(messages(reader).length, 10)
  const boots = reader.readings.flatMap((one) => (one.kind === 'entries' ? [one.boot] : []))
  assert.deepEqual([...new Set(boots)], [bootA, bootB])
  assert.deepEqual(reader.gaps(), [])
})

test('entries of one moment are numbered upwards', options, async (t) => {
  const { write, read } = place(t)
  write(['one', 'two', 'three'].map((text) => ({ at: 7, text })))
  const reader = read()
  await reader.until(has('three'))
  assert.deepEqual(
    entries(reader).map((entry) => entry.offset),
    [7_000_000, 7_000_001, 7_000_002],
  )
})

test('only what can matter is asked for', options, async (t) => {
  const { write, read } = place(t)
  const told: [text: string, fields: Record<string, string>][] = [
    ['auth', { SYSLOG_FACILITY: '4', SYSLOG_IDENTIFIER: 'login' }],
    ['cron', { SYSLOG_FACILITY: '9', SYSLOG_IDENTIFIER: 'CRON' }],
    ['daemon', { SYSLOG_FACILITY: '3', SYSLOG_IDENTIFIER: 'nginx', _COMM: 'nginx' }],
    ['sshd by its process', { SYSLOG_FACILITY: '3', _COMM: 'sshd-session' }],
    ['dropbear by its tag', { SYSLOG_FACILITY: '3', SYSLOG_IDENTIFIER: 'dropbear' }],
    [
      'Suppressed 12 messages from ssh.service',
      {
        _TRANSPORT: 'driver',
        MESSAGE_ID: 'a596d6fe7bfa4994828e72309e95d61e',
        SYSLOG_IDENTIFIER: 'systemd-journald',
      },
    ],
    ['forged', { _TRANSPORT: 'journal', MESSAGE_ID: 'a596d6fe7bfa4994828e72309e95d61e' }],
    ['last', { SYSLOG_FACILITY: '10', SYSLOG_IDENTIFIER: 'sudo' }],
  ]
  write(told.map(([text, fields], at) => ({ at: at + 1, text, fields })))
  const reader = read()
  await reader.until(has('last'))
  assert.deepEqual(messages(reader), [
    'auth',
    'sshd by its process',
    'dropbear by its tag',
    'Suppressed 12 messages from ssh.service',
    'last',
  ])
})

test('first contact begins at `since`', options, async (t) => {
  const { write, read } = place(t)
  write(numbered(100, 20))
  const reader = read(null, {}, started(bootA) + 110_000)
  await reader.until(has('line 119'))
  assert.equal(messages(reader)[0], 'line 110')
})

test(
  'a cursor whose entry was removed is a gap, once, and what is left is read',
  options,
  async (t) => {
    const { directory, write, read } = place(t)
    write(numbered(1, 5), 'old.journal')
    const before = read()
    await before.until(has('line 5'))
    await before.stop()
    write(numbered(10, 5), 'new.journal')
    rmSync(join(directory, 'old.journal'))
    const reader = read(lastPosition(before))
    await reader.until(has('line 14'))
    assert.deepEqual(reader.gaps(), ['vacuumed'])
    assert.equal(reader.readings[0]?.kind, 'gap')
    assert.deepEqual(
      messages(reader),
      numbered(10, 5).map((one) => one.text),
    )
  },
)

test('entries copied to another journal file are the same', options, async (t) => {
  const { directory, write, read } = place(t)
  write(numbered(1, 5), 'run.journal')
  const before = read()
  await before.until(has('line 5'))
  await before.stop()
  rmSync(join(directory, 'run.journal'))
  // As when journald flushes /run to /var: another file, another sequence.
  write([...numbered(0, 1), ...numbered(1, 6)], 'var.journal')
  const reader = read(lastPosition(before))
  await reader.until(has('line 6'))
  assert.deepEqual(messages(reader), ['line 6'])
  assert.deepEqual(reader.gaps(), [])
})

test(
  'a journalctl that is killed is started again, and nothing is lost or doubled',
  options,
  async (t) => {
    const { directory, write, read } = place(t)
    const pids = join(directory, '..', 'pids')
    const command = script(
      join(directory, '..', 'journalctl'),
      `for one in "$@"; do [ "$one" = --follow ] && echo $$ >> ${pids}; done; exec journalctl "$@"`,
    )
    write(numbered(1, 5))
    const reader = read(null, { command: [command] })
    for (let turn = 0; turn < 3; turn++) {
      const started = () => (existsSync(pids) ? readFileSync(pids, 'utf8').trim().split('\n') : [])
      await reader.until((one) => caughtUp(one) && started().length > turn)
      process.kill(Number(started().at(-1)), 'SIGKILL')
      write(numbered(6 + turn, 1))
      await reader.until(has(`line ${6 + turn}`))
    }
    assert.deepEqual(
      messages(reader),
      numbered(1, 8).map((one) => one.text),
    )
    assert.deepEqual(reader.gaps(), [])
  },
)

test('stopping ends journalctl', options, async (t) => {
  const { directory, write, read } = place(t)
  const pids = join(directory, '..', 'pids')
  const command = script(
    join(directory, '..', 'journalctl'),
    `echo $$ > ${pids}; exec journalctl "$@"`,
  )
  write(numbered(1, 5))
  const reader = read(null, { command: [command] })
  await reader.until(caughtUp)
  await reader.stop()
  const pid = Number(readFileSync(pids, 'utf8'))
  const deadline = performance.now() + 5_000
  const runs = () => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  while (runs() && performance.now() < deadline)
    await new Promise((resolve) => setImmediate(resolve))
  assert.ok(!runs(), 'journalctl still runs')
})

test('a message that is no UTF-8 or very long is read past', options, async (t) => {
  const { write, read } = place(t)
  write([
    { at: 1, text: 'before' },
    { at: 2, text: `long ${'x'.repeat(2_000_000)}` },
    { at: 3, text: 'after' },
  ])
  const reader = read()
  await reader.until(has('after'))
  assert.deepEqual(messages(reader), ['before', 'after'])
  assert.deepEqual(reader.gaps(), ['oversize'])
})

test('what journalctl says on stderr is the trouble, and it is tried again', async (t) => {
  const { directory, read } = place(t)
  const told = join(directory, '..', 'told')
  const command = script(
    join(directory, '..', 'journalctl'),
    `echo x >> ${told}; printf 'Failed to open \\033[31mjournal\\n' >&2; exit 1`,
  )
  const reader = read(null, { command: [command] })
  await reader.until((one) => /journalctl says: Failed to open/.test(one.trouble() ?? ''))
  assert.ok(!reader.trouble()?.includes('\u001b'))
  const deadline = performance.now() + 5_000
  const tries = () => readFileSync(told, 'utf8').length / 2
  while (tries() < 3 && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(tries() >= 3)
  assert.equal(reader.readings.length, 1, 'the same trouble is told once')
})

test('a journal seen only in part is not read, so that the position stays before the rest', async (t) => {
  const { directory, read } = place(t)
  // journalctl's own words (systemd 252, src/shared/journal-util.c).
  const hint = 'Hint: You are currently not seeing messages from other users and the system.'
  const entry = exported({ at: 1, text: 'mine' }).replaceAll('\n', '\\n')
  const cursor = `__CURSOR=s=1;i=1;b=${bootA};m=1;t=1;x=1\\n`
  const command = script(
    join(directory, '..', 'journalctl'),
    `echo '${hint}' >&2; printf '${cursor}${entry}'`,
  )
  const reader = read(null, { command: [command] })
  await reader.until((one) => /group systemd-journal/.test(one.trouble() ?? ''))
  assert.deepEqual(messages(reader), [])
})

test('without journalctl the sentence says so', async (t) => {
  const { directory, read } = place(t)
  const reader = read(null, { command: [join(directory, 'none')] })
  await reader.until((one) => /not installed/.test(one.trouble() ?? ''))
})

function script(path: string, body: string): string {
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}
