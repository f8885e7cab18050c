import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/log-writer.ts'

const ready = fileURLToPath(new URL('../../scripts/ready.sh', import.meta.url))
const noFlock =
  spawnSync('flock', ['--version']).status === 0 ? false : 'flock (util-linux) is not installed'

/** Stands in for npm: takes its time, as npm does, and leaves what npm leaves. */
const npm = `#!/bin/sh
echo installed >>said
sleep 1
mkdir -p node_modules/.bin
touch node_modules/.bin/node node_modules/.package-lock.json
`

test('two scripts started at once in a fresh clone install once', { skip: noFlock }, async (t) => {
  const folder = temporaryFolder()
  t.after(folder.remove)
  for (const name of ['scripts', 'bin']) mkdirSync(join(folder.path, name))
  copyFileSync(ready, join(folder.path, 'scripts/ready.sh'))
  writeFileSync(join(folder.path, 'bin/npm'), npm, { mode: 0o755 })
  writeFileSync(join(folder.path, 'package-lock.json'), '{}')
  utimesSync(join(folder.path, 'package-lock.json'), 1, 1)
  const env = { ...process.env, PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}` }
  const run = () => promisify(execFile)('sh', [join(folder.path, 'scripts/ready.sh')], { env })
  await Promise.all([run(), run()])
  assert.equal(readFileSync(join(folder.path, 'said'), 'utf8'), 'installed\n')
})
