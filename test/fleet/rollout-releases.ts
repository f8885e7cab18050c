import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { migrations } from '../../collector/store/migrations.ts'
import { passwords } from './attacks.ts'
import type { Lab } from './lab.ts'
import { bundlesWith, type Rollout } from './rollout.ts'
import { counted, names, type Story } from './three-hosts.ts'

const probe = 20_000

/** An upgrade that does not run goes back by itself; a good one stays, and can be taken back. */
export async function releases(story: Story): Promise<void> {
  const { chapter } = story
  await chapter('a collector that cannot start is left again', () => badCollector(story))
  await chapter('an agent that cannot start is left again', () => badAgent(story))
  await chapter('a good release takes its place, and rollback.yml returns', () => good(story))
}

async function badCollector(story: Story): Promise<void> {
  const { lab, fleet, ledger, say } = story
  const old = releaseOf(lab, 'attic')
  const broken = await bundlesWith(
    fleet.folder,
    'broken',
    bundlesOf(old),
    'collector',
    changesTheDatabaseAndEnds,
  )
  const watch = watchDown(fleet)
  const played = await fleet.play('site.yml', '-e', `cibot_bundles=${broken}`)
  const down = await watch.end()
  assert.notEqual(played.code, 0)
  assert.match(played.out, wentBack('attic', old))
  for (const name of names) assert.equal(releaseOf(lab, name), old)
  say(
    `no answer for ${(down / 1000).toFixed(1)} s at the most, where the probe may take ${probe / 1000} s; ${played.seconds.toFixed(1)} s in all`,
  )
  assert.ok(down <= probe, `${down} ms`)
  assert.deepEqual(databaseOf(lab, 'attic'), { schema: migrations.length, copies: [] })
  await passwords(ledger, { from: 'sweeper', host: 'vault' }, 'alice', 2)
  await counted(story)
}

// As a next version may: it has one more migration, and does not run.
function changesTheDatabaseAndEnds(code: string): string {
  const list = /user_version = \$\{(\w+)\.length\}/.exec(code)?.[1]
  const more = 'CREATE TABLE of_the_next (n)'
  const changed = code.replace(
    'function bringUpToDate(',
    `function bringUpToDate(...given) {
      if (${list}.at(-1) !== '${more}') ${list}.push('${more}')
      broughtUpToDate(...given)
      if (process.argv.includes('run')) process.exit(1)
    }
    function broughtUpToDate(`,
  )
  assert.notEqual(changed, code)
  return changed
}

function databaseOf(lab: Lab, name: string): { schema: number; copies: string[] } {
  const folder = join(lab.hosts.get(name)?.tree ?? '', 'var/lib/cibot')
  const db = new DatabaseSync(join(folder, 'cibot.db'), { readOnly: true })
  const schema = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  db.close()
  return { schema, copies: readdirSync(folder).filter((one) => one.includes('.schema-')) }
}

const ends = startingWith('process.argv.includes("run") && process.exit(1)')

function startingWith(text: string): (code: string) => string {
  return (code) => code.replace('\n', `\n${text}\n`)
}

async function badAgent(story: Story): Promise<void> {
  const { lab, fleet, ledger } = story
  const old = releaseOf(lab, 'edge')
  const mute = await bundlesWith(fleet.folder, 'mute', bundlesOf(old), 'agent', ends)
  const played = await fleet.play('site.yml', '--limit', 'edge', '-e', `cibot_bundles=${mute}`)
  assert.notEqual(played.code, 0)
  assert.match(played.out, wentBack('edge', old))
  assert.equal(releaseOf(lab, 'edge'), old)
  await passwords(ledger, { from: 'guesser', host: 'edge' }, 'alice', 2)
  await counted(story)
}

async function good(story: Story): Promise<void> {
  const { lab, fleet, ledger } = story
  const old = releaseOf(lab, 'attic')
  const another = startingWith('// the next one')
  const next = await bundlesWith(fleet.folder, 'next', bundlesOf(old), 'agent', another)
  const upgraded = await fleet.play('site.yml', '-e', `cibot_bundles=${next}`)
  assert.equal(upgraded.code, 0, upgraded.out)
  for (const name of names) assert.notEqual(releaseOf(lab, name), old)
  await passwords(ledger, { from: 'sweeper', host: 'vault' }, 'alice', 1)
  const back = await fleet.play('rollback.yml')
  assert.equal(back.code, 0, back.out)
  for (const name of names) assert.equal(releaseOf(lab, name), old)
  await passwords(ledger, { from: 'sweeper', host: 'attic' }, 'alice', 1)
  await counted(story)
}

function wentBack(name: string, old: string): RegExp {
  const escaped = old.replaceAll(/[.+]/g, '\\$&')
  return new RegExp(`does not run on ${name}: went back to ${escaped}, which does`)
}

// The longest time between two answers of the collector.
function watchDown(fleet: Rollout): { end: () => Promise<number> } {
  let [longest, since, isOver] = [0, Date.now(), false]
  const watching = (async () => {
    while (!isOver) {
      if (await fleet.answers()) since = Date.now()
      longest = Math.max(longest, Date.now() - since)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  return {
    end: async () => {
      isOver = true
      await watching
      return longest
    },
  }
}

function releaseOf(lab: Lab, name: string): string {
  return basename(readlinkSync(join(lab.hosts.get(name)?.tree ?? '', 'opt/cibot/current')))
}

function bundlesOf(release: string): string {
  return fileURLToPath(new URL(`../../node_modules/.cache/cibot/${release}`, import.meta.url))
}
