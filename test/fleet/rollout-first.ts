import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { keys, named, passwords } from './attacks.ts'
import { until } from './command.ts'
import { session } from './inside.ts'
import { http, knock } from './probes.ts'
import type { Played } from './rollout.ts'
import { attackers, counted, names, type Story, unchanged } from './three-hosts.ts'

/** From bare hosts to a proven fleet, and that it does what it is for. */
export async function first(story: Story): Promise<void> {
  const { chapter } = story
  await chapter('what a person has to set is asked for by name', () => unset(story))
  await chapter('the first run ends in a proven fleet, the second changes nothing', () =>
    firstAndSecond(story),
  )
  await chapter('a changed variable changes only what it must', () => changed(story))
  await chapter('the agent can do nothing but read its log', () => sandboxed(story))
  await chapter('attacks on all three are counted as they were done', () => attacked(story))
  await chapter('a login after misses on another host wakes somebody', () => woken(story))
  await chapter('one report tells of all three hosts', () => reported(story))
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

function told({ seconds, phases, sent }: Played): string {
  const bytes = [...sent].map(([name, count]) => `${name} ${(count / 1e6).toFixed(2)} MB`)
  const each = [...phases].map(([name, took]) => `${took.toFixed(1)} ${name}`)
  return `${seconds.toFixed(1)} s (${each.join('; ')}), sent ${bytes.join(', ')}`
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
  const more: Record<string, () => Promise<void>> = {
    attic: () => passwords(ledger, { from: 'guesser', host: 'attic' }, 'root', 2),
    vault: () => http(ledger, { from: 'guesser', host: 'vault' }),
    edge: () => keys(ledger, { from: 'guesser', host: 'edge' }, 'admin', 2),
  }
  await Promise.all(
    names.map(async (host) => {
      await passwords(ledger, { from: 'sweeper', host }, 'bob', 3)
      await passwords(ledger, { from: 'sweeper', host, six: true }, 'oracle', 1)
      await knock(ledger, { from: 'guesser', host })
      await more[host]?.()
    }),
  )
  await counted(story)
}

async function woken(story: Story): Promise<void> {
  const { ledger, telegram } = story
  await named(ledger, { from: 'climber', host: 'vault' }, 'carol')
  await session(ledger, { from: 'climber', host: 'attic' }, 'carol')
  const alert = await until('the alert', 30, () =>
    telegram.seen.find(({ text }) => text.includes(attackers[3])),
  )
  assert.match(alert.text, /LOOK.*198\.51\.100\.23/s)
  await counted(story)
}

async function reported({ lab, telegram, ledger }: Story): Promise<void> {
  const before = telegram.seen.length
  const { code, out, err } = await lab.run('attic', 'cibot-collector report --since 24h')
  assert.equal(code, 0, out + err)
  const text = await until('the report', 30, () => {
    const said = telegram.seen.slice(before).map((one) => one.text)
    return said.length > 0 ? said.join('\n') : undefined
  })
  for (const name of names) assert.match(text, new RegExp(`\\b${name}\\b`))
  const sum = (ip: string): number =>
    ledger.deeds
      .filter((deed) => deed.ip === ip)
      .reduce((total, { attempts }) => total + attempts, 0)
  const [sweeper, six] = attackers
  assert.ok(text.includes(`${sweeper}: ${sum(sweeper)} on 3 hosts`), text)
  assert.ok(text.includes(`${six}: ${sum(six)} on 3 hosts`), text)
}
