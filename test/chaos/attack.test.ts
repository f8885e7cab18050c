import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFold } from '../../agent/fold/fold.ts'
import { openParser } from '../../agent/parse/parse.ts'
import { nothingRead } from '../../shared/checkpoint.ts'
import type { Finding } from '../../shared/finding.ts'
import { randomOf } from '../support/random.ts'
import { openAttack } from './attack.ts'

const from = Date.parse('2026-11-21T13:00:00Z')
const ages = ['old', 'middle', 'new'] as const

test('what the generator says its sessions are worth is what the agent finds, without any fault', () => {
  for (let seed = 1; seed <= 6; seed++) {
    const attack = openAttack({
      random: randomOf(seed),
      hosts: ['nas', 'router'],
      age: ages[seed % 3] ?? 'new',
      stamps: seed % 2 === 0 ? 'RFC 3339' : 'RFC 3164',
      from,
    })
    const parser = openParser({ zone: 'UTC', reference: from, last: null })
    const fold = openFold(nothingRead, (host) => host === 'nas')
    for (let offset = 0; offset < 5_000; offset++) {
      const { text, truth } = attack.next()
      const parsed = parser.line(text)
      const found = fold
        .take({ ...parsed, at: parsed.at ?? Number.NaN }, { file: 'auth.log', offset })
        .filter((one) => one.kind !== 'amend')
      assert.deepEqual(found.map(seen), truth === undefined ? [] : [truth], `seed ${seed}: ${text}`)
    }
  }
})

test('one seed always gives the same log, and every kind of truth', () => {
  const write = () => {
    const attack = openAttack({
      ...{ random: randomOf(7), hosts: ['nas'], age: 'new', stamps: 'RFC 3339', from },
    })
    return Array.from({ length: 5_000 }, attack.next)
  }
  const lines = write()
  assert.deepEqual(lines, write())
  const kinds = new Set(lines.map(({ truth }) => truth?.kind))
  for (const kind of ['attempt', 'probe', 'login', 'blocked', 'change'] as const) {
    assert.ok(kinds.has(kind), kind)
  }
})

function seen({ kind, count, at, host = 'nas', ip = '', user = '' }: Finding) {
  return { kind, count, user, at, host, ip }
}
