import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Generation } from '../../../agent/source/files.ts'
import {
  following,
  numbersBetween,
  refreshed,
  type Sight,
  startOf,
} from '../../../agent/source/place.ts'
import type { FilePosition } from '../../../shared/checkpoint.ts'

/** A sight of files given as name to number (null: dated), oldest first. */
function sight(index: number, ...files: [file: string, ...numbers: (number | null)[]][]): Sight {
  const generations = files.map(([file, ...numbers]): Generation => {
    const [first, ...others] = numbers.map((number) => copy(file, number))
    return { head: file, copies: [first ?? copy(file, null), ...others] }
  })
  const numbers = new Set(files.flatMap(([, ...some]) => some.flatMap((number) => number ?? [])))
  return {
    listing: { generations, numbers, unreadable: null, unknown: [] },
    files: files.map(([file]) => file),
    index,
  }
}

function copy(file: string, number: number | null): Generation['copies'][0] {
  const name = `${file}.log`
  const where = { name, path: name, live: number === 0, number }
  return { ...where, form: 'plain', dev: 1n, ino: 1n, size: 1, modified: 1 }
}

const at = (file: string, finished: string[]): FilePosition => {
  return { kind: 'file', file, offset: 9, before: 'x', name: 'was.log', finished }
}

test('the next file is the one behind the position, passing over what is finished', () => {
  const four = sight(1, ['a', 3], ['b', 2], ['c', 1], ['d', 0])
  assert.equal(following(four, at('b', ['a'])), 2)
  assert.equal(following(four, at('b', ['a', 'c'])), 3)
  assert.equal(following({ ...four, index: 3 }, at('d', [])), null)
})

test('where the position is gone it is the one behind the newest finished', () => {
  // `old` was put back from a backup after `a` had been finished.
  const some = sight(-1, ['old', 4], ['a', 3], ['c', 1], ['d', 0])
  assert.equal(following(some, at('b', ['a'])), 2)
  assert.equal(following(some, at('b', [])), 0)
  assert.equal(following(sight(-1, ['a', 1]), at('b', ['a'])), null)
})

test('finished is what is older than the position or was finished, and still on disk', () => {
  const three = sight(1, ['a', 2], ['b', 1], ['c', 0])
  assert.deepEqual(refreshed(three, at('b', ['gone', 'c'])).finished, ['a', 'c'])
  assert.equal(refreshed(three, at('b', [])).name, 'b.log')
  const gone = refreshed({ ...three, index: -1 }, at('x', ['gone', 'a']))
  assert.deepEqual(gone.finished, ['a'])
  assert.equal(gone.name, 'was.log')
  assert.deepEqual(startOf(three, 2, ['b']), {
    kind: 'file',
    file: 'c',
    offset: 0,
    before: '',
    name: 'c.log',
    finished: ['a', 'b'],
  })
})

test('a number missing between two files is noticed, dates are not guessed', () => {
  assert.deepEqual(numbersBetween(sight(0, ['a', 4], ['b', 1]), 1), [3, 2])
  assert.deepEqual(numbersBetween(sight(0, ['a', 2, 3], ['b', 1]), 1), [])
  assert.deepEqual(numbersBetween(sight(0, ['a', 1], ['b', 0]), 1), [])
  assert.deepEqual(numbersBetween(sight(0, ['a', null], ['b', 0]), 1), [])
  assert.deepEqual(numbersBetween(sight(-1, ['b', 0]), 0), [])
  // An empty file has no head, but its number stands.
  const withEmpty = sight(0, ['a', 2], ['b', 0])
  withEmpty.listing.numbers.add(1)
  assert.deepEqual(numbersBetween(withEmpty, 1), [])
})
