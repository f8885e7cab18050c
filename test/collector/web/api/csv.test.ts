import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvHead, csvLine } from '../../../../collector/web/api/csv.ts'

const cell = (text: string) => csvLine([text]).trimEnd()

test('no cell begins a formula, whatever stands before it', () => {
  for (const user of [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '|cmd',
    '%x',
    '＝1',
    '  =1',
    "=cmd|' /C calc'!A0",
  ]) {
    assert.match(cell(user), /^"'/, user)
  }
  assert.equal(cell('root'), '"root"')
  assert.equal(cell('a=b'), '"a=b"')
})

test('quotes are doubled, line ends, escapes and overrides written out, long cells cut', () => {
  assert.equal(cell('say "hi"'), '"say ""hi"""')
  assert.equal(cell('a\r\n=1'), '"a\\u{d}\\u{a}=1"')
  assert.equal(cell('\t=1'), '"\\u{9}=1"')
  assert.equal(cell('\u202egnp.exe'), '"\\u{202e}gnp.exe"')
  assert.ok(cell('x'.repeat(5000)).length < 1100)
})

test('a whole text is cut only where a spreadsheet would, and is made as safe', () => {
  const message = `=${'a line\n'.repeat(800)}`
  const whole = csvLine([{ whole: message }])
  assert.equal(whole, `"'${message.replaceAll('\n', '\\u{a}')}"\r\n`)
  assert.ok(csvLine([{ whole: '\n'.repeat(50_000) }]).length < 32_800)
})

test('numbers are numbers, nothing is nothing, names keep their letters in Excel', () => {
  assert.equal(csvHead(['n', 'x']) + csvLine([5, null]), '\ufeff"n","x"\r\n5,\r\n')
})
