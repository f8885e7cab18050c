import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLogFile } from '../../../agent/source/log-file.ts'
import { openLogWriter, temporaryFolder } from '../../support/log-writer.ts'
import { lastPosition, type Reader, startReader } from '../../support/reader.ts'

const program = ['/usr/sbin/logrotate', 'logrotate'].find(
  (path) => spawnSync(path, ['--version']).status === 0,
)
const skip = program === undefined && 'logrotate is not installed (apt-get install logrotate)'

/** Ways to rotate, as Debian, Red Hat and administrators set them. */
const ways: [name: string, options: string[], left: RegExp][] = [
  ['rename', ['nocompress', 'create'], /^auth\.log\.2$/m],
  ['rename, nothing created', ['nocompress', 'nocreate'], /^auth\.log\.2$/m],
  ['copytruncate', ['nocompress', 'copytruncate'], /^auth\.log\.2$/m],
  ['compress', ['compress', 'create'], /^auth\.log\.1\.gz$/m],
  ['compress and delaycompress', ['compress', 'delaycompress', 'create'], /^auth\.log\.2\.gz$/m],
  ['copytruncate and compress', ['compress', 'copytruncate'], /^auth\.log\.1\.gz$/m],
  [
    'compress with zstd',
    ['compress', 'compresscmd /usr/bin/zstd', 'compressext .zst', 'create'],
    /^auth\.log\.1\.zst$/m,
  ],
  ['dateext', ['dateext', 'compress', 'delaycompress', 'create'], /^auth\.log-\d{8}\.gz$/m],
]

const rotations = 4
const caughtUp = (text: string) => (reader: Reader) => reader.texts().at(-1) === text

for (const [name, options, left] of ways) {
  const zstd = name.includes('zstd') && spawnSync('zstd', ['--version']).status !== 0
  const why = skip || (zstd && 'zstd is not installed (apt-get install zstd)')
  test(`logrotate, ${name}: nothing is lost or read twice, by a reader and after a pause`, {
    skip: why,
  }, async (t) => {
    const folder = temporaryFolder()
    t.after(folder.remove)
    const writer = openLogWriter(folder.path)
    const settings = { patience: 200, poll: 60_000 }
    const written: string[] = []
    const write = (count: number) => {
      const lines = Array.from({ length: count }, (_, at) => `line ${written.length + at}`)
      written.push(...lines)
      writer.append(`${lines.join('\n')}\n`)
    }
    write(50)
    const constant = startReader(openLogFile(writer.path, settings))
    t.after(() => constant.stop())
    const paused = startReader(openLogFile(writer.path, settings))
    await paused.until(caughtUp('line 49'))
    await paused.stop()
    for (let turn = 0; turn < rotations; turn++) {
      rotate(folder.path, writer.path, options, turn)
      write(200)
    }
    const last = written.at(-1) ?? ''
    await constant.until(caughtUp(last))
    assert.deepEqual(constant.texts(), written)
    assert.deepEqual(constant.gaps(), [])
    const resumed = startReader(openLogFile(writer.path, settings), lastPosition(paused))
    t.after(() => resumed.stop())
    await resumed.until(caughtUp(last))
    assert.deepEqual(resumed.texts(), written.slice(50))
    assert.deepEqual(resumed.gaps(), [])
    assert.match(readdirSync(folder.path).join('\n'), left)
  })
}

function rotate(folder: string, path: string, options: string[], turn: number): void {
  if (options.includes('dateext')) nextDay(folder, turn)
  const configuration = join(folder, 'logrotate.conf')
  const text = `${path} {\n  rotate 9\n  ${options.join('\n  ')}\n}\n`
  writeFileSync(configuration, text, { mode: 0o600 })
  const state = join(folder, 'logrotate.state')
  const run = spawnSync(program ?? '', ['--force', '--state', state, configuration], {
    encoding: 'utf8',
  })
  assert.equal(run.status, 0, run.stderr)
}

/** logrotate gives a date once a day: the file it made last becomes one of some day long ago. */
function nextDay(folder: string, turn: number): void {
  const today = /-(?!2001)\d{8}/
  for (const name of readdirSync(folder).filter((one) => today.test(one))) {
    renameSync(join(folder, name), join(folder, name.replace(today, `-200101${10 + turn}`)))
  }
}
