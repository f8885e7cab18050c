import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { openLogFile } from '../../../agent/source/log-file.ts'
import type { LogFileSettings } from '../../../agent/source/log-reading.ts'
import { openSources } from '../../../agent/source/sources.ts'
import { checker } from '../../../shared/check.ts'
import type { FilePosition, Position } from '../../../shared/checkpoint.ts'
import { FilePosition as FilePositionSchema } from '../../../shared/checkpoint.ts'
import { type LogWriter, openLogWriter, temporaryFolder } from '../../support/log-writer.ts'
import { lastPosition, type Reader, startReader } from '../../support/reader.ts'

/** Short enough for tests; the slow look stays slow, so that what passes was noticed by inotify. */
const quick = { patience: 100, poll: 60_000 }

type Place = {
  writer: LogWriter
  path: string
  /** Starts a reader that the test ends by itself. */
  read: (
    from?: Position | null,
    settings?: Partial<LogFileSettings>,
    since?: number | null,
    path?: string,
  ) => Reader
}

function place(t: TestContext): Place {
  const folder = temporaryFolder()
  const writer = openLogWriter(folder.path)
  const readers: Reader[] = []
  t.after(async () => {
    await Promise.all(readers.map((reader) => reader.stop()))
    folder.remove()
  })
  return {
    writer,
    path: writer.path,
    read(from = null, settings = {}, since = null, path = writer.path) {
      const reader = startReader(openLogFile(path, { ...quick, ...settings }), from, since)
      readers.push(reader)
      return reader
    },
  }
}

const caughtUp = (reader: Reader) => reader.trouble() === ''
const has = (text: string) => (reader: Reader) => reader.texts().includes(text)
const filePosition = (position: Position): FilePosition => {
  assert.equal(position.kind, 'file')
  return position as FilePosition
}

test('lines are given as they are written', async (t) => {
  const { writer, read } = place(t)
  writer.append('one\ntwo\n')
  const reader = read()
  await reader.until(caughtUp)
  writer.append('three\n')
  await reader.until(has('three'))
  assert.deepEqual(reader.texts(), ['one', 'two', 'three'])
  assert.deepEqual(
    reader.lines().map((line) => line.offset),
    [0, 4, 8],
  )
})

test('every position is one that the checkpoint takes', async (t) => {
  const { writer, read } = place(t)
  writer.append('one\n')
  const reader = read()
  await reader.until(caughtUp)
  writer.rename()
  writer.append('two\n')
  await reader.until(has('two'))
  const check = checker(FilePositionSchema)
  for (const one of reader.readings) {
    if (one.kind !== 'waiting') assert.ok(check(one.position).ok, JSON.stringify(one.position))
  }
})

test('a renamed log is read to its end while its writer still has it open', async (t) => {
  const { writer, path, read } = place(t)
  writer.append('one\n')
  const reader = read()
  await reader.until(caughtUp)
  writer.rename()
  appendFileSync(`${path}.1`, 'two\n')
  await reader.until(has('two'))
  appendFileSync(`${path}.1`, 'three\n')
  writer.append('four\n')
  await reader.until(has('four'))
  assert.deepEqual(reader.texts(), ['one', 'two', 'three', 'four'])
  assert.deepEqual(reader.gaps(), [])
  const ended = reader.readings.find((one) => one.kind === 'ended')
  assert.equal(ended?.file, reader.lines()[0]?.file)
})

for (const times of [1, 3, 12]) {
  test(`a log rotated ${times} times while nobody read is read on, oldest first`, async (t) => {
    const { writer, read } = place(t)
    writer.append('begun\nseen\n')
    const before = read()
    await before.until(has('seen'))
    await before.stop()
    const expected: string[] = []
    for (let turn = 0; turn < times; turn++) {
      writer.append(`last of ${turn}\n`)
      writer.rename()
      writer.append(`first of ${turn + 1}\n`)
      expected.push(`last of ${turn}`, `first of ${turn + 1}`)
    }
    for (let number = 2; number <= times; number++) await writer.pack(number)
    const reader = read(lastPosition(before))
    await reader.until(has(`first of ${times}`))
    assert.deepEqual(reader.texts(), expected)
    assert.deepEqual(reader.gaps(), [])
  })
}

