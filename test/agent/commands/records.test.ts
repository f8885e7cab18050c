/** Bytes in, findings out: no bytes throw, no cut into pieces changes what is found, the unknown counts nothing. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { understandAll } from '../../../agent/commands/records.ts'
import { openFold } from '../../../agent/fold/fold.ts'
import { nothingRead } from '../../../shared/checkpoint.ts'
import type { Amendment, Finding } from '../../../shared/finding.ts'

const options = { zone: 'UTC', reference: Date.UTC(2026, 10, 23) }

async function found(pieces: readonly Buffer[]): Promise<(Finding | Amendment)[]> {
  const fold = openFold(nothingRead, () => true)
  const entries: (Finding | Amendment)[] = []
  for await (const batch of understandAll(each(pieces), options)) {
    for (const { parsed, offset } of batch)
      entries.push(...fold.take(parsed, { file: 'f', offset }))
  }
  return [...entries, ...fold.flush({ file: 'end', offset: 0 })]
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
          assert.deepEqual(await found(cutAt(bytes, at)), whole)
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
        assert.deepEqual(await found(parts.map((part) => Buffer.from(part))), [])
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
    }),
    { numRuns: 1000 },
  )
})
