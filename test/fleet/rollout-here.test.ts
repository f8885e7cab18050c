/**
 * The other ways to run it that need no engine: install-here.sh with the tarball of `npm pack`, and the
 * lines of packaging/cron.md, on real hosts without Ansible.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openFakeTelegram } from '../support/telegram.ts'
import { attackTools, passwords } from './attacks.ts'
import { must, until } from './command.ts'
import { type Ledger, openLedger } from './deeds.ts'
import { canBoot, type Lab, openLab } from './lab.ts'
import { onBridge } from './rollout.ts'
import { victims } from './target.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sweeper = '203.0.113.9'
const mail = '#!/bin/sh\ncat >>/var/tmp/mail\n'

test('one host without Ansible: installed, run from cron, and taken away again', {
  skip: canBoot(attackTools) ?? false,
  timeout: 1_500_000,
}, async (t) => {
  const telegram = await openFakeTelegram()
  t.after(() => telegram.close())
  const lab = await openLab({
    hosts: [
      { name: 'attic', kind: 'rsyslog-iso', setup: `${victims}\nusermod -aG adm alice` },
      { name: 'edge', kind: 'journal', setup: victims },
    ],
    attackers: [{ name: 'sweeper', addresses: [sweeper] }],
  })
  t.after(() => lab.close())
  const bridge = await onBridge(Number(new URL(telegram.apiRoot).port))
  t.after(() => bridge.close())
  await bringNode(lab)
  const before = new Map<string, string>()
  for (const name of lab.hosts.keys()) before.set(name, await places(lab, name))
  await bringTarball(t, lab)

  const refused = await install(lab, 'attic', 'collector')
  assert.match(refused.err, /write \/etc\/cibot\/collector\.json first; README\.md shows one/)
  assert.equal(refused.code, 2)
  await write(lab, 'attic', 'collector.json', {
    listen: { host: '0.0.0.0' },
    database: 'sqlite:/var/lib/cibot/cibot.db',
    timeZone: 'Europe/Rome',
    telegram: { token: telegram.token, chatId: '-100', apiRoot: bridge.url },
  })
  const collector = await install(lab, 'attic', 'collector')
  assert.match(collector.out, /cibot-collector runs/, collector.err)
  for (const name of lab.hosts.keys()) {
    await write(lab, name, 'agent.json', { collector: 'http://10.77.0.11:8787', source: 'auto' })
    const { out, err } = await install(lab, name, 'agent')
    assert.match(out, /cibot-agent runs/, err)
    const enrol = /cibot-collector agents add \S+ ed25519:\S+/.exec(out)?.[0]
    assert.ok(enrol, out)
    assert.match((await lab.run('attic', enrol)).out, new RegExp(`${name} is enrolled`))
  }
  const ledger = openLedger(lab)
  await passwords(ledger, { from: 'sweeper', host: 'attic' }, 'bob', 3)
  await passwords(ledger, { from: 'sweeper', host: 'edge' }, 'bob', 2)
  await until('both agents’ findings', 60, async () => (await attempts(lab)) === 5 || undefined)

  await fromCron(lab, ledger)
  assert.match(
    (await until('a report asked for by cron', 90, () => telegram.seen[0])).text,
    /203\.0\.113\.9/,
  )

  for (const name of lab.hosts.keys()) {
    const gone = await lab.run(name, 'sh /root/install-here.sh --remove && rm -rf /etc/cibot')
    assert.equal(gone.code, 0, gone.err)
    assert.equal((await places(lab, name)).trim(), before.get(name)?.trim(), name)
  }
})

async function bringNode(lab: Lab): Promise<void> {
  const library = /\/\S*\/libatomic\.so\.1\S*$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0]
  for (const { tree } of lab.hosts.values()) {
    await must(['cp', process.execPath, join(tree, 'usr/local/bin/node')])
    if (library !== undefined)
      await must(['cp', '-L', library, join(tree, 'usr/lib/libatomic.so.1')])
  }
}

async function bringTarball(t: TestContext, lab: Lab): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-pack-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const env = process.env as Record<string, string>
  const argv = ['env', '--chdir', root, 'npm', 'pack', '--silent', '--pack-destination', folder]
  const name = (await must(argv, { env, seconds: 300 })).trim()
  for (const { tree } of lab.hosts.values()) {
    await must(['cp', join(folder, name), join(tree, 'root/cibot.tgz')])
    await must(['cp', join(root, 'packaging/install-here.sh'), join(tree, 'root')])
  }
}

function install(lab: Lab, name: string, program: string): ReturnType<Lab['run']> {
  return lab.run(name, `sh /root/install-here.sh /root/cibot.tgz ${program}`, { seconds: 60 })
}

async function write(lab: Lab, name: string, file: string, settings: unknown): Promise<void> {
  const input = JSON.stringify(settings)
  const { code, err } = await lab.run(name, `mkdir -p /etc/cibot; cat >/etc/cibot/${file}`, {
    input,
  })
  assert.equal(code, 0, err)
}

async function attempts(lab: Lab): Promise<number> {
  const { out } = await lab.run('attic', 'cibot-collector report --since 24h --dry-run')
  return Number(/203\.0\.113\.9: (\d+)/.exec(out)?.[1] ?? 0)
}

/** The two lines of packaging/cron.md, at every minute in place of their hours. */
async function fromCron(lab: Lab, ledger: Ledger): Promise<void> {
  const text = readFileSync(join(root, 'packaging/cron.md'), 'utf8')
  const written = [...text.matchAll(/^(?:MAILTO=.*|[\d*]+(?: [\d*]+){4} .*)$/gm)].map(
    ([line]) => line,
  )
  assert.equal(written.length, 3, text)
  const tab = written.map((line) => line.replace(/^[\d*]+(?: [\d*]+){4} /, '* * * * * '))
  const lines = tab.join('\n').replace('MAILTO=anna', 'MAILTO=root').replace(' pi ', ' alice ')
  const put =
    'cat >/usr/sbin/sendmail; chmod 755 /usr/sbin/sendmail; : >/var/tmp/mail; chmod 666 /var/tmp/mail'
  await lab.run('attic', put, { input: mail })
  await lab.run('attic', 'cat >/etc/cron.d/cibot; systemctl restart cron', { input: `${lines}\n` })
  const seen = await until('the mail of cron', 130, async () => {
    const { out } = await lab.run('attic', 'cat /var/tmp/mail')
    return /203\.0\.113\.9/.test(out) ? out : undefined
  })
  const done = ledger.deeds.filter(({ host }) => host === 'attic')
  const sum = done.reduce((total, one) => total + one.attempts, 0)
  assert.match(seen, new RegExp(`203\\.0\\.113\\.9\\D+${sum}\\b`))
  assert.doesNotMatch(seen, /not found/)
  await lab.run('attic', 'rm -f /etc/cron.d/cibot /usr/sbin/sendmail /var/tmp/mail')
}

async function places(lab: Lab, name: string): Promise<string> {
  const { out } = await lab.run(
    name,
    `find /etc /usr /opt -xdev -name '*cibot*'; getent passwd | cut -d: -f1; getent group | cut -d: -f1
    systemctl list-unit-files --no-legend 'cibot*'`,
  )
  return out
}
