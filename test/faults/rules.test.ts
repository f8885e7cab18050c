/** Each rule of exactness, and what becomes of the counts without it. */
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runMain } from '../support/run-main.ts'
import { type Change, changedPrograms } from './changed.ts'
import { loadPrograms, type Programs } from './programs.ts'
import { type Rule, rules } from './rules.ts'
import { play } from './world.ts'

const patience = { timeout: 120_000 }
const seeds = [1, 2, 3]

describe('the rules of exactness', () => {
  for (const rule of rules) {
    test(`${rule.name}: exact with it`, patience, async () => {
      assert.deepEqual(await harmUnder(await loadPrograms(), rule), { lost: 0, doubled: 0 })
    })
    test(`control: ${rule.name}: not without it`, patience, async (t) => {
      const { root, remove } = changedPrograms(rule.without)
      after(remove)
      const { lost, doubled } = await harmUnder(await loadPrograms(root), rule)
      t.diagnostic(`${lost} lost, ${doubled} doubled`)
      assert.ok(lost + doubled > 0, 'nothing went wrong: the rule is not tried here')
    })
  }
})

async function harmUnder(
  programs: Programs,
  { script, nameless = false }: Rule,
): Promise<{ lost: number; doubled: number }> {
  const harm = { lost: 0, doubled: 0 }
  for (const seed of seeds) {
    const { nameless: found } = await play(programs, { seed, script, nameless })
    harm.lost += found.lost
    harm.doubled += found.doubled
  }
  return harm
}

// Lines as OpenSSH 9.2p1 writes them; the first connection ended without a word, as where sshd is killed.
const oneAfterTheOther = [
  'Failed password for root from 203.0.113.9 port 40000 ssh2',
  'Connection closed by authenticating user root 203.0.113.77 port 50000 [preauth]',
]
  .map((said) => `2026-11-22T17:00:00.000000+00:00 attic sshd[78]: ${said}\n`)
  .join('')

test('7: a session is pid, address and port (pid alone lost 56 and 71): exact with it, not without', async () => {
  const { root, remove } = changedPrograms([
    {
      file: 'agent/fold/place.ts',
      from: 'known === undefined || !agrees(known, told)) return sessions.start',
      to: 'known === undefined) return sessions.start',
    },
  ])
  after(remove)
  const attempts = async (program: Parameters<typeof runMain>[0]): Promise<number> => {
    const { stdout } = await runMain(program, ['scan', '--json', '-'], oneAfterTheOther)
    return (JSON.parse(stdout) as { attempts: number }).attempts
  }
  assert.equal(await attempts('agent'), 2)
  assert.equal(await attempts(`${fileURLToPath(root)}agent/main.ts` as `/${string}`), 1)
})

// A rotation in the middle of a listing is a matter of luck; here it comes just there.
const between = {
  file: 'agent/source/files.ts',
  from: 'seen.push(await look(folder, name, cache))',
}
const inTheMiddle = {
  ...between,
  to: '{ seen.push(await look(folder, name, cache)); globalThis.betweenHeads?.() }',
}
const oldestFirst = [
  {
    ...inTheMiddle,
    from: `for (const name of names) ${between.from}`,
    to: `for (const name of names.toReversed()) ${inTheMiddle.to}; seen.reverse()`,
  },
  {
    file: 'agent/source/files.ts',
    from: 'if (!unmoved(seen, namesOf(folder, base))) continue',
    to: '',
  },
]

test('4: heads are read newest first, and names compared again (oldest first lost 528): exact with it, not without', async () => {
  const told = ['first life', 'second life', 'third life']
  assert.deepEqual(await readThroughRotation([inTheMiddle]), told)
  assert.deepEqual(await readThroughRotation(oldestFirst), ['first life', 'third life'])
})

async function readThroughRotation(changes: readonly Change[]): Promise<string[]> {
  const { root, remove } = changedPrograms(changes)
  const folder = mkdtempSync(join(tmpdir(), 'cibot-listing-'))
  const path = join(folder, 'auth.log')
  writeFileSync(`${path}-20261121`, 'first life\n')
  writeFileSync(path, 'second life\n')
  const turned = Object.assign(globalThis, {
    betweenHeads: () => {
      delete (turned as { betweenHeads?: unknown }).betweenHeads
      renameSync(path, `${path}-20261122`)
      writeFileSync(path, 'third life\n')
    },
  })
  try {
    const { logFile } = await loadPrograms(root)
    const { signal } = new AbortController()
    const found: string[] = []
    for await (const read of logFile.openLogFile(path).read({ from: null, since: null, signal })) {
      if (read.kind === 'lines') found.push(...read.lines.map(({ text }) => text))
      if (read.kind === 'waiting') break
    }
    return found
  } finally {
    remove()
    rmSync(folder, { recursive: true })
  }
}
