import assert from 'node:assert/strict'
import { test } from 'node:test'
import { literalStart, type Shape, type Table, tableOf } from '../../../agent/parse/shape.ts'
import { ACCOUNTS } from '../../../agent/parse/tables/accounts.ts'
import { capitalised, DROPBEAR } from '../../../agent/parse/tables/dropbear.ts'
import { LOGIN, LOGIND, SU, SUDO } from '../../../agent/parse/tables/local.ts'
import { LOSS } from '../../../agent/parse/tables/loss.ts'
import { cutModule, PAM, SSSD, UNIX_CHKPWD } from '../../../agent/parse/tables/pam.ts'
import { SERVICES } from '../../../agent/parse/tables/services.ts'
import { CUT, cutSshd, SSHD } from '../../../agent/parse/tables/sshd.ts'
import { understand } from '../../../agent/parse/understand.ts'

const asItIs = ({ example }: Shape) => example

/** Every table, and what of a whole message it is given to read. */
const TABLES: [string, Table, (shape: Shape) => string][] = [
  ['sshd', SSHD, ({ example }) => cutSshd(example).text],
  ['sshd, cut', CUT, ({ example }) => cutSshd(example).text],
  ['dropbear', DROPBEAR, ({ example }) => capitalised(example)],
  ['PAM', PAM, ({ example, program }) => cutModule(program, example).text],
  ['sssd', SSSD, ({ example, program }) => cutModule(program, example).text],
  ['unix_chkpwd', UNIX_CHKPWD, asItIs],
  ['sudo', SUDO, asItIs],
  ['su', SU, asItIs],
  ['login', LOGIN, asItIs],
  ['logind', LOGIND, asItIs],
  ['services', SERVICES, asItIs],
  ['accounts', ACCOUNTS, asItIs],
  ['loss', LOSS, asItIs],
]

for (const [name, table, textOf] of TABLES) {
  test(`every example of the ${name} table is taken by its own shape and by no other`, () => {
    for (const shape of table.shapes) {
      const takers = table.takers(textOf(shape), shape.program)
      assert.deepEqual(takers, [shape.name], shape.example)
    }
  })

  test(`every example of the ${name} table is understood as a whole message`, () => {
    for (const shape of table.shapes) {
      const expected = table.event(textOf(shape), shape.program)
      const event = understand(shape.program, shape.example)
      assert.equal(event?.kind, expected?.kind, shape.example)
      assert.equal(event?.ip, expected?.ip, shape.example)
    }
  })

  test(`every shape of the ${name} table is anchored and needs no search`, () => {
    for (const { expression } of table.shapes) {
      assert.match(expression.source, /^\^/)
      assert.equal(expression.flags, '')
    }
  })
}

test('the literal start of an expression ends where it may vary', () => {
  assert.equal(literalStart(/^Failed (\S+) for/), 'Failed ')
  assert.equal(literalStart(/^\(to (\S+)\)/), '(to ')
  assert.equal(literalStart(/^Accepted? x/), 'Accepte')
  assert.equal(literalStart(/^(?:a|b)/), '')
  assert.equal(literalStart(/^\d+ more/), '')
  assert.throws(() => literalStart(/Failed/), /anchored/)
})

test('a shape that refuses its own match leaves the line to the others', () => {
  const shape = (name: string, event: Shape['event']): Shape => ({
    name,
    source: 'none',
    program: 'x',
    example: 'abc',
    expression: /^abc/,
    event,
  })
  const table = tableOf([shape('no', () => null), shape('yes', () => ({ kind: 'probe' }))])
  assert.deepEqual(table.event('abc', 'x'), { kind: 'probe' })
  assert.equal(table.event('abd', 'x'), null)
})
