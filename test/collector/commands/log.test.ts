import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { followLog } from '../../../collector/commands/log.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openHistory } from '../../../collector/store/history.ts'
import { openLog } from '../../../collector/store/log.ts'
import { enrol } from '../../support/findings.ts'
import { acting, hostileNames } from '../../support/hostile.ts'
import { runMain } from '../../support/run-main.ts'

let folder: string
let env: Record<string, string>
const now = Date.now()

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cibot-log-'))
  env = { CIBOT_DATABASE: `sqlite:${join(folder, 'cibot.db')}`, CIBOT_TIME_ZONE: 'Europe/Rome' }
  const db = openDatabase(join(folder, 'cibot.db'))
  enrol(db, 'nas', now).tell(
    ...hostileNames.flatMap((name, at) => [
      { kind: 'attempt' as const, at: now - 60_000 + at, ip: '203.0.113.9', user: name },
      {
        kind: 'change' as const,
        at: now - 50_000 + at,
        host: name,
        ip: name,
        method: name,
        program: name,
        text: name,
      },
    ]),
    { kind: 'login', at: now - 10_000, ip: '203.0.113.9', user: hostileNames[3] ?? '' },
  )
  const log = openLog(db, () => now)
  for (const name of hostileNames) log.append('trouble', `${name} is not known`)
  db.close()
})
after(() => rmSync(folder, { recursive: true, force: true }))

const stamped = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}(attempt|change|login|trouble) {3,}\S/

test('the log on a terminal: one line an event, and nothing in it acts on the terminal', async () => {
  const { code, stdout, stderr } = await runMain('collector', ['log'], '', { env, cwd: folder })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.ok(!acting.test(stdout), 'something in it acts on the terminal')
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines.length, 40)
  for (const line of lines) {
    assert.match(line, stamped)
    assert.ok(line.length < 1000, line)
  }
})

test('the log as JSON: one object a line, every name as it was typed', async () => {
  const { stdout } = await runMain('collector', ['log', '--json'], '', { env, cwd: folder })
  assert.ok(!stdout.includes('\u001b'))
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(events.length, 40)
})

test('the report on a terminal: nothing in it acts on the terminal, and no line is forged', async () => {
  const { code, stdout } = await runMain(
    'collector',
    ['report', '--since', '1h', '--dry-run'],
    '',
    {
      env,
      cwd: folder,
    },
  )
  assert.equal(code, 0)
  assert.ok(!acting.test(stdout), 'something in it acts on the terminal')
  assert.doesNotMatch(stdout, /^\s*2026-11-22 12:00:00 {2}login/m)
  assert.match(stdout, /^203\.0\.113\.9 logged in to nas as /m)
})

test('following the log leaves out nothing that is written while it begins', {
  timeout: 20_000,
}, async () => {
  const db = openDatabase(':memory:')
  const log = openLog(db, () => now)
  const teller = enrol(db, 'nas', now)
  log.append('trouble', 'there before')
  const printed: string[] = []
  const ended = new AbortController()
  const print = (line: string): void => {
    printed.push(line)
    if (printed.length === 1) {
      log.append('trouble', 'written meanwhile')
      teller.tell({ kind: 'attempt', at: now, ip: '203.0.113.9', user: 'meanwhile' })
    }
    if (printed.length === 3) ended.abort()
  }
  const options = { log, history: openHistory(db), json: false, timeZone: 'UTC', print }
  await followLog(options, ended.signal)
  assert.deepEqual(printed.map((line) => line.split('  ').at(-1)?.trim()).toSorted(), [
    'nas 203.0.113.9 as meanwhile',
    'there before',
    'written meanwhile',
  ])
  db.close()
})