test('copytruncate loses nothing, even where the log has grown past the old offset again', async (t) => {
  const { writer, read } = place(t)
  writer.append('one\ntwo\n')
  const reader = read()
  await reader.until(caughtUp)
  writer.append('three\n')
  writer.copyTruncate()
  writer.append(`${'new and longer\n'.repeat(50)}end\n`)
  await reader.until(has('end'))
  assert.deepEqual(reader.texts().slice(0, 4), ['one', 'two', 'three', 'new and longer'])
  assert.equal(reader.texts().length, 54)
  assert.deepEqual(reader.gaps(), [])
})

test('a half read log that was packed meanwhile is read on where it was left', async (t) => {
  const { writer, path, read } = place(t)
  writer.append('one\ntwo\n')
  const before = read()
  await before.until(caughtUp)
  await before.stop()
  writer.append('three\n')
  writer.rename()
  writer.append('four\n')
  await writer.pack(1)
  assert.ok(existsSync(`${path}.1.gz`))
  const reader = read(lastPosition(before))
  await reader.until(has('four'))
  assert.deepEqual(reader.texts(), ['three', 'four'])
  assert.deepEqual(reader.gaps(), [])
})

test('an archive still being written is waited for, never taken as whole', async (t) => {
  const { writer, path, read } = place(t)
  const lines = Array.from({ length: 5_000 }, (_, at) => `line ${at} ${Math.sin(at)}`)
  writer.append('live\n')
  const packed = gzipSync(`${lines.join('\n')}\n`)
  writeFileSync(`${path}.1.gz`, packed.subarray(0, packed.length >> 1))
  const reader = read()
  await reader.until((one) => one.trouble()?.includes('is not complete') === true)
  assert.ok(!reader.texts().includes('live'))
  appendFileSync(`${path}.1.gz`, packed.subarray(packed.length >> 1))
  await reader.until(has('live'))
  assert.deepEqual(reader.texts(), [...lines, 'live'])
  assert.deepEqual(reader.gaps(), [])
})

test('an archive that stays incomplete is a gap after a while, and the rest is read', async (t) => {
  const { writer, path, read } = place(t)
  writer.append('live\n')
  const packed = gzipSync('one\ntwo\n'.repeat(1000))
  writeFileSync(`${path}.1.gz`, packed.subarray(0, packed.length - 4))
  const reader = read(null, { stalled: 150, patience: 40 })
  await reader.until(has('live'))
  assert.deepEqual(reader.gaps(), ['missing'])
  assert.equal(reader.texts().filter((text) => text === 'two').length, 1000)
})

test('the longest copy is read, be it the packed one', async (t) => {
  const { writer, path, read } = place(t)
  writeFileSync(`${path}.1`, 'one\ntwo\n')
  writeFileSync(`${path}.1.gz`, gzipSync('one\ntwo\nthree\n'))
  writer.append('live\n')
  const reader = read()
  await reader.until(has('live'))
  assert.deepEqual(reader.texts(), ['one', 'two', 'three', 'live'])
  assert.equal(reader.readings.filter((one) => one.kind === 'ended').length, 1)
})

test('dated names and zstd are read in the order of their dates', async (t) => {
  const { writer, path, read } = place(t)
  writeFileSync(`${path}-20261120.gz`, gzipSync('first\n'))
  writeFileSync(`${path}-20261121.zst`, zstdCompressSync('second\n'))
  writeFileSync(`${path}-20261122`, 'third\n')
  writer.append('fourth\n')
  const reader = read()
  await reader.until(has('fourth'))
  assert.deepEqual(reader.texts(), ['first', 'second', 'third', 'fourth'])
})

