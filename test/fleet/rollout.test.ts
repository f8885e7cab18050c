import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openFakeTelegram } from '../support/telegram.ts'
import { attackTools, keys, named, passwords } from './attacks.ts'
import { until } from './command.ts'
import { type Ledger, openLedger } from './deeds.ts'
import { session } from './inside.ts'
import { canBoot, type Lab, openLab } from './lab.ts'
import { http, knock } from './probes.ts'
import { countsByDeeds, onBridge, openRollout, type Played, type Rollout } from './rollout.ts'
import { victims } from './target.ts'

const hasAnsible = spawnSync('ansible-playbook', ['--version']).status === 0
const reason =
  canBoot(attackTools) ??
  (hasAnsible ? undefined : 'ansible-playbook missing: apt-get install ansible-core')

const exempt = 'PerSourcePenaltyExemptList 203.0.113.0/24,198.51.100.0/24,2001:db8::/32\n'
const attackers = ['203.0.113.9', '2001:db8::bad:1', '203.0.113.77', '198.51.100.23']
const names = ['attic', 'vault', 'edge']
const seconds = 1000

type Story = { lab: Lab; fleet: Rollout; ledger: Ledger; say: (text: string) => void }

test('ansible takes bare hosts to a proven fleet that counts exactly', {
  skip: reason ?? false,
  timeout: 1500 * seconds,
}, async (t) => {
  const telegram = await openFakeTelegram()
  const lab = await openLab({
    hosts: [
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
    ],
    attackers: [
      { name: 'sweeper', addresses: attackers.slice(0, 2) },
      { name: 'guesser', addresses: attackers.slice(2, 3) },
      { name: 'climber', addresses: attackers.slice(3) },
    ],
  })
  const bridge = await onBridge(Number(new URL(telegram.apiRoot).port))
  const fleet = openRollout(lab, 'attic', {
    cibot_telegram_token: telegram.token,
    cibot_telegram_chat_id: '-100200300',
    cibot_timezone: 'Europe/Rome',
    cibot_telegram_api_root: bridge.url,
    cibot_probe_seconds: '20',
  })
  const story = { lab, fleet, ledger: openLedger(lab), say: (text: string) => t.diagnostic(text) }
  const chapter = chapters(t)
  try {
    await chapter('what a person has to set is asked for by name', () => unset(story))
    await chapter('the first run ends in a proven fleet, the second changes nothing', () =>
      firstAndSecond(story),
    )
    await chapter('a changed variable changes only what it must', () => changed(story))
    await chapter('the agent can do nothing but read its log', () => sandboxed(story))
    await chapter('attacks on all three are counted as they were done', () => attacked(story))
    await chapter('a login after misses on another host wakes somebody', async () => {
      await named(story.ledger, { from: 'climber', host: 'vault' }, 'carol')
      await session(story.ledger, { from: 'climber', host: 'attic' }, 'carol')
      await until('the alert', 30, () =>
        telegram.seen.find(({ text }) => text.includes('198.51.100.23')),
      )
      assert.match(telegram.seen[0]?.text ?? '', /LOOK.*198\.51\.100\.23/s)
      await counted(story)
    })
  } finally {
    fleet.close()
    bridge.close()
    lab.close()
    await telegram.close()
  }
})

function chapters(t: TestContext): (name: string, act: () => Promise<void>) => Promise<void> {
  return async (name, act) => {
    const started = performance.now()
    await act()
    t.diagnostic(`${((performance.now() - started) / 1000).toFixed(1)} s: ${name}`)
  }
}

async function unset({ fleet }: Story): Promise<void> {
  const { code, out } = await fleet.play(
    'site.yml',
    '-e',
    '{"cibot_telegram_token": "", "cibot_timezone": ""}',
  )
  assert.notEqual(code, 0)
  assert.match(out, /not set yet: cibot_telegram_token \(.*\); cibot_timezone/)
}

async function firstAndSecond({ lab, fleet, say }: Story): Promise<void> {
  const clean = await fleet.play('site.yml', '--check', '--diff')
  assert.equal(clean.code, 0, clean.out)
  for (const { tree } of lab.hosts.values()) assert.ok(!existsSync(join(tree, 'opt/cibot')))

  const first = await fleet.play('site.yml')
  assert.equal(first.code, 0, first.out)
  assert.match(
    first.out,
    /attic, edge, vault: connected, and one synthetic attempt .* of each arrived/,
  )
  say(`first run ${told(first)}`)

  const second = await fleet.play('site.yml')
  unchanged(second)
  assert.match(second.out, /one synthetic attempt .* of each arrived/)
  say(`second run ${told(second)}`)
  unchanged(await fleet.play('site.yml', '--check', '--diff'))
}

