import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Form, openBytes } from '../../../agent/source/bytes.ts'
import { type Head, nameLives, readHead } from '../../../agent/source/identity.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const folder = temporaryFolder()
after(folder.remove)

// Dec 10 06:55:46: loghub, OpenSSH_2k.log, line 1.
const first =
  'Dec 10 06:55:46 LabSZ sshd[24200]: reverse mapping checking getaddrinfo for ns.marryaldkfaczcz.com [173.234.31.186] failed - POSSIBLE BREAK-IN ATTEMPT!\n'

let made = 0
async function headOf(content: string | Buffer, form: Form = 'plain'): Promise<Head | null> {
  const path = join(folder.path, `${made++}.log`)
  writeFileSync(path, content)
  const bytes = await openBytes(path, form)
  try {
    return await readHead(bytes)
  } finally {
    await bytes.close()
  }
}

test('a log is known by its first line, whatever follows and however it is packed', async () => {
  const head = await headOf(`${first}second\n`)
  assert.equal(head?.bytes.toString(), first)
  assert.equal((await headOf(first))?.hash, head?.hash)
  assert.equal((await headOf(gzipSync(`${first}other\n`), 'gzip'))?.hash, head?.hash)
  assert.equal((await headOf(zstdCompressSync(first), 'zstd'))?.hash, head?.hash)
})

test('a log whose first line is not complete is not known yet', async () => {
  assert.equal(await headOf(''), null)
  assert.equal(await headOf(first.slice(0, -1)), null)
  assert.equal(await headOf('\0'.repeat(20_000)), null)
  assert.equal(await headOf(`${'\0'.repeat(9_000)}half`), null)
})

test('a line that goes on differently is another one', async () => {
  assert.notEqual((await headOf('line 1\n'))?.hash, (await headOf('line 10\n'))?.hash)
})

test('NULs and empty lines in front do not count, however many there are', async () => {
  const plain = await headOf(first)
  for (const nuls of [1, 4095, 4096, 8191, 8192, 8193, 300_000]) {
    const head = await headOf(`${'\0'.repeat(nuls)}${first}`)
    assert.equal(head?.hash, plain?.hash, `${nuls} NULs`)
    assert.equal(head?.start, nuls)
  }
  assert.equal((await headOf(`\n\n${first}`))?.start, 2)
})

test('of a long first line 4096 bytes count', async () => {
  const long = 'x'.repeat(4096)
  assert.equal((await headOf(long))?.hash, (await headOf(`${long}yyy\n`))?.hash)
  assert.equal(await headOf(long.slice(1)), null)
})

test('lives of one first line are numbered from the one that is known', () => {
  const [a, b, h] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)]
  const fresh = { file: null, fits: null, finished: [] }
  assert.deepEqual(nameLives([a, b], fresh), [a, b])
  assert.deepEqual(nameLives([h, h, h], fresh), [h, `${h}.1`, `${h}.2`])
  // The position stands in the second of three: the oldest is the life before it.
  assert.deepEqual(nameLives([h, h, h], { file: `${h}.4`, fits: 1, finished: [] }), [
    `${h}.3`,
    `${h}.4`,
    `${h}.5`,
  ])
  // At the very beginning of a life nothing tells it apart but the number of those before it.
  assert.deepEqual(nameLives([h, h], { file: `${h}.1`, fits: null, finished: [h] }), [h, `${h}.1`])
  assert.deepEqual(nameLives([h, a], { file: a, fits: null, finished: [`${h}.2`] }), [`${h}.2`, a])
  assert.deepEqual(nameLives([h, h, a], { file: a, fits: null, finished: [`${h}.2`, `${h}.3`] }), [
    `${h}.2`,
    `${h}.3`,
    a,
  ])
})
