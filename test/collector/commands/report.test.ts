import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openReports } from '../../../collector/store/reports/reports.ts'
import { runMain } from '../../support/run-main.ts'
import { openFakeTelegram } from '../../support/telegram.ts'
import { openFleet } from '../report/seed.ts'

test('a report that Telegram refused is sent again at a word, once the bot may', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-resend-'))
  const telegram = await openFakeTelegram()
  t.after(async () => {
    await telegram.close()
    rmSync(folder, { recursive: true })
  })
  const database = join(folder, 'cibot.db')
  const config = join(folder, 'collector.json')
  writeFileSync(
    config,
    JSON.stringify({
      database: `sqlite:${database}`,
      telegram: { token: telegram.token, chatId: 42, apiRoot: telegram.apiRoot },
    }),
  )
  const { db } = openFleet([], database)
  const parts = [{ text: 'somebody got in', entities: [] }]
  openReports(db).queueUrgent(Date.now(), () => ({ digest: null, parts, loud: true }))
  db.close()

  telegram.answer({ kind: 'no', code: 403, description: 'Forbidden: bot was kicked' })
  const resend = (number: string) =>
    runMain('collector', ['-c', config, 'report', '--resend', number])
  const refused = await resend('1')
  assert.match(refused.stdout, /^report 1 is not delivered yet \(held\)/)
  assert.deepEqual(await resend('1'), { code: 0, stdout: 'report 1 was sent\n', stderr: '' })
  assert.deepEqual(
    telegram.seen.map(({ text }) => text),
    ['somebody got in'],
  )
  const none = await resend('7')
  assert.equal(none.code, 2)
  assert.equal(none.stderr, 'cibot-collector: there is no report 7\n')
  assert.match((await resend('one')).stderr, /^cibot-collector: --resend: "one" is no number/)
})
