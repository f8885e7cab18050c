/**
 * Real attacks by real tools on freshly booted hosts, in an order nobody has seen before, must add up
 * to what was done: live, through agents and collector, and by scan of what each host has on disk.
 * The seed is printed; CIBOT_SEED=n repeats its run.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { type Random, randomOf } from '../support/random.ts'
import { runMain } from '../support/run-main.ts'
import { until } from '../support/until.ts'
import { add, sorted, tableOfDeeds, tableOfSummary } from '../support/worth.ts'
import { answers, attackTools, hydra, keys, named, passwords, together } from './attacks.ts'
import { attackers } from './campaign.ts'
import { type Deed, type Ledger, openLedger } from './deeds.ts'
import { session, su, sudo } from './inside.ts'
import { canBoot, type Lab, openLab } from './lab.ts'
import { http, keyscan, knock, stranger } from './probes.ts'
import { passwordOf, victims } from './target.ts'
import type { HostPlan } from './tree.ts'

const sshd = '/etc/ssh/sshd_config.d/lab.conf'
const everybody = '203.0.113.0/24,198.51.100.0/24,2001:db8::/32,10.77.0.0/24,fd77::/64'

const plans: readonly HostPlan[] = [
  { name: 'iso', kind: 'rsyslog-iso', files: { [sshd]: 'DenyUsers kim\n' }, setup: victims },
  { name: 'old', kind: 'rsyslog-old', files: { [sshd]: 'MaxAuthTries 4\n' }, setup: victims },
  {
    name: 'journal',
    kind: 'journal',
    // Attacks as fast as ours would be cut off by the penalties of OpenSSH 10.
    files: {
      [sshd]: `PerSourcePenaltyExemptList ${everybody}\nKbdInteractiveAuthentication yes\n`,
    },
    setup: victims,
  },
]
const rounds = 8
const reason = canBoot(attackTools)

test('what was done to three unlike hosts is what is counted, live and from their logs', {
  skip: reason ?? false,
  timeout: 1_500_000,
}, async (t) => {
  const seed = Number(process.env['CIBOT_SEED'] ?? Math.floor(Math.random() * 1e9))
  t.diagnostic(`CIBOT_SEED=${seed}`)
  const lab = await openLab({ hosts: plans, attackers })
  t.after(() => lab.close())
  const fleet = await openFleet()
  t.after(() => fleet.close())
  await follow(fleet, lab, 'iso')
  await follow(fleet, lab, 'old')

  const ledger = openLedger(lab)
  const random = randomOf(seed)
  await Promise.all(plans.map(({ name }) => attack(ledger, name, random.fork())))
  // Who failed on one host logs in to another.
  await passwords(ledger, { from: 'climber', host: 'old' }, 'alice', 2)
  await session(ledger, { from: 'climber', host: 'iso' }, 'carol')

  for (const { name } of plans) {
    assert.deepEqual(await scanned(lab, name, fleet.folder), tableOfDeeds(of(ledger, name)), name)
  }
  await live(t, fleet, ledger)
})

async function attack(ledger: Ledger, host: string, random: Random): Promise<void> {
  const who = (): { from: string; host: string; six?: true } => ({
    from: random.pick(['sweeper', 'guesser', 'liar']),
    host,
  })
  const user = (): string =>
    random.pick(['alice', 'bob', 'root', 'kim', 'miguel', 'oracle', 'admin'])
  const some = (most: number): number => random.whole(1, most)
  const deeds: (() => Promise<void>)[] = [
    () => passwords(ledger, who(), user(), some(3)),
    () => passwords(ledger, who(), random.pick(['bob', 'test']), 3),
    () => keys(ledger, who(), random.pick(['alice', 'miguel']), some(3)),
    () => named(ledger, who(), user()),
    () => hydra(ledger, who(), 'root', ['123456', 'password', 'toor'].slice(0, some(3))),
    () => together(ledger, who(), ['alice', 'admin', 'bob', 'test'].slice(0, 1 + some(3))),
    () => passwords(ledger, who(), 'root from 1.2.3.4 port 22 ssh2', 1),
    () =>
      passwords(ledger, who(), random.pick([' blank', 'message repeated 500 times', 'josé']), 1),
    () => knock(ledger, who(), random.chance(0.5)),
    () => http(ledger, who()),
    () => keyscan(ledger, who()),
    () => stranger(ledger, who(), 'Ciphers=3des-cbc'),
    () => passwords(ledger, who(), 'carol', some(2), passwordOf.get('carol')),
    () => session(ledger, { from: 'friend', host }, 'alice', sudo('alice', some(3), 'none')),
    () => session(ledger, { from: 'friend', host }, 'alice', sudo('alice', 1, 'right')),
    () => session(ledger, { from: 'friend', host }, 'bob', su('bob', 'root')),
    ...(host === 'journal'
      ? [() => answers(ledger, who(), random.pick(['bob', 'miguel']), 2)]
      : []),
  ]
  for (let round = 0; round < rounds; round++) await random.pick(deeds)()
}

async function follow(fleet: Fleet, lab: Lab, name: string): Promise<void> {
  const log = join(lab.hosts.get(name)?.tree ?? '', 'var/log/auth.log')
  const agent = await fleet.addAgent(name, { log })
  await agent.start()
}

async function scanned(lab: Lab, name: string, folder: string): Promise<Map<string, number>> {
  const file = join(folder, `${name}.log`)
  if (name === 'journal') {
    const { out } = await lab.run(name, 'journalctl --quiet --all -o json')
    writeFileSync(file, out)
  } else writeFileSync(file, await lab.read(name, '/var/log/auth.log'))
  const { stdout, stderr } = await runMain('agent', ['scan', '--json', file], '', {
    env: { TZ: 'UTC' },
  })
  assert.equal(stderr, '')
  return tableOfSummary(JSON.parse(stdout) as Parameters<typeof tableOfSummary>[0])
}

async function live(t: TestContext, fleet: Fleet, ledger: Ledger): Promise<void> {
  const done = ledger.deeds.filter(({ host }) => host !== 'journal')
  const wanted = merged(done)
  const counted = async (): Promise<Map<string, number>> => {
    const { attackers: found } = await fleet.ask<{ attackers: ByHost[] }>(
      '/api/v1/attackers?limit=500&users=1000',
    )
    return sorted(
      new Map(
        found.flatMap(({ ip, hosts }) =>
          Object.entries(hosts).flatMap(([host, { attempts, probes }]): [string, number][] => [
            [`${ip} attempts on ${host}`, attempts],
            [`${ip} probes on ${host}`, probes],
          ]),
        ),
      ),
    )
  }
  await until('the live counts', async () => equal(await counted(), wanted), 20_000).catch(
    () => undefined,
  )
  assert.deepEqual(await counted(), wanted)
  t.diagnostic(`${done.length} deeds on two hosts followed live, ${ledger.deeds.length} in all`)
}

type ByHost = { ip: string; hosts: Record<string, { attempts: number; probes: number }> }

function of({ deeds }: Ledger, name: string): Deed[] {
  return deeds.filter(({ host }) => host === name)
}

/** Of attackers only: an address that only logged in is none. */
function merged(deeds: readonly Deed[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { ip, host, attempts, probes } of deeds) {
    if (ip === null) continue
    add(sums, `${ip} attempts on ${host}`, attempts)
    add(sums, `${ip} probes on ${host}`, probes)
  }
  return sorted(sums)
}

function equal(one: Map<string, number>, other: Map<string, number>): boolean {
  return JSON.stringify([...one]) === JSON.stringify([...other])
}
