import assert from 'node:assert/strict'
import { passwords } from './attacks.ts'
import { until } from './command.ts'
import { counted, type Story } from './three-hosts.ts'

const minute = 60_000

/** Reboots, a silent collector and a rotated log cost no attempt and double none. */
export async function faults(story: Story): Promise<void> {
  const { chapter } = story
  await chapter('the collector stops for a minute during an attack', () => silenced(story))
  await chapter('logrotate turns the log over while the agent is down', () => rotated(story))
  await chapter('logrotate turns cibot.log over', () => ownLog(story))
  await chapter('an agent’s host reboots after attacks', () => rebooted(story, 'edge'))
  await chapter('the collector’s host reboots after attacks', () => rebooted(story, 'attic'))
}

async function silenced(story: Story): Promise<void> {
  const { lab, ledger } = story
  await passwords(ledger, { from: 'sweeper', host: 'vault' }, 'alice', 2)
  await lab.run('attic', 'systemctl stop cibot-collector')
  const stopped = Date.now()
  await Promise.all([
    passwords(ledger, { from: 'sweeper', host: 'vault' }, 'alice', 2),
    passwords(ledger, { from: 'guesser', host: 'edge' }, 'alice', 2),
    passwords(ledger, { from: 'guesser', host: 'attic' }, 'alice', 1),
  ])
  // an agent that starts now finds nobody, and waits
  await lab.run('edge', 'systemctl restart cibot-agent')
  await until('the minute is over', 90, () => Date.now() - stopped > minute || undefined)
  await passwords(ledger, { from: 'sweeper', host: 'edge', six: true }, 'oracle', 1)
  await lab.run('attic', 'systemctl start cibot-collector')
  await counted(story)
  assert.match((await lab.run('edge', restarts)).out, /=0$/m)
}

const restarts = 'systemctl show --property=NRestarts cibot-agent'

async function rotated(story: Story): Promise<void> {
  const { lab, ledger } = story
  await lab.run('vault', 'systemctl stop cibot-agent')
  await passwords(ledger, { from: 'sweeper', host: 'vault' }, 'bob', 2)
  const { out } = await lab.run('vault', rotate)
  assert.match(out, /auth\.log\.1/)
  await passwords(ledger, { from: 'sweeper', host: 'vault' }, 'bob', 1)
  await lab.run('vault', 'systemctl start cibot-agent')
  await counted(story)
  assert.match((await lab.run('vault', restarts)).out, /=0$/m)
}

async function ownLog({ lab }: Story): Promise<void> {
  const turned = await lab.run(
    'attic',
    'logrotate --force /etc/logrotate.d/cibot; ls /var/log/cibot',
  )
  assert.match(turned.out, /^cibot\.log-\d{8}$/m, turned.err)
  await until('the collector writes to the new cibot.log', 30, async () => {
    const { out } = await lab.run('attic', openFiles)
    return /\/var\/log\/cibot\/cibot\.log$/m.test(out) || undefined
  })
}

const openFiles = 'ls -l /proc/$(systemctl show --property=MainPID --value cibot-collector)/fd'

// rsyslog opens the new file with the next line
const rotate = `
  logrotate --force /etc/logrotate.d/rsyslog; ls /var/log/auth.log.1
  logger -p auth.info rotated; until test -e /var/log/auth.log; do sleep 0.1; done`

async function rebooted(story: Story, host: string): Promise<void> {
  const { lab, ledger } = story
  await passwords(ledger, { from: 'guesser', host }, 'kim', 1)
  await lab.reboot(host)
  await passwords(ledger, { from: 'guesser', host }, 'kim', 1)
  await passwords(ledger, { from: 'sweeper', host: 'vault' }, 'kim', 1)
  await counted(story)
}
