import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { type FakeTelegram, openFakeTelegram } from '../support/telegram.ts'
import { attackTools } from './attacks.ts'
import { until } from './command.ts'
import { type Ledger, openLedger } from './deeds.ts'
import { canBoot, type Lab, openLab } from './lab.ts'
import { countsByDeeds, onBridge, openRollout, type Played, type Rollout } from './rollout.ts'
import { victims } from './target.ts'
import type { HostPlan } from './tree.ts'

/** Three bare hosts, what is done to them, and what the playbooks make of them. */
export type Story = {
  lab: Lab
  /** attic is the collector, and an agent like the others. */
  fleet: Rollout
  ledger: Ledger
  telegram: FakeTelegram
  say: (text: string) => void
  /** Goes through one chapter and says how long it took. */
  chapter: (name: string, act: () => Promise<void>) => Promise<void>
}

/** A sentence why this machine cannot roll out to hosts of its own, or undefined where it can. */
export const cannotRollOut: string | undefined =
  canBoot(attackTools) ??
  (spawnSync('ansible-playbook', ['--version']).status === 0
    ? undefined
    : 'ansible-playbook missing: apt-get install ansible-core')

export const names: readonly string[] = ['attic', 'vault', 'edge']

/** Their public addresses: sweeper has the first two, guesser the third, climber the last. */
export const attackers = [
  '203.0.113.9',
  '2001:db8::bad:1',
  '203.0.113.77',
  '198.51.100.23',
] as const

const exempt = 'PerSourcePenaltyExemptList 203.0.113.0/24,198.51.100.0/24,2001:db8::/32\n'
const plans: readonly HostPlan[] = [
  // root logs in here, and a bare Debian has no sudo
  {
    name: 'attic',
    kind: 'rsyslog-iso',
    zone: 'Europe/Berlin',
    setup: `${victims}\nrm -f /usr/bin/sudo`,
  },
  { name: 'vault', kind: 'rsyslog-old', zone: 'America/New_York', setup: victims },
  {
    name: 'edge',
    kind: 'journal',
    files: { '/etc/ssh/sshd_config.d/lab.conf': exempt },
    setup: victims,
  },
]

/** Boots the three hosts and a Bot API on their bridge; all of it goes away with the test. */
export async function openStory(t: TestContext): Promise<Story> {
  const telegram = await openFakeTelegram()
  t.after(() => telegram.close())
  const lab = await openLab({
    hosts: plans,
    attackers: [
      { name: 'sweeper', addresses: attackers.slice(0, 2) },
      { name: 'guesser', addresses: attackers.slice(2, 3) },
      { name: 'climber', addresses: attackers.slice(3) },
    ],
  })
  t.after(() => lab.close())
  const bridge = await onBridge(Number(new URL(telegram.apiRoot).port))
  t.after(() => bridge.close())
  const fleet = openRollout(lab, 'attic', {
    cibot_telegram_token: telegram.token,
    cibot_telegram_chat_id: '-100200300',
    cibot_timezone: 'Europe/Rome',
    cibot_telegram_api_root: bridge.url,
    cibot_probe_seconds: '20',
  })
  t.after(() => fleet.close())
  const say = (text: string): void => t.diagnostic(text)
  const chapter: Story['chapter'] = async (name, act) => {
    const started = performance.now()
    await act()
    say(`${((performance.now() - started) / 1000).toFixed(1)} s: ${name}`)
  }
  return { lab, fleet, telegram, ledger: openLedger(lab), say, chapter }
}

/** Rolls out to the bare hosts; throws where that fails. */
export async function rolledOut({ fleet }: Story): Promise<void> {
  const { code, out } = await fleet.play('site.yml')
  assert.equal(code, 0, out)
}

/** Waits until the collector counts exactly what was done, by address and host; throws after 90 s. */
export async function counted({ fleet, ledger }: Story): Promise<void> {
  const done = countsByDeeds(ledger.deeds)
  let found: unknown
  await until('the counts', 90, async () => {
    found = await fleet.counts(attackers).catch(String) // it may be starting
    return equal(found, done) || undefined
  }).catch(() => undefined)
  assert.deepEqual(found, done)
}

/** Throws unless a playbook went through and changed nothing on any of the hosts. */
export function unchanged({ code, changed, out }: Played): void {
  assert.equal(code, 0, out)
  assert.deepEqual(
    Object.fromEntries(changed),
    Object.fromEntries(names.map((one) => [one, 0])),
    out,
  )
}

function equal(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other)
    return true
  } catch {
    return false
  }
}