// savelog(8), and the syslogd of busybox (Alpine, OpenWrt): messages.0 is the youngest.
test('a rotation that begins with .0 is read in its order, and the empty log behind it is waited for', async (t) => {
  const { path, read } = place(t)
  writeFileSync(`${path}.1.gz`, gzipSync('one\n'))
  writeFileSync(`${path}.0`, 'two\n')
  writeFileSync(path, '')
  const reader = read()
  await reader.until(caughtUp)
  appendFileSync(path, 'three\n')
  await reader.until(has('three'))
  assert.deepEqual(reader.texts(), ['one', 'two', 'three'])
  assert.deepEqual(reader.gaps(), [])
})

test('a packing that cannot be read is complained of once', async (t) => {
  const { writer, path, read } = place(t)
  writeFileSync(`${path}.2.xz`, 'what')
  writer.append('one\n')
  const reader = read()
  await reader.until(has('one'))
  writer.rename()
  writer.append('two\n')
  await reader.until(has('two'))
  const said = reader.readings.filter((one) => one.kind === 'waiting' && one.trouble !== '')
  assert.equal(said.length, 1)
  assert.match(JSON.stringify(said), /auth\.log\.2\.xz cannot be unpacked/)
})

test('first contact passes over files that ended before `since`, and they stay finished', async (t) => {
  const { writer, path, read } = place(t)
  for (const [name, text, days] of [
    ['.3', 'oldest', 4],
    ['.2', 'old', 3],
    ['.1', 'recent', 0.5],
  ] as const) {
    writeFileSync(`${path}${name}`, `${text}\n`)
    const at = Date.now() / 1000 - days * 86_400
    utimesSync(`${path}${name}`, at, at)
  }
  writer.append('live\n')
  const reader = read(null, {}, Date.now() - 86_400_000)
  await reader.until(has('live'))
  assert.deepEqual(reader.texts(), ['recent', 'live'])
  assert.equal(filePosition(lastPosition(reader)).finished.length, 3)
})

test('first contact with a log that was quiet for long still reads the newest file', async (t) => {
  const { writer, path, read } = place(t)
  writeFileSync(`${path}.1`, 'older\n')
  writer.append('quiet\n')
  for (const name of [path, `${path}.1`]) utimesSync(name, 1_000, 1_000)
  const reader = read(null, {}, Date.now() - 86_400_000)
  await reader.until(caughtUp)
  assert.deepEqual(reader.texts(), ['quiet'])
})

test('a log deleted while it is open is read to its end without a gap', async (t) => {
  const { writer, path, read } = place(t)
  writer.append('one\n')
  const reader = read()
  await reader.until(caughtUp)
  writer.append('two\n')
  rmSync(path)
  writer.append('three\n')
  await reader.until(has('three'))
  assert.deepEqual(reader.texts(), ['one', 'two', 'three'])
  assert.deepEqual(reader.gaps(), [])
})

test('so it is when it is deleted while a hole in the rotation behind it is in doubt', async (t) => {
  const { writer, path, read } = place(t)
  writer.append('one\n')
  const reader = read(null, { patience: 60_000 })
  await reader.until(caughtUp)
  renameSync(path, `${path}.2`)
  writer.append('two\n')
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
  rmSync(`${path}.2`)
  await reader.until(has('two'))
  assert.deepEqual(reader.texts(), ['one', 'two'])
  assert.deepEqual(reader.gaps(), [])
})

test('a fully read file that vanishes is no gap', async (t) => {
  const { writer, read } = place(t)
  writer.append('one\n')
  writer.rename()
  writer.append('two\n')
  const before = read()
  await before.until(has('two'))
  const ended = before.readings.find((one) => one.kind === 'ended')
  await before.stop()
  writer.remove(1)
  assert.ok(ended)
  for (const position of [ended.position, lastPosition(before)]) {
    const reader = read(position)
    writer.append('three\n')
    await reader.until(has('three'))
    assert.deepEqual(reader.gaps(), [])
    await reader.stop()
  }
})

