import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { addToken } from '../../../collector/commands/token.ts'
import { addUser, type Keyboard } from '../../../collector/commands/user.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openLog } from '../../../collector/store/log.ts'
import { openPeople } from '../../../collector/store/people/people.ts'
import { wordsOf } from '../../support/daemon.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const good = 'a lamp, three boats and the moon'
const now = () => 1_795_350_000_000

function open() {
  const db = openDatabase(':memory:')
  return { people: openPeople(db, now), log: openLog(db, now) }
}

async function run(stdin: Keyboard, store = open(), name = 'ana') {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const code = await addUser(store, name, { stdin, stdout, stderr })
  stdout.end()
  stderr.end()
  return {
    code,
    out: await text(stdout as Readable),
    err: await text(stderr as Readable),
    ...store,
  }
}

function piped(content: string): Keyboard {
  const stdin = new PassThrough()
  stdin.end(content)
  return stdin
}

// A terminal that is given keys one after the other, as a person types them.
function terminal(...keys: string[]): Keyboard & { modes: boolean[] } {
  const modes: boolean[] = []
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    modes,
    setRawMode: (raw: boolean) => modes.push(raw),
  })
  for (const key of keys) stdin.write(key)
  return stdin
}

test('a password written to standard input makes the person', async () => {
  const { code, out, err, people, log } = await run(piped(`${good}\n`))
  assert.deepEqual([code, out, err], [0, 'ana can log in now.\n', ''])
  assert.equal(await people.verify('ana', good), 'right')
  assert.equal(log.newest({ limit: 1 })[0]?.text, 'ana was added')
})

test('standard input may be a file as well as a pipe', () => {
  const folder = temporaryFolder()
  after(folder.remove)
  const file = join(folder.path, 'password')
  for (const [content, code] of [
    [`${good}\n`, 0],
    ['', 2],
  ] as const) {
    writeFileSync(file, content)
    const stdin = openSync(file, 'r')
    const { status, stderr } = spawnSync(
      process.execPath,
      [...wordsOf('collector'), 'user', 'add', 'ana'],
      { cwd: folder.path, stdio: [stdin, 'pipe', 'pipe'], encoding: 'utf8' },
    )
    closeSync(stdin)
    assert.equal(status, code, stderr)
    assert.equal(stderr.includes('    at '), false, stderr)
  }
})

test('a person already there is given a new password', async () => {
  const store = open()
  await run(piped(`${good}\r\n`), store)
  const { code, out } = await run(piped(`${good} again`), store)
  assert.equal(code, 0)
  assert.match(out, /^ana has a new password; all sessions of ana have ended\.\n$/)
  assert.equal(await store.people.verify('ana', `${good} again`), 'right')
})

test('on a terminal the password is asked for twice and never shown', async () => {
  const stdin = terminal('x', '\x15', ...good, '!', '\x7f', '\r', good, '\r')
  const { code, out, err, people } = await run(stdin)
  assert.equal(code, 0)
  assert.equal(err, 'Password for ana: \nOnce more: \n')
  assert.ok(!out.includes('lamp'))
  assert.deepEqual(stdin.modes, [true, false])
  assert.equal(await people.verify('ana', good), 'right')
})

test('both answers pasted at once are understood', async () => {
  assert.equal((await run(terminal(`${good}\r${good}\r`))).code, 0)
})

test('two different answers, Ctrl-C and a bad password change nothing', async () => {
  const differing = await run(terminal(good, '\r', 'something else entirely', '\r'))
  assert.equal(differing.code, 2)
  assert.match(differing.err, /user add: the two were not the same; nothing was changed\n$/)
  assert.equal(differing.people.knows('ana'), false)
  const interrupted = await run(terminal('abc', '\x03'))
  assert.deepEqual([interrupted.code, interrupted.people.knows('ana')], [130, false])
  const short = await run(piped('short\n'))
  assert.deepEqual(
    [short.code, short.err],
    [2, 'user add: a password needs at least 12 characters, this one has 5\n'],
  )
  const none = await run(piped(''))
  assert.match(none.err, /^user add: no password came/)
  assert.equal(none.code, 2)
})

test('a name that is none is refused before any password is asked for', async () => {
  for (const name of ['', 'a b', '-x', 'a\u001b[31m', 'x'.repeat(65), '../etc']) {
    const { code, err } = await run(terminal(), open(), name)
    assert.equal(code, 2)
    assert.match(err, /^user add: the name ".*" is not one: /)
    assert.ok(!err.includes('\u001b'))
  }
})

test('a token is printed once, alone on standard output', async () => {
  const store = open()
  const add = async (name: string) => {
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    const code = addToken(store, name, { stdout, stderr })
    stdout.end()
    stderr.end()
    return { code, out: await text(stdout), err: await text(stderr) }
  }
  const { code, out } = await add('prometheus')
  assert.equal(code, 0)
  assert.equal(store.people.token(out.trim()), 'prometheus')
  const again = await add('prometheus')
  assert.deepEqual([again.code, again.out], [2, ''])
  assert.match(again.err, /there is a token named prometheus already/)
  assert.equal((await add('a b')).code, 2)
})
