import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { inspect } from 'node:util'
import { type Message, type Outcome, openTelegram } from '../../../collector/report/telegram.ts'
import { type FakeTelegram, openFakeTelegram } from '../../support/telegram.ts'

let fake: FakeTelegram
before(async () => {
  fake = await openFakeTelegram()
})
after(() => fake.close())
beforeEach(() => {
  fake.seen.length = 0
  fake.calls.length = 0
})

const message: Message = {
  chat: '-100200',
  text: 'Quiet: 1 attempt',
  entities: [{ type: 'code', offset: 7, length: 1 }],
  silent: true,
}

/** Sends to the fake; whatever comes of it must not hold the token. */
async function send(of: Partial<Message> = {}, settings = {}): Promise<Outcome> {
  const { apiRoot, token } = fake
  const outcome = await openTelegram({ apiRoot, token, timeout: 2000, ...settings })({
    ...message,
    ...of,
  })
  assert.ok(!inspect(outcome, { depth: 9, showHidden: true }).includes('Secret'))
  return outcome
}

test('a message arrives as it was meant: entities, no preview, quiet, in its topic', async () => {
  assert.deepEqual(await send({}, { topic: 7 }), { kind: 'sent', id: 1 })
  assert.deepEqual(fake.seen, [
    {
      id: 1,
      chat: '-100200',
      topic: 7,
      text: message.text,
      entities: message.entities,
      silent: true,
      preview: false,
    },
  ])
  assert.equal((await send({ silent: false, chat: '@channel' })).kind, 'sent')
  assert.equal(fake.seen[1]?.silent, false)
})

test('429 waits as long as Telegram says', async () => {
  fake.answer({ kind: 'flood', seconds: 33 })
  const outcome = await send()
  assert.equal(outcome.kind === 'later' && outcome.seconds, 33)
})

test('a server in trouble means later, even where a gateway answers with a page', async () => {
  for (const code of [500, 502, 504] as const) {
    for (const html of [true, false]) {
      fake.answer({ kind: 'broken', code, html })
      const outcome = await send()
      assert.equal(outcome.kind, 'later')
      assert.match(outcome.kind === 'later' ? outcome.why : '', new RegExp(`^${code} `))
    }
  }
})

test('a connection that never stood means later', async () => {
  const gone = await openFakeTelegram()
  await gone.close()
  const refused = await send({}, { apiRoot: gone.apiRoot })
  assert.deepEqual(refused, { kind: 'later', seconds: null, why: 'no connection (ECONNREFUSED)' })
  const unknown = await send({}, { apiRoot: 'http://telegram.invalid' })
  assert.equal(unknown.kind, 'later')
})

test('a TLS handshake that fails or hangs means later: the request was not written', async () => {
  for (const rude of [true, false]) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (rude) socket.resetAndDestroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const outcome = await send({}, { apiRoot: `https://127.0.0.1:${port}`, timeout: 300 })
    assert.equal(outcome.kind, 'later')
    server.close()
  }
  const plain = await send({}, { apiRoot: fake.apiRoot.replace('http:', 'https:') })
  assert.equal(plain.kind, 'later')
})

test('a reset or silence after the request was written leaves a doubt', async () => {
  for (const taken of [true, false]) {
    fake.answer({ kind: 'reset', taken }, { kind: 'hang', taken })
    assert.equal((await send()).kind, 'unsure')
    assert.equal((await send({}, { timeout: 200 })).kind, 'unsure')
  }
  assert.equal(fake.seen.length, 2)
})

test('formatting or a length that Telegram does not take is told apart from a refusal', async () => {
  const torn = await send({ entities: [{ type: 'code', offset: 9, length: 99 }] })
  assert.equal(torn.kind, 'malformed')
  assert.equal((await send({ text: 'x'.repeat(4097), entities: [] })).kind, 'malformed')
  fake.answer({ kind: 'no', code: 400, description: 'Bad Request: chat not found' })
  const refused = await send()
  assert.deepEqual(refused, { kind: 'refused', why: '400 Bad Request: chat not found' })
})

test('a wrong token, a lost chat and a wrong address are refusals', async () => {
  const cases = [
    { kind: 'no', code: 401, description: 'Unauthorized' },
    { kind: 'no', code: 403, description: 'Forbidden: bot was kicked from the group chat' },
    { kind: 'no', code: 404, description: 'Not Found' },
  ] as const
  for (const answer of cases) {
    fake.answer(answer)
    const why = `${answer.code} ${answer.description}`
    assert.deepEqual(await send(), { kind: 'refused', why })
  }
  assert.equal((await send({}, { token: '1:Secret' })).kind, 'refused')
})

test('a group that became a supergroup gives its new id', async () => {
  fake.answer({ kind: 'migrate', chat: -1009 })
  assert.deepEqual(await send({ chat: '-5' }), { kind: 'migrated', chat: '-1009' })
})

test('a redirect is not followed, for it would carry the token away', async () => {
  const other = await openFakeTelegram()
  fake.answer({ kind: 'redirect', to: `${other.apiRoot}/bot${fake.token}/sendMessage` })
  assert.equal((await send()).kind, 'later')
  assert.equal(other.calls.length, 0)
  await other.close()
})

test('an answer that repeats the token or brings control characters is cleaned', async () => {
  const secret = fake.token.split(':')[1]
  const description = `bad ${fake.token} and ${secret}\u001b[31m\n`
  fake.answer({ kind: 'no', code: 403, description })
  assert.deepEqual(await send(), {
    kind: 'refused',
    why: '403 bad … and …\\u{1b}[31m\\u{a}',
  })
})