test('a position whose file is gone is a gap, after which the oldest unread file comes', async (t) => {
  const { writer, read } = place(t)
  writer.append('one\n')
  writer.rename()
  writer.append('two\n')
  const before = read()
  await before.until(has('two'))
  await before.stop()
  writer.append('never read\n')
  writer.rename()
  writer.append('three\n')
  writer.rename()
  writer.append('four\n')
  writer.remove(2)
  const reader = read(lastPosition(before))
  await reader.until(has('four'))
  assert.deepEqual(reader.gaps(), ['missing'])
  // `one` is still on disk, and was finished.
  assert.deepEqual(reader.texts(), ['three', 'four'])
})

test('a file that is missing only for a moment is no gap', async (t) => {
  const { writer, path, read } = place(t)
  writer.append('one\n')
  const before = read()
  await before.until(has('one'))
  await before.stop()
  writer.append('two\n')
  writer.rename()
  writer.append('three\n')
  renameSync(`${path}.1`, `${path}.moving`)
  const reader = read(lastPosition(before), { patience: 60_000 })
  appendFileSync(path, 'four\n')
  renameSync(`${path}.moving`, `${path}.1`)
  await reader.until(has('four'))
  assert.deepEqual(reader.texts(), ['two', 'three', 'four'])
  assert.deepEqual(reader.gaps(), [])
})

test('an unread file deleted from the middle of the rotation is a gap', async (t) => {
  const { writer, read } = place(t)
  writer.append('one\n')
  const before = read()
  await before.until(has('one'))
  await before.stop()
  for (const text of ['two', 'three', 'four']) {
    writer.rename()
    writer.append(`${text}\n`)
  }
  writer.remove(2)
  const reader = read(lastPosition(before))
  await reader.until(has('four'))
  assert.deepEqual(reader.texts(), ['three', 'four'])
  assert.deepEqual(reader.gaps(), ['missing'])
  assert.match(JSON.stringify(reader.readings), /auth\.log\.2 was removed unread/)
})

test('with dated names it is a gap where the file had been seen', async (t) => {
  const { writer, path, read } = place(t)
  writeFileSync(`${path}-20261120.gz`, gzipSync('x\n'.repeat(1000)).subarray(0, 30))
  writeFileSync(`${path}-20261121`, 'two\n')
  writer.append('three\n')
  const reader = read(null, { patience: 40 })
  await reader.until((one) => one.trouble()?.includes('is not complete') === true)
  rmSync(`${path}-20261121`)
  writeFileSync(`${path}-20261120.gz`, gzipSync('x\n'.repeat(1000)))
  await reader.until(has('three'))
  assert.deepEqual(reader.gaps(), ['missing'])
  assert.match(JSON.stringify(reader.readings), /auth\.log-20261121 was removed unread/)
})

test('a file that no longer holds what was read is read from its beginning, as another life', async (t) => {
  const { path, read } = place(t)
  writeFileSync(path, 'same\nold one\nold two\n')
  const before = read()
  await before.until(caughtUp)
  await before.stop()
  const position = filePosition(lastPosition(before))
  for (const content of ['same\nnew\n', 'same\nnew one\nnew two\nnew three\n']) {
    writeFileSync(path, content)
    const reader = read(position)
    await reader.until(caughtUp)
    assert.deepEqual(reader.gaps(), ['rewritten'])
    assert.deepEqual(reader.texts(), content.trim().split('\n'))
    assert.equal(reader.lines()[0]?.file, `${position.file}.1`)
    await reader.stop()
    const again = read(lastPosition(reader))
    appendFileSync(path, 'and on\n')
    await again.until(has('and on'))
    assert.deepEqual(again.texts(), ['and on'])
    assert.equal(again.lines()[0]?.file, `${position.file}.1`)
    await again.stop()
  }
})

