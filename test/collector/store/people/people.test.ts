import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../../../collector/store/database.ts'
import { openHasher, weakness } from '../../../../collector/store/people/passwords.ts'
import { lifetimes, openPeople } from '../../../../collector/store/people/people.ts'

const minute = 60_000
const good = 'a lamp, three boats and the moon'

function open() {
  const clock = { now: Date.parse('2026-11-22T12:00:00Z') }
  const db = openDatabase(':memory:')
  return { db, clock, people: openPeople(db, () => clock.now) }
}

test('a password is right for its person only, and only its argon2id hash is kept', async () => {
  const { db, people } = open()
  assert.deepEqual(await people.setPassword('ana', good), { kind: 'added' })
  assert.equal(await people.verify('ana', good), 'right')
  assert.equal(await people.verify('ana', `${good}.`), 'wrong')
  assert.equal(await people.verify('nobody', good), 'wrong')
  const stored = String(db.prepare('SELECT password FROM person').get()?.['password'])
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/)
})

test('a person made for a login link has no password that could be right', async () => {
  const { people } = open()
  people.makeLink('ana')
  assert.equal(people.knows('ana'), true)
  assert.equal(await people.verify('ana', ''), 'wrong')
})

test('letters composed or not are the same password', async () => {
  const { people } = open()
  await people.setPassword('ana', 'caf\u00e9 at the harbour')
  assert.equal(await people.verify('ana', 'cafe\u0301 at the harbour'), 'right')
})

test('passwords are refused for their length or for being guessed first', () => {
  const why = (password: string) => weakness(password, 'miguel')
  assert.match(why('short') ?? '', /at least 12 characters, this one has 5/)
  assert.match(why('ä'.repeat(129)) ?? '', /at most 128 characters/)
  for (const bad of [
    'password1234',
    'Password!2026',
    'qwertyuiop12',
    '123456789012',
    'aaaaaaaaaaaaab',
    'miguelmiguel',
    'Miguel-2026!!',
    'letmeinletmein',
    'correcthorsebatterystaple',
    '1qaz2wsx3edc4rfv',
  ]) {
    assert.notEqual(why(bad), undefined, bad)
  }
  for (const fine of [good, '7295 0461 8830', 'my password is a lamp', 'zwölf Boxkämpfer jagen']) {
    assert.equal(why(fine), undefined, fine)
  }
})

test('hashing runs two at a time, lets 32 wait and sends the rest away', async () => {
  const hasher = openHasher()
  const answers = await Promise.all(Array.from({ length: 40 }, () => hasher.verify('x', undefined)))
  assert.equal(answers.filter(({ kind }) => kind === 'busy').length, 6)
  assert.equal((await hasher.verify('x', undefined)).kind, 'done', 'afterwards there is room again')
})

test('an unknown name takes the time of a known one', async () => {
  const { people } = open()
  await people.setPassword('ana', good)
  const timed = async (name: string) => {
    const times: number[] = []
    for (let turn = 0; turn < 7; turn += 1) {
      const begun = performance.now()
      await people.verify(name, 'something else entirely')
      times.push(performance.now() - begun)
    }
    return times.sort((one, other) => one - other)[3] ?? 0
  }
  const known = await timed('ana')
  const unknown = await timed('nobody')
  // Without the dummy hash an unknown name takes microseconds.
  assert.ok(unknown > known / 3, `known ${known} ms, unknown ${unknown} ms`)
})

test('a session ends when left alone for 30 minutes, and after 12 hours whatever happens', () => {
  const { clock, people } = open()
  const token = people.startSession('ana')
  assert.equal(people.session(token)?.person, 'ana')
  for (let used = 0; used < 24; used += 1) {
    clock.now += 29 * minute
    assert.ok(people.session(token), `used for the ${used + 1}. time`)
  }
  clock.now += 29 * minute
  assert.equal(people.session(token), undefined, 'after 12 hours and 5 minutes')
  const other = people.startSession('ana')
  clock.now += lifetimes.idle
  assert.equal(people.session(other), undefined)
})

test('a token nobody was given opens nothing, and the stored hash is no token', () => {
  const { db, people } = open()
  const token = people.startSession('ana')
  const hash = String(db.prepare('SELECT hash FROM session').get()?.['hash'])
  assert.equal(people.session(hash), undefined)
  assert.equal(people.session(''), undefined)
  assert.equal(people.session(`${token} `), undefined)
  assert.ok(!JSON.stringify(db.prepare('SELECT * FROM session').all()).includes(token))
})

test('a new password ends the sessions and links of that person, not of others', async () => {
  const { people } = open()
  const ana = people.startSession('ana')
  const link = people.makeLink('ana')
  const ben = people.startSession('ben')
  await people.setPassword('ana', good)
  assert.equal(people.session(ana), undefined)
  assert.equal(people.useLink(link), undefined)
  assert.equal(people.session(ben)?.person, 'ben')
})

test('a login link works once, within ten minutes', () => {
  const { clock, people } = open()
  const link = people.makeLink('ana')
  assert.equal(people.useLink(link), 'ana')
  assert.equal(people.useLink(link), undefined)
  const late = people.makeLink('ana')
  clock.now += 10 * minute
  assert.equal(people.useLink(late), undefined)
})

test('an API token is told once, stored as a hash, and its name is used once', () => {
  const { db, people } = open()
  const token = people.addToken('prometheus') ?? ''
  assert.equal(people.token(token), 'prometheus')
  assert.equal(people.addToken('prometheus'), undefined)
  assert.equal(people.token('prometheus'), undefined)
  assert.ok(!JSON.stringify(db.prepare('SELECT * FROM token').all()).includes(token))
})
