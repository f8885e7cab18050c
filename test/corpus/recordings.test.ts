/** Logs that real daemons wrote in our lab: whatever is ours in them has a meaning. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Parsed } from '../../agent/parse/event.ts'
import { openExport } from '../../agent/parse/export.ts'
import { type JournalRecord, readEntry, readJson } from '../../agent/parse/journal.ts'
import { openParser } from '../../agent/parse/parse.ts'

const RECORDINGS = new URL('../recordings/', import.meta.url)

function filesEndingIn(ending: string): URL[] {
  if (!existsSync(RECORDINGS)) return []
  return readdirSync(RECORDINGS, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => new URL(name, RECORDINGS))
}

const OURS =
  /^(?:sshd|sshd-session|sshd-auth|dropbear|sudo|su|login|unix_chkpwd|useradd|usermod|userdel|groupadd|groupdel|chpasswd|passwd)$/

/** What daemons say of themselves: no peer and no user in it. */
const OF_ITSELF =
  /Server listening on|Received signal|Received SIGHUP|Server terminat|Exiting on signal|unable to resolve host|Not backgrounding|Running in background|Early exit|Failed loading|logout\(\)|Could not load host key/

function open() {
  return openParser({ zone: 'UTC', reference: Date.UTC(2026, 10, 22) })
}

function check(parsed: Parsed, message: string): void {
  assert.ok(parsed.at !== null && parsed.host !== null && parsed.program !== null, message)
  const ours = OURS.test(parsed.program) && !OF_ITSELF.test(message)
  if (ours) assert.ok(parsed.event !== null, message)
}

function recordsOf(file: URL): JournalRecord[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  return lines.flatMap((line) => readJson(JSON.parse(line)) ?? [])
}

const logs = filesEndingIn('.log')
test('recorded log files: every line of ours is understood', {
  skip: logs.length === 0 && 'no recordings in test/recordings',
}, () => {
  for (const file of logs) {
    const parser = open()
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line !== '') check(parser.line(line), `${file.pathname}: ${line}`)
    }
  }
})

const journals = filesEndingIn('.journal.json')
test('recorded journals: every entry of ours is understood, unless somebody else wrote it', {
  skip: journals.length === 0 && 'no recordings in test/recordings',
}, () => {
  for (const file of journals) {
    const parser = open()
    for (const record of recordsOf(file)) {
      const parsed = parser.record(record)
      const forged = record.uid !== 0 && /^(?:sshd|dropbear)/.test(record.program ?? '')
      if (forged) assert.ok(parsed.event === null || parsed.event.kind === 'closed')
      else if (record.message !== null) check(parsed, `${file.pathname}: ${record.message}`)
    }
  }
})

const exports = filesEndingIn('.journal.export')
test('recorded journals: the export format says what JSON says', {
  skip: exports.length === 0 && 'no recordings in test/recordings',
}, () => {
  for (const file of exports) {
    const json = new URL(file.href.replace(/export$/, 'json'))
    if (!existsSync(json)) continue
    const records = openExport().push(readFileSync(file)).map(readEntry)
    assert.deepEqual(records, recordsOf(json), file.pathname)
  }
})