for (const up of [true, false]) {
  const when = up ? 'while it is read' : 'while nobody reads'
  test(`a log that lines were taken out of ${when} is read on behind what was read`, async (t) => {
    const { writer, path, read } = place(t)
    const lines = Array.from({ length: 40 }, (_, at) => `line ${at} of those that were read\n`)
    writer.append(lines.join(''))
    let reader = read()
    await reader.until(caughtUp)
    // sed -i and editors write another file and put it in the log's place.
    const replace = async (kept: string[], next: string) => {
      const from = lastPosition(reader)
      if (!up) await reader.stop()
      writeFileSync(`${path}~`, kept.join(''))
      renameSync(`${path}~`, path)
      appendFileSync(path, next)
      if (!up) reader = read(from)
      await reader.until(has(next.trim()))
    }
    await replace(lines.slice(10), 'first\n')
    assert.deepEqual(reader.texts().slice(up ? 40 : 0), ['first'])
    if (!up) {
      await replace([...lines.slice(10, 15), ...lines.slice(20), 'first\n'], 'second\n')
      assert.deepEqual(reader.texts(), ['second'])
    }
    assert.deepEqual(reader.gaps(), [])
  })
}

test('lives that begin with the same line are told apart by the next ones', async (t) => {
  const { writer, path, read } = place(t)
  const life = (number: number) => `# log of the day\nlife ${number} one\nlife ${number} two\n`
  writeFileSync(`${path}.3.gz`, gzipSync(life(1)))
  writeFileSync(`${path}.2.gz`, gzipSync(life(2)))
  writeFileSync(`${path}.1`, life(3))
  writer.append(life(4))
  const expected = [1, 2, 3, 4].flatMap((number) => life(number).trim().split('\n'))
  const reader = read()
  await reader.until(has('life 4 two'))
  await reader.stop()
  assert.deepEqual(reader.texts(), expected)
  assert.equal(new Set(reader.lines().map((line) => line.file)).size, 4)
  assert.deepEqual(reader.gaps(), [])
  // From every position the rest comes again, under the same identities, one rotation later, too.
  writer.rename()
  writer.append(life(5))
  for (const one of reader.readings) {
    if (one.kind !== 'lines' && one.kind !== 'ended') continue
    const again = read(one.position)
    await again.until(has('life 5 two'))
    await again.stop()
    const rest = again.lines().slice(0, -3)
    assert.deepEqual(rest, reader.lines().slice(reader.lines().length - rest.length))
    assert.equal(
      new Set(
        again
          .lines()
          .slice(-3)
          .map((line) => line.file),
      ).size,
      1,
    )
    assert.ok(!reader.lines().some((line) => line.file === again.lines().at(-1)?.file))
    assert.deepEqual(again.gaps(), [])
  }
})

test('the unfinished last line of a finished file is counted, not given', async (t) => {
  const { writer, read } = place(t)
  writer.append('one\nDec 10 06:55:48 LabSZ sshd[24200]: Failed password for root from 173.234.3')
  const reader = read()
  await reader.until(caughtUp)
  writer.rename()
  writer.append('1.186 port 38926 ssh2\ntwo\n')
  await reader.until(has('two'))
  assert.deepEqual(reader.gaps(), ['torn'])
  assert.deepEqual(reader.texts(), ['one', '1.186 port 38926 ssh2', 'two'])
})

test('a hole at the end of a finished file is not a torn line', async (t) => {
  const { writer, path, read } = place(t)
  writeFileSync(`${path}.1`, `one\n${'\0'.repeat(5_000)}`)
  writer.append('two\n')
  const reader = read()
  await reader.until(has('two'))
  assert.deepEqual(reader.gaps(), [])
})

test('an endless line is a gap and cut, and a restart gives the same', async (t) => {
  const { writer, read } = place(t)
  writer.append(`one\n${'y'.repeat(700_000)}\ntwo\n`)
  const reader = read()
  await reader.until(has('two'))
  assert.deepEqual(reader.gaps(), ['oversize'])
  const gap = reader.readings.find((one) => one.kind === 'gap')
  assert.equal(gap?.gap.offset, 4)
  await reader.stop()
  const again = read(gap?.position ?? null)
  await again.until(has('two'))
  assert.deepEqual(again.gaps(), ['oversize'])
  assert.deepEqual(
    again.texts().map((text) => text.length),
    [65_536, 3],
  )
})

