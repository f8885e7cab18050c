import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { attackTools, passwords } from './attacks.ts'
import { command } from './command.ts'
import { openLedger } from './deeds.ts'
import { session, sudo } from './inside.ts'
import { canBoot, openLab, plainSsh } from './lab.ts'
import { knock } from './probes.ts'
import { prefix } from './sweep.ts'
import { victims } from './target.ts'
import { labDirectory } from './tree.ts'

const reason = canBoot(attackTools)

test('real hosts boot, log what is done to them, and leave nothing behind', {
  skip: reason ?? false,
  timeout: 900_000, // the first run builds the base trees
}, async () => {
  const lab = await openLab({
    hosts: [
      { name: 'attic', kind: 'rsyslog-iso', zone: 'Europe/Berlin', setup: victims },
      { name: 'edge', kind: 'journal', setup: victims },
    ],
    attackers: [{ name: 'stranger', addresses: ['203.0.113.9', '2001:db8::bad:1'] }],
  })
  const inits = [...lab.hosts.values()].map(({ init }) => init)
  try {
    const ledger = openLedger(lab)
    const stranger = { from: 'stranger', host: 'attic' }
    await passwords(ledger, stranger, 'miguel', 1)
    await knock(ledger, { from: 'stranger', host: 'edge', six: true })
    await session(ledger, { from: 'stranger', host: 'edge' }, 'alice', sudo('alice', 1, 'right'))

    const [guess = [], probe = [], login = []] = ledger.traces.map(({ lines }) => lines)
    assert.match(
      guess.join('\n'),
      /^\S+\+01:00 attic sshd\[\d+\]: Failed password for invalid user miguel from 203\.0\.113\.9 port \d+ ssh2$/m,
    )
    assert.match(
      probe.join('\n'),
      /edge sshd-session\[\d+\]: Connection closed by 2001:db8::bad:1 port \d+$/m,
    )
    assert.match(login.join('\n'), /edge sshd-session\[\d+\]: Accepted password for alice from 203/)
    assert.match(
      login.join('\n'),
      /edge sudo\[\d+\]: pam_unix\(sudo:auth\): authentication failure/,
    )
    assert.deepEqual(
      ledger.deeds.map(({ host, ip, attempts, probes, logins }) => [
        host,
        ip,
        attempts,
        probes,
        logins,
      ]),
      [
        ['attic', '203.0.113.9', 1, 0, 0],
        ['edge', '2001:db8::bad:1', 0, 1, 0],
        ['edge', '203.0.113.9', 0, 0, 1],
        ['edge', null, 1, 0, 0],
      ],
    )

    const logs = [await lab.read('attic', '/var/log/auth.log')]
    logs.push((await lab.since('edge', '')).join('\n'))
    assert.doesNotMatch(logs.join('\n'), /10\.77\.0\.1 /, 'the lab itself leaves no line in a log')
    const address = lab.hosts.get('edge')?.addresses[0] ?? ''
    const root = await command(['ssh', '-i', lab.key, ...plainSsh, `root@${address}`, 'hostname'])
    assert.equal(root.out, 'edge\n', 'its key logs in as root')
  } finally {
    lab.close()
  }
  assert.deepEqual(
    inits.filter((pid) => existsSync(`/proc/${pid}/cwd`)),
    [],
  )
  const links = readdirSync('/sys/class/net').filter((name) => name.startsWith(prefix))
  assert.deepEqual(links, [])
  assert.ok(!(await command(['ip', 'netns', 'list'])).out.includes(prefix))
  assert.ok(!existsSync(join(labDirectory(), 'hosts')))
})
