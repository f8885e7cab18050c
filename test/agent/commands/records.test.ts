/** Bytes in, findings out: no bytes throw, no cut into pieces changes what is found, the unknown counts nothing. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { countAll } from '../../../agent/commands/counting.ts'
import { understandAll } from '../../../agent/commands/records.ts'
import { gather } from '../../../agent/fold/count.ts'
import { openCount, openFold } from '../../../agent/fold/fold.ts'
import { nothingRead } from '../../../shared/checkpoint.ts'
import type { Amendment, Finding } from '../../../shared/finding.ts'
import { filledFrom } from '../../support/filled-from.ts'

const options = { zone: 'UTC', reference: Date.UTC(2026, 10, 23) }

async function found(pieces: readonly Buffer[]): Promise<(Finding | Amendment)[]> {
  const fold = openFold(nothingRead, () => false)
  const entries: (Finding | Amendment)[] = []
  for await (const batch of understandAll(each(pieces), options)) {
    for (const { parsed, offset } of batch)
      entries.push(...fold.take(parsed, { file: 'f', offset }))
  }
  return [...entries, ...fold.flush({ file: 'end', offset: 0 })]
}

/** The same as scan counts it, from its bytes. */
async function counted(pieces: readonly Buffer[]): Promise<(Finding | Amendment)[]> {
  const sink = gather()
  const count = openCount(nothingRead, sink)
  const log = { name: 'f', fill: filledFrom(pieces) }
  for await (const _lines of countAll(log, options, count));
  count.flush({ file: 'end', offset: 0 })
  return sink.take()
}

async function* each(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % bytes.length))].toSorted((a, b) => a - b)
  return [0, ...sorted].map((from, i) => bytes.subarray(from, sorted[i] ?? bytes.length))
}

for (const name of [
  'attic.auth.log',
  'vault.auth.log',
  'edge.journal.json',
  'edge.journal.export',
]) {
  const bytes = readFileSync(fileURLToPath(new URL(`../../recordings/${name}`, import.meta.url)))
  test(`${name} cut anywhere gives the same findings`, async () => {
    const whole = await found([bytes])
    assert.ok(whole.length > 20)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(bytes.length), { minLength: 1, maxLength: 40 }),
        async (at) => {
          const pieces = cutAt(bytes, at)
          assert.deepEqual(await found(pieces), whole)
          assert.deepEqual(await counted(pieces), whole)
        },
      ),
      { numRuns: 30 },
    )
  })
}

test('arbitrary bytes never throw and count nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }),
      async (parts) => {
        const pieces = parts.map((part) => Buffer.from(part))
        assert.deepEqual(await found(pieces), [])
        assert.deepEqual(await counted(pieces), [])
      },
    ),
    { numRuns: 500 },
  )
})

test('arbitrary messages under the tags we know never throw, and count nothing but what has a shape', async () => {
  const tag = fc.constantFrom(
    'sshd[7]',
    'sshd-session[7]',
    'dropbear[7]',
    'sudo',
    'su[9]',
    'login[3]',
  )
  await fc.assert(
    fc.asyncProperty(tag, fc.string({ unit: 'binary', maxLength: 300 }), async (who, text) => {
      const line = `Nov 22 17:00:00 nas ${who}: ~${text.replaceAll('\n', ' ')}\n`
      assert.deepEqual(await found([Buffer.from(line)]), [])
      assert.deepEqual(await counted([Buffer.from(line)]), [])
    }),
    { numRuns: 1000 },
  )
})

test('lines longer than are kept, holes of NULs and a line without an end are counted as they stand', async () => {
  const line = (name: string) =>
    `Nov 22 17:00:00 nas sshd[7]: Failed password for ${name} from 1.2.3.4 port 5 ssh2`
  const long = Buffer.alloc(400_000, 'x')
  const hole = Buffer.alloc(500_000)
  for (const size of [997, 65_536, 262_144, 2_000_000]) {
    const bytes = Buffer.concat([
      ...[Buffer.from(line('a')), Buffer.from('\n'), long, Buffer.from('\n'), hole],
      ...[Buffer.from(line('b')), Buffer.from('\n'), long, hole, long, Buffer.from('\n')],
      ...[Buffer.from(line('c')), Buffer.from('\n'), hole, Buffer.from(line('d'))],
    ])
    const pieces: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
    const users = (await counted(pieces)).map(
      (one) => one.kind !== 'amend' && [one.user, one.offset],
    )
    const at = (name: string) => bytes.indexOf(line(name))
    assert.deepEqual(
      users,
      ['a', 'b', 'c', 'd'].map((name) => [name, at(name)]),
    )
    assert.deepEqual(await found(pieces), await counted(pieces))
  }
})

test('a line without an end is understood in the time it takes to read it', {
  timeout: 60_000,
}, async () => {
  const piece = Buffer.alloc(64 * 1024, 'x')
  // 256 MiB of it: kept and joined piece by piece they would be half a TiB to copy.
  const endless = Array.from({ length: 4096 }, () => piece)
  const lines: unknown[] = []
  for await (const batch of understandAll(each(endless), options)) lines.push(...batch)
  assert.equal(lines.length, 1)
})