test('a log that is missing is waited for, and its folder, too', async (t) => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'log', 'auth.log')
  const reader = startReader(openLogFile(path, { patience: 100, poll: 50 }))
  t.after(async () => {
    await reader.stop()
    folder.remove()
  })
  await reader.until((one) => /does not exist/.test(one.trouble() ?? ''))
  mkdirSync(join(folder.path, 'log'))
  writeFileSync(path, '')
  await reader.until(caughtUp)
  appendFileSync(path, 'one\n')
  await reader.until(has('one'))
})

test('a folder that is replaced is noticed', async (t) => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'log', 'auth.log')
  mkdirSync(join(folder.path, 'log'))
  writeFileSync(path, 'one\n')
  const reader = startReader(openLogFile(path, { patience: 100, poll: 60_000 }))
  t.after(async () => {
    await reader.stop()
    folder.remove()
  })
  await reader.until(caughtUp)
  mkdirSync(join(folder.path, 'new'))
  writeFileSync(join(folder.path, 'new', 'auth.log'), 'two\n')
  renameSync(join(folder.path, 'log'), join(folder.path, 'old'))
  renameSync(join(folder.path, 'new'), join(folder.path, 'log'))
  await reader.until(has('two'))
  appendFileSync(path, 'three\n')
  await reader.until(has('three'))
  assert.deepEqual(reader.gaps(), [])
})

test('a symbolic link is followed, also when it moves', async (t) => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'auth.log')
  mkdirSync(join(folder.path, 'a'))
  mkdirSync(join(folder.path, 'b'))
  writeFileSync(join(folder.path, 'a', 'today.log'), 'one\n')
  writeFileSync(join(folder.path, 'b', 'today.log'), 'two\n')
  symlinkSync(join(folder.path, 'a', 'today.log'), path)
  const reader = startReader(openLogFile(path, { patience: 100, poll: 50 }))
  t.after(async () => {
    await reader.stop()
    folder.remove()
  })
  await reader.until(has('one'))
  rmSync(path)
  symlinkSync(join(folder.path, 'b', 'today.log'), path)
  await reader.until(has('two'))
  appendFileSync(join(folder.path, 'b', 'today.log'), 'three\n')
  await reader.until(has('three'))
  assert.deepEqual(reader.texts(), ['one', 'two', 'three'])
})

test('where inotify says nothing the slow look finds it', async (t) => {
  const { writer, path, read } = place(t)
  writer.append('one\n')
  const reader = read(null, { poll: 30 })
  await reader.until(caughtUp)
  // A deleted file that is still written to makes no sound in its folder.
  copyFileSync(path, `${path}.copy`)
  const writing = openToWrite(path)
  rmSync(path)
  writing('two')
  await reader.until(has('two'))
  assert.deepEqual(reader.texts(), ['one', 'two'])
})

test('a log that is mounted by itself, as containers do, is looked at slowly, and said to be', async (t) => {
  const { path: other, read } = place(t)
  const outside = join(dirname(other), 'outside log')
  const inside = join(dirname(other), 'inside log')
  for (const folder of [outside, inside]) mkdirSync(folder)
  const [written, seen] = [join(outside, 'auth.log'), join(inside, 'auth.log')]
  writeFileSync(written, 'one\n')
  writeFileSync(seen, '')
  if (spawnSync('mount', ['--bind', written, seen]).status !== 0) {
    return t.skip('a file is mounted by root only')
  }
  try {
    const reader = read(null, { poll: 30 }, null, seen)
    await reader.until(caughtUp)
    appendFileSync(written, 'two\n')
    await reader.until(has('two'))
    assert.deepEqual(reader.texts(), ['one', 'two'])
    const [source] = await openSources([seen], Date.now())
    assert.match(source?.why ?? '', /mount its folder/)
  } finally {
    spawnSync('umount', ['--lazy', seen])
  }
})

