import assert from 'node:assert/strict'
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Form, openBytes } from '../../../agent/source/bytes.ts'
import { readHead } from '../../../agent/source/identity.ts'
import { openTail, type Tail } from '../../../agent/source/tail.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const folder = temporaryFolder()
after(folder.remove)

let made = 0
function file(content: string | Buffer): string {
  const path = join(folder.path, `${made++}.log`)
  writeFileSync(path, content)
  return path
}

async function open(
  path: string,
  form: Form = 'plain',
  offset = 0,
  before = '',
): Promise<Tail | null> {
  const bytes = await openBytes(path, form)
  const head = (await readHead(bytes))?.hash ?? ''
  await bytes.close()
  return openTail(path, form, { head, offset, before })
}

async function opened(path: string, form: Form = 'plain', offset = 0, before = ''): Promise<Tail> {
  const tail = await open(path, form, offset, before)
  assert.ok(tail)
  return tail
}

type AllRead = {
  texts: string[]
  offsets: number[]
  oversize: number[]
  end: unknown
  places: [number, string][]
}

async function readAll(tail: Tail): Promise<AllRead> {
  const all: AllRead = { texts: [], offsets: [], oversize: [], end: null, places: [] }
  for (;;) {
    const chunk = await tail.next()
    if (chunk.kind !== 'lines') return { ...all, end: chunk }
    all.texts.push(...chunk.lines().map((line) => line.text))
    all.offsets.push(...chunk.lines().map((line) => line.offset))
    all.oversize.push(...chunk.oversize)
    all.places.push([tail.offset(), tail.before()])
  }
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, at) => `line ${at} ${'x'.repeat(at % 90)}`)

test('a log is read whole in every form, and goes on from every place it gave', async () => {
  const lines = numbered(30_000)
  const content = `${lines.join('\n')}\n`
  const forms: [Form, Buffer][] = [
    ['plain', Buffer.from(content)],
    ['gzip', gzipSync(content)],
    ['zstd', zstdCompressSync(content)],
  ]
  const seen: [number, string][][] = []
  for (const [form, packed] of forms) {
    const path = file(packed)
    const tail = await opened(path, form)
    const all = await readAll(tail)
    await tail.close()
    assert.deepEqual(all.texts, lines)
    assert.deepEqual(all.end, { kind: 'end', torn: 0, cut: null })
    assert.ok(all.places.length > 3, 'several reads')
    seen.push(all.places)
    for (const [offset, before] of all.places) {
      const again = await opened(path, form, offset, before)
      const rest = await readAll(again)
      await again.close()
      assert.equal(
        rest.texts.length,
        lines.length - content.slice(0, offset).split('\n').length + 1,
      )
    }
  }
  // The same place in a packed copy is the same position.
  assert.deepEqual(seen[1], seen[0])
  assert.deepEqual(seen[2], seen[0])
})

test('a file with another head, other bytes before the position, or too few, is not the one meant', async () => {
  const path = file('one\ntwo\nthree\n')
  const tail = await opened(path)
  await tail.next()
  const [offset, before] = [tail.offset(), tail.before()]
  await tail.close()
  assert.equal(offset, 14)
  for (const other of ['one\ntwo\nother\n', 'one\ntwo\n', 'uno\ntwo\nthree\n']) {
    const found = await openTail(file(other), 'plain', {
      head: (await headOf(path)) ?? '',
      offset,
      before,
    })
    assert.equal(found, null, other)
  }
})

async function headOf(path: string): Promise<string | undefined> {
  const bytes = await openBytes(path, 'plain')
  const head = await readHead(bytes)
  await bytes.close()
  return head?.hash
}

test('half a line is never given, and is given once when it is whole', async () => {
  const path = file('one\ntwo')
  const tail = await opened(path)
  assert.deepEqual((await readAll(tail)).texts, ['one'])
  assert.deepEqual(await tail.next(), { kind: 'end', torn: 3, cut: null })
  appendFileSync(path, ' and more\nthr')
  assert.deepEqual((await readAll(tail)).texts, ['two and more'])
  assert.equal(tail.offset(), 17)
  await tail.close()
})

test('a truncated file that has grown past the old offset again is noticed', async () => {
  const path = file('old one\nold two\n')
  const tail = await opened(path)
  await readAll(tail)
  truncateSync(path)
  assert.deepEqual(await tail.next(), { kind: 'changed' })
  appendFileSync(path, `new one\n${'new and longer\n'.repeat(10)}`)
  assert.deepEqual(await tail.next(), { kind: 'changed' })
  await tail.close()
})

test('so is one that begins with the same line but holds something else before the offset', async () => {
  const path = file('same\nold two\n')
  const tail = await opened(path)
  await readAll(tail)
  truncateSync(path)
  appendFileSync(path, `same\n${'new and longer\n'.repeat(10)}`)
  assert.deepEqual(await tail.next(), { kind: 'changed' })
  await tail.close()
})

test('a hole of NULs is passed over, of any length, and offsets stay exact', async () => {
  for (const nuls of [1, 255, 300_000, 262_144 * 2]) {
    const path = file(`one\n${'\0'.repeat(nuls)}two\nthree\n`)
    const tail = await opened(path)
    const all = await readAll(tail)
    await tail.close()
    assert.deepEqual(all.texts, ['one', 'two', 'three'], `${nuls} NULs`)
    assert.deepEqual(all.offsets, [0, 4 + nuls, 8 + nuls])
    assert.deepEqual(all.oversize, [])
  }
  const open = await opened(file(`one\n${'\0'.repeat(300_000)}`))
  assert.deepEqual((await readAll(open)).end, { kind: 'end', torn: 0, cut: null })
  await open.close()
})

test('of an endless line 64 KiB are kept in bounded memory, and the next line is fine', async () => {
  for (const length of [65_536, 65_537, 262_144, 262_400, 1_000_000, 5_000_000]) {
    const path = file(`one\n${'y'.repeat(length)}`)
    const tail = await opened(path)
    const before = await readAll(tail)
    assert.deepEqual(before.texts, ['one'])
    assert.deepEqual(before.end, { kind: 'end', torn: length, cut: null })
    assert.equal(tail.offset(), 4, 'the position waits before the line')
    appendFileSync(path, 'z\nthree\nfour\n')
    const all = await readAll(tail)
    await tail.close()
    assert.equal(all.texts[0]?.length, 65_536)
    assert.deepEqual(all.texts.slice(1), ['three', 'four'])
    assert.deepEqual(all.oversize, [4])
    assert.deepEqual(all.offsets, [4, 4 + length + 2, 4 + length + 8])
  }
})

test('an archive that is not complete gives what it has and says that it is cut off', async () => {
  const lines = numbered(20_000)
  const packed = gzipSync(`${lines.join('\n')}\n`)
  for (const cut of [packed.length - 1, packed.length - 8, packed.length >> 1]) {
    const tail = await opened(file(packed.subarray(0, cut)), 'gzip')
    const all = await readAll(tail)
    await tail.close()
    assert.deepEqual(all.texts, lines.slice(0, all.texts.length))
    assert.ok(all.texts.length > lines.length / 4)
    assert.match(String((all.end as { cut: string }).cut), /unexpected end/)
  }
})
