import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Once, openOnce } from '../../../agent/source/once.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const folder = temporaryFolder()
after(folder.remove)

async function texts(once: Once): Promise<string[]> {
  const all: string[] = []
  for await (const lines of once.lines()) all.push(...lines.map((line) => line.text))
  return all
}

const lines = Array.from({ length: 20_000 }, (_, at) => `line ${at} ${Math.cos(at)}`)
const content = Buffer.from(lines.join('\n'))
const packed: [name: string, bytes: Buffer][] = [
  ['plain', content],
  ['gzip', gzipSync(content)],
  ['zstd', zstdCompressSync(content)],
]

for (const [name, bytes] of packed) {
  test(`a ${name} file is told by its content and read whole, its last line, too`, async () => {
    const path = join(folder.path, 'no-ending')
    writeFileSync(path, bytes)
    const once = await openOnce(path)
    assert.equal(once.total, bytes.length)
    assert.deepEqual(await texts(once), lines)
    assert.equal(once.taken(), bytes.length)
    assert.equal(once.cut(), null)
  })

  test(`so is ${name} standard input, whatever pieces it comes in`, async () => {
    const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 3), bytes.subarray(3)]
    const once = await openOnce('-', Readable.from(pieces))
    assert.equal(once.total, null)
    assert.deepEqual(await texts(once), lines)
  })
}

test('its bytes can be had instead', async () => {
  const once = await openOnce('-', Readable.from([gzipSync('__CURSOR=s=1\nMESSAGE=x\n\n')]))
  const pieces: Buffer[] = []
  for await (const piece of once.bytes()) pieces.push(piece)
  assert.equal(Buffer.concat(pieces).toString(), '__CURSOR=s=1\nMESSAGE=x\n\n')
})

test('a file cut off is read as far as it goes, and said to be cut off', async () => {
  const bytes = gzipSync(content)
  const once = await openOnce('-', Readable.from([bytes.subarray(0, bytes.length - 2)]))
  assert.deepEqual(await texts(once), lines)
  assert.match(once.cut() ?? '', /unexpected end/)
})

test('an empty file has no lines', async () => {
  assert.deepEqual(await texts(await openOnce('-', Readable.from([]))), [])
})

test('long lines and holes are cut as they are in a log that is followed', async () => {
  const piece = Buffer.alloc(65_536, 'x')
  const input = Readable.from([
    Buffer.from('one\n'),
    ...[piece, piece, piece],
    Buffer.from('\ntwo\n'),
    ...[Buffer.alloc(65_536), Buffer.alloc(65_536), Buffer.alloc(9)],
    Buffer.from('three\nfour'),
  ])
  const once = await openOnce('-', input)
  const found: [number, number, string][] = []
  for await (const some of once.lines()) {
    found.push(
      ...some.map((l): [number, number, string] => [l.offset, l.text.length, l.text.slice(0, 5)]),
    )
  }
  const hole = 4 + 196_608 + 1 + 4
  assert.deepEqual(found, [
    [0, 3, 'one'],
    [4, 65_536, 'xxxxx'],
    [4 + 196_608 + 1, 3, 'two'],
    [hole + 131_081, 5, 'three'],
    [hole + 131_081 + 6, 4, 'four'],
  ])
})

test('what cannot be unpacked is refused in a sentence', async () => {
  // The first bytes of an .xz file (xz file format 1.2.1, section 2.1.1.1).
  const xz = Buffer.from('fd377a585a000004e6d6b446', 'hex')
  await assert.rejects(
    texts(await openOnce('-', Readable.from([xz]))),
    /packed with xz; unpack it first/,
  )
})

test('a file that is not there is refused', async () => {
  await assert.rejects(openOnce(join(folder.path, 'nothing')), { code: 'ENOENT' })
})