/** Keeps a file open, so that it can be written to after it was deleted. */
function openToWrite(path: string): (text: string) => void {
  const { openSync, writeSync } = process.getBuiltinModule('node:fs')
  const descriptor = openSync(path, 'a')
  return (text) => void writeSync(descriptor, `${text}\n`)
}

test('a log that may not be read is waited for, with a sentence what to do', async (t) => {
  if (process.getuid?.() !== 0) {
    const { writer, path, read } = place(t)
    writer.append('one\n')
    chmodSync(path, 0o000)
    const reader = read()
    await reader.until((one) => /group adm/.test(one.trouble() ?? ''))
    chmodSync(path, 0o600)
    await reader.until(has('one'))
    return
  }
  // Root may read everything: a child without rights has to try it.
  const folder = temporaryFolder()
  t.after(folder.remove)
  chmodSync(folder.path, 0o755)
  const path = join(folder.path, 'auth.log')
  writeFileSync(path, 'one\n', { mode: 0o600 })
  const module = new URL('../../../agent/source/log-file.ts', import.meta.url).href
  const script = `const { openLogFile } = await import(${JSON.stringify(module)})
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    for await (const one of openLogFile(${JSON.stringify(path)}).read({ from: null, since: null, signal: new AbortController().signal })) {
      console.log(JSON.stringify(one)); process.exit(0)
    }`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  assert.match(child.stdout, /may not be read by .*add the user to the group adm/, child.stderr)
})

test('a log emptied without a copy is a gap', async (t) => {
  const { writer, path, read } = place(t)
  writer.append('one\n')
  const reader = read()
  await reader.until(caughtUp)
  truncateSync(path)
  writer.append('two\n')
  await reader.until(has('two'))
  assert.deepEqual(reader.texts(), ['one', 'two'])
  assert.deepEqual(reader.gaps(), ['missing'])
})

test('a busy log that is rotated and packed by another process is read whole, with pauses', async (t) => {
  const { path, read } = place(t)
  const [lines, perFile] = [60_000, 2_500]
  const program = new URL('../../support/busy-writer.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, dirname(path), `${lines}`, `${perFile}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  t.after(() => child.kill())
  const texts: string[] = []
  let from: Position | null = null
  while (texts.length < lines) {
    const reader = read(from, { patience: 2_000 })
    // Every pause comes after another 7,000 lines; the last part is read in one go.
    const part = Math.min(7_000, lines - texts.length)
    await reader.until((one) => one.texts().length >= part, 30_000)
    await reader.stop()
    assert.deepEqual(reader.gaps(), [])
    texts.push(...reader.texts())
    from = lastPosition(reader)
  }
  assert.deepEqual(
    texts,
    Array.from({ length: lines }, (_, at) => `line ${at}`),
  )
})

test('a consumer that does not pull makes the source read no further', async (t) => {
  const { path } = place(t)
  writeFileSync(path, `line\n${'x'.repeat(99)}\n`.repeat(50_000))
  const end = new AbortController()
  const readings = openLogFile(path, quick).read({ from: null, since: null, signal: end.signal })
  const first = await readings.next()
  assert.equal(first.value?.kind, 'lines')
  const { offset } =
    first.value?.kind === 'lines' ? filePosition(first.value.position) : { offset: 0 }
  assert.ok(offset > 0 && offset <= 262_144)
  end.abort()
  assert.ok((await readings.next()).done)
})

test('lag counts the bytes that are still to come', async (t) => {
  const { writer, path, read } = place(t)
  writeFileSync(`${path}.1`, 'one\n')
  writer.append('two\nthree\n')
  const reader = read()
  await reader.until(has('three'))
  const lags = reader.readings.flatMap((one) => (one.kind === 'lines' ? [one.lag] : []))
  assert.deepEqual(lags, [10, 0])
})
