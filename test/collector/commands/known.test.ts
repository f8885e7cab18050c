import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  listPeople,
  listTokens,
  removePerson,
  removeToken,
} from '../../../collector/commands/known.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openLog } from '../../../collector/store/log.ts'
import { openKnown } from '../../../collector/store/people/known.ts'
import { openPeople } from '../../../collector/store/people/people.ts'

const hour = 3_600_000

function open() {
  const clock = { now: 1_795_350_000_000 }
  const db = openDatabase(':memory:')
  return {
    clock,
    people: openPeople(db, () => clock.now),
    known: openKnown(db),
    log: openLog(db, () => clock.now),
  }
}

test('people are listed with how they log in and when they were last here', async () => {
  const { clock, people, known } = open()
  assert.match(listPeople(known.people(), clock.now).join(), /user add NAME/)
  await people.setPassword('anna', 'a lamp, three boats and the moon')
  people.makeLink('ben')
  people.session(people.startSession('anna'))
  clock.now += hour / 3
  assert.deepEqual(listPeople(known.people(), clock.now), [
    'anna  password      logged in, last here 20 min ago',
    'ben   by link only  not logged in',
  ])
})

test('who is removed is out at once: session, link and password are worth nothing', async () => {
  const { people, known, log } = open()
  await people.setPassword('anna', 'a lamp, three boats and the moon')
  await people.setPassword('ben', 'a lamp, three boats and the moon')
  const [annas, bens] = ['anna', 'ben'].map(people.startSession)
  const link = people.makeLink('anna')
  assert.match(removePerson(known, log, 'anna'), /anna may look no more/)
  assert.equal(people.session(annas ?? ''), undefined)
  assert.equal(people.useLink(link), undefined)
  assert.equal(await people.verify('anna', 'a lamp, three boats and the moon'), 'wrong')
  assert.equal(people.session(bens ?? '')?.person, 'ben')
  assert.equal(log.newest({ limit: 1 })[0]?.text, 'anna was removed')
  assert.throws(() => removePerson(known, log, 'anna'), /nobody called "anna"; see: .* user list/)
})

test('tokens are listed without what they are, and one removed opens nothing', () => {
  const { clock, people, known, log } = open()
  assert.match(listTokens(known.tokens(), clock.now).join(), /token add NAME/)
  const secret = people.addToken('grafana') ?? ''
  people.addToken('backup')
  clock.now += 5 * hour
  assert.equal(people.token(secret), 'grafana')
  const list = listTokens(known.tokens(), clock.now)
  assert.deepEqual(list, [
    'backup   made 5 h ago  never used',
    'grafana  made 5 h ago  used 0 min ago',
  ])
  assert.match(removeToken(known, log, 'grafana'), /the token grafana opens nothing any more/)
  assert.equal(people.token(secret), undefined)
  assert.equal(people.hasToken('grafana'), false)
  assert.throws(() => removeToken(known, log, 'grafana'), /no token called "grafana"/)
})
