import assert from 'node:assert/strict'
import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { check } from '../../../collector/commands/check.ts'
import { openDesk } from '../../../collector/commands/desk.ts'
import { readCollectorConfig } from '../../../collector/config.ts'
import { openLog } from '../../../collector/store/log.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const { path: folder, remove } = temporaryFolder()
after(remove)

test('a database is called in order where it is, and damaged where a page of it is', async () => {
  const database = join(folder, 'cibot.db')
  const env = { CIBOT_DATABASE: `sqlite:${database}`, CIBOT_LISTEN_PORT: '0' }
  const config = readCollectorConfig({ file: undefined, env })
  const looked = async () => {
    const desk = openDesk(config)
    const [first] = await check(config, desk)
    desk.db.close()
    return first
  }
  const { db } = openDesk(config)
  const log = openLog(db, Date.now)
  db.transaction(() => {
    for (let line = 0; line < 3000; line += 1) log.append('agent', 'x'.repeat(200))
  })
  db.close()
  assert.match(`${JSON.stringify(await looked())}`, /"ok":true.*is in order/)
  const file = openSync(database, 'r+')
  writeSync(
    file,
    Buffer.alloc(8192, 'Z'),
    0,
    8192,
    Math.floor(statSync(database).size / 8192) * 4096,
  )
  closeSync(file)
  assert.match(`${JSON.stringify(await looked())}`, /"ok":false.*is damaged .*restore a backup/)
})
