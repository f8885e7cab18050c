import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSources } from '../../../agent/source/sources.ts'
import { ConfigError } from '../../../shared/config.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const opened = async (...names: string[]) =>
  (await openSources(names, Date.now())).map(({ name }) => name)

test('a log that several names lead to is opened once, under the first of them', async (t) => {
  const folder = temporaryFolder()
  t.after(() => folder.remove())
  const [log, link, other] = ['auth.log', 'secure', 'other/auth.log'].map((name) =>
    join(folder.path, name),
  ) as [string, string, string]
  mkdirSync(join(folder.path, 'other'))
  for (const path of [log, `${log}.1`, other]) writeFileSync(path, 'one\n')
  symlinkSync(log, link)
  assert.deepEqual(await opened(log, log, link, `${folder.path}/./auth.log`, other), [log, other])
  assert.deepEqual(await opened(link, log), [link])
  assert.deepEqual(await opened(`${log}.1`, log), [log])
  assert.deepEqual(await opened('journal', log, 'journal'), ['journal', log])
})

test('a host’s own log is opened once, and its copy in the journal is refused', async () => {
  const path = '/var/log/auth.log'
  assert.deepEqual(await opened('auto', path), [path])
  assert.deepEqual(await opened('auto', 'journal'), ['journal'])
  await assert.rejects(openSources(['journal', path], Date.now()), ConfigError)
})
