import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { command, type Outcome } from './command.ts'

const ansible = fileURLToPath(new URL('../../ansible', import.meta.url))
const playbooks = readdirSync(ansible).filter(
  (name) => name.endsWith('.yml') && !name.startsWith('inventory'),
)

test('every playbook is one that ansible understands, with the example inventory', {
  skip: missing('ansible-playbook', 'ansible-core'),
}, async () => {
  const inventory = ['-i', 'inventory.example.yml', '--syntax-check']
  const { code, out, err } = await inAnsible(['ansible-playbook', ...inventory, ...playbooks])
  assert.equal(code, 0, out + err)
  assert.ok(playbooks.includes('site.yml'))
})

test('ansible-lint has nothing to say by its strictest profile', {
  skip: missing('ansible-lint', 'ansible-lint'),
}, async () => {
  const words = ['--offline', '--nocolor', '--profile', 'production']
  const { code, out, err } = await inAnsible(['ansible-lint', ...words, ...playbooks])
  assert.equal(code, 0, out + err)
})

test('the tables of the roles say what their argument specs say', {
  skip: missing('ansible-playbook', 'ansible-core'),
}, async () => {
  const { code, err } = await inAnsible(['/usr/bin/python3', 'document-roles.py', '--check'])
  assert.equal(code, 0, err)
})

function missing(program: string, packaged: string): string | false {
  const isThere = spawnSync(program, ['--version']).status === 0
  return isThere ? false : `${program} missing: apt-get install ${packaged}`
}

function inAnsible(argv: readonly string[]): Promise<Outcome> {
  return command(['env', '--chdir', ansible, ...argv], { seconds: 120 })
}
