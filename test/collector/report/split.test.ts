import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { split } from '../../../collector/report/split.ts'
import type { Entity, PartText } from '../../../collector/store/reports/parts.ts'

test('a text that fits stays whole', () => {
  const whole = { text: 'LOOK', entities: [{ type: 'bold' as const, offset: 0, length: 4 }] }
  assert.deepEqual(split(whole), [whole])
})

test('a cut falls after a line, else after a word, else between characters', () => {
  const texts = (text: string, units: number) =>
    split({ text, entities: [] }, { units, entities: 100 }).map((piece) => piece.text)
  assert.deepEqual(texts('one\ntwo three', 8), ['one\n', 'two ', 'three'])
  assert.deepEqual(texts('aaaa🙂b', 5), ['aaaa', '🙂b'])
})

test('a name is never torn, a quote goes on in the next piece', () => {
  const entities: Entity[] = [
    { type: 'expandable_blockquote', offset: 0, length: 12 },
    { type: 'code', offset: 3, length: 6 },
  ]
  assert.deepEqual(split({ text: 'a: b c d e f', entities }, { units: 7, entities: 100 }), [
    { text: 'a: ', entities: [{ type: 'expandable_blockquote', offset: 0, length: 3 }] },
    {
      text: 'b c d ',
      entities: [
        { type: 'expandable_blockquote', offset: 0, length: 6 },
        { type: 'code', offset: 0, length: 6 },
      ],
    },
    { text: 'e f', entities: [{ type: 'expandable_blockquote', offset: 0, length: 3 }] },
  ])
})

const word = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('\n', ' ', '🙂🙂', '203.0.113.9', 'x'.repeat(40)),
)

/** Texts made of words, some of them names, some stretches of them quoted. */
const formatted = fc
  .array(fc.record({ text: word, name: fc.boolean(), quoted: fc.boolean() }), { maxLength: 60 })
  .map((words): PartText => {
    let text = ''
    const entities: Entity[] = []
    let quote: Entity | undefined
    for (const { text: next, name, quoted } of words) {
      const offset = text.length
      text += next
      if (next.length === 0) continue
      if (name) entities.push({ type: 'code', offset, length: next.length })
      if (!quoted) quote = undefined
      else if (quote === undefined) {
        quote = { type: 'expandable_blockquote', offset, length: next.length }
        entities.push(quote)
      } else quote.length += next.length
    }
    return { text, entities }
  })

test('whatever is split, nothing is lost, torn or too big', () => {
  fc.assert(
    fc.property(
      formatted,
      fc.integer({ min: 16, max: 90 }),
      fc.integer({ min: 3, max: 12 }),
      (whole, units, most) => {
        const pieces = split(whole, { units, entities: most })
        assert.equal(pieces.map(({ text }) => text).join(''), whole.text)
        for (const { text, entities } of pieces) {
          assert.ok(text.length > 0 && text.length <= units)
          assert.ok(text.isWellFormed() || !whole.text.isWellFormed())
          assert.ok(entities.length <= most)
          for (const { offset, length } of entities) {
            assert.ok(offset >= 0 && length > 0 && offset + length <= text.length)
          }
        }
        const names = (parts: readonly PartText[]) =>
          parts.flatMap(({ text, entities }) =>
            entities
              .filter(({ type }) => type === 'code')
              .map(({ offset, length }) => text.slice(offset, offset + length)),
          )
        const short = names([whole]).every(({ length }) => length <= units)
        if (short) assert.deepEqual(names(pieces), names([whole]))
        else assert.equal(names(pieces).join(''), names([whole]).join(''))
      },
    ),
    { numRuns: 1000 },
  )
})
