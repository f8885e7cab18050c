import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { choose, journalState, type LogState, logState } from '../../../agent/source/choose.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const folder = temporaryFolder()
after(folder.remove)

const now = Date.UTC(2026, 10, 22, 12)
const hours = (count: number) => now - count * 3_600_000
const auth = '/var/log/auth.log'
const absent = (path: string): LogState => ({
  path,
  trouble: `${path} does not exist.`,
  modified: null,
})
const log = (modified: number, trouble = '', path = auth): LogState => ({ path, trouble, modified })
const noJournal = 'The journal may not be read.'

test('a log that is written to is read, though the journal could be', () => {
  const choice = choose([log(hours(1)), absent('/var/log/secure')], '', now)
  assert.deepEqual(choice, { kind: 'file', path: auth, why: `${auth} is written to.` })
})

test('of two logs the one that is written to is read', () => {
  const choice = choose([log(hours(90)), log(hours(1), '', '/var/log/secure')], '', now)
  assert.equal(choice.kind === 'file' && choice.path, '/var/log/secure')
})

test('a left-over log gives way to the journal', () => {
  const choice = choose([log(hours(25))], '', now)
  assert.equal(choice.kind, 'journal')
  assert.match(choice.why, /not written to for 24 hours/)
})

test('a left-over log is read where the journal cannot be', () => {
  const choice = choose([log(hours(25))], noJournal, now)
  assert.equal(choice.kind, 'file')
  assert.match(choice.why, /journal may not be read/)
})

test('without a log, or one that may not be read, the journal is read', () => {
  assert.equal(choose([absent(auth)], '', now).kind, 'journal')
  const choice = choose([log(hours(1), `${auth} may not be read by cibot.`)], '', now)
  assert.equal(choice.kind, 'journal')
  assert.match(choice.why, /may not be read by cibot/)
})

test('where nothing can be read, what is there is waited for, and both reasons are given', () => {
  const choice = choose([log(hours(1), `${auth} may not be read by cibot.`)], noJournal, now)
  assert.equal(choice.kind, 'file')
  assert.match(choice.why, /may not be read by cibot.* journal may not be read/)
  const none = choose([absent(auth)], noJournal, now)
  assert.equal(none.kind, 'journal')
  assert.match(none.why, /There is no \/var\/log\/auth\.log.* journal may not be read/)
})

test('how a log stands is read off the disk', async () => {
  const path = join(folder.path, 'auth.log')
  writeFileSync(path, 'one\n')
  assert.deepEqual(logState(path), { path, trouble: '', modified: statSync(path).mtimeMs })
  const none = logState(join(folder.path, 'secure'))
  assert.equal(none.modified, null)
  assert.match(none.trouble, /does not exist/)
  mkdirSync(join(folder.path, 'folder'))
  assert.match(logState(join(folder.path, 'folder')).trouble, /not a file/)
})

test('how the journal stands is asked of journalctl', async () => {
  const says = async (script: string) => {
    const path = join(folder.path, 'journalctl')
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    return journalState(path)
  }
  assert.equal(await says('echo MESSAGE=x'), '')
  // journalctl's own words (systemd 252, src/shared/journal-util.c).
  const hint =
    'Hint: You are currently not seeing messages from other users and the system.\n      Users in groups "adm", "systemd-journal" can see all messages.'
  assert.match(
    await says(`echo MESSAGE=x; echo '${hint}' >&2`),
    /add the user to the group systemd-journal/,
  )
  assert.match(
    await says('echo "No journal files were found." >&2; exit 1'),
    /No journal files were found/,
  )
  assert.match(await says('exit 0'), /empty/)
  assert.match(await journalState(join(folder.path, 'none')), /not installed/)
})

test('whoever is asked to end does not wait for a slow journalctl', {
  timeout: 5_000,
}, async () => {
  const path = join(folder.path, 'slow')
  writeFileSync(path, '#!/bin/sh\nexec sleep 60\n')
  chmodSync(path, 0o755)
  const end = new AbortController()
  const asked = journalState(path, end.signal)
  end.abort()
  await asked
})