function unchanged({ code, changed, out }: Played): void {
  assert.equal(code, 0, out)
  assert.deepEqual(
    [...changed.values()],
    names.map(() => 0),
    out,
  )
}

function told({ seconds, sent }: Played): string {
  const bytes = [...sent].map(([name, count]) => `${name} ${(count / 1e6).toFixed(2)} MB`)
  return `${seconds.toFixed(1)} s, sent ${bytes.join(', ')}`
}

async function changed({ fleet }: Story): Promise<void> {
  const schedule = ['-e', 'cibot_report_schedule="0 7 * * *"']
  const limited = await fleet.play('site.yml', '--limit', 'vault', '-e', 'cibot_agent_since=48h')
  assert.equal(limited.code, 0, limited.out)
  assert.deepEqual([...limited.changed], [['vault', 2]], limited.out) // its settings, its restart
  const other = await fleet.play('site.yml', ...schedule)
  assert.deepEqual(Object.fromEntries(other.changed), { attic: 2, vault: 2, edge: 0 }, other.out)
}

const places =
  '/ /etc /etc/cibot /opt/cibot /var /var/lib /var/log /tmp /var/tmp /dev/shm /run /home /root /usr'

async function sandboxed({ lab }: Story): Promise<void> {
  for (const name of names) {
    const { out: score } = await lab.run(
      name,
      'systemd-analyze security --offline=true --threshold=12 /etc/systemd/system/cibot-agent.service',
    )
    assert.match(score, /exposure level for cibot-agent.service: (0\.\d|1\.[012]) /)
    // as the agent itself: in its mounts, under its numbers, with its groups
    const { out } = await lab.run(
      name,
      `
      pid=$(systemctl show --property=MainPID --value cibot-agent)
      grep -H '^Cap' /proc/$pid/status; grep '^NoNewPrivs' /proc/$pid/status
      uid=$(stat -c %u /proc/$pid); groups=$(sed -n 's/^Groups:\\s*//p' /proc/$pid/status | tr -s ' ' , | sed 's/,$//')
      nsenter -t $pid -m setpriv --reuid=$uid --regid=$uid --groups=$groups --bounding-set=-all --no-new-privs sh -c '
        for place in ${places}; do ( : > $place/cibot-was-here ) 2>/dev/null && echo "wrote $place"; done
        ls /home 2>/dev/null && echo "read /home"; cat /etc/shadow /etc/cibot/agent.key 2>/dev/null && echo "read a secret"
        id -u'`,
    )
    assert.doesNotMatch(out, /wrote|read /)
    assert.equal(out.match(/Cap\w+:\t0+$/gm)?.length, 5, out)
    assert.match(out, /NoNewPrivs:\t1/)
    assert.match(out, /^[1-9]\d+$/m, 'it has a number of its own')
  }
  const { out } = await lab.run(
    'attic',
    'systemd-analyze security --offline=true --threshold=12 /etc/systemd/system/cibot-collector.service',
  )
  assert.match(out, /(0\.\d|1\.[012]) OK/)
}

async function attacked(story: Story): Promise<void> {
  const { ledger } = story
  for (const host of names) {
    await passwords(ledger, { from: 'sweeper', host }, 'bob', 3)
    await passwords(ledger, { from: 'sweeper', host, six: true }, 'oracle', 1)
    await knock(ledger, { from: 'guesser', host })
  }
  await http(ledger, { from: 'guesser', host: 'vault' })
  await keys(ledger, { from: 'guesser', host: 'edge' }, 'admin', 2)
  await passwords(ledger, { from: 'guesser', host: 'attic' }, 'root', 2)
  await counted(story)
}

async function counted({ fleet, ledger }: Story): Promise<void> {
  const done = countsByDeeds(ledger.deeds)
  let found: unknown
  const deadline = Date.now() + 60 * seconds
  await until('the counts', 90, async () => {
    found = await fleet.counts(attackers)
    return equal(found, done) || Date.now() > deadline || undefined
  })
  assert.deepEqual(found, done)
}

function equal(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other)
    return true
  } catch {
    return false
  }
}
