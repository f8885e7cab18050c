import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { passwords } from './attacks.ts'
import { until } from './command.ts'
import type { Lab } from './lab.ts'
import { attackers, counted, names, type Story } from './three-hosts.ts'

const backups = fileURLToPath(new URL('../../ansible/backups/attic', import.meta.url))

/** Later years: hosts leave, return and are set up anew; what was counted is kept safe. */
export async function life(story: Story): Promise<void> {
  const { chapter } = story
  await chapter('scan.yml looks at each host’s own log', () => scanned(story))
  await chapter('a host set up anew is enrolled again, and what it was stays', () => renewed(story))
  await chapter('who left the inventory is shut out by prune.yml, and may return', () =>
    pruned(story),
  )
  await chapter('backup.yml brings a whole database, with and without the authority’s key', () =>
    backedUp(story),
  )
  await chapter('a link that logs somebody in leads to the address of the inventory', () =>
    linked(story),
  )
}

async function scanned({ fleet, ledger }: Story): Promise<void> {
  await passwords(ledger, { from: 'sweeper', host: 'vault' }, 'alice', 3)
  const played = await fleet.play('scan.yml', '-e', 'cibot_scan_since=24h')
  assert.equal(played.code, 0, played.out)
  assert.deepEqual(Object.fromEntries(played.changed), { attic: 0, vault: 0, edge: 0 })
  const own = ledger.deeds.filter(({ host, ip }) => host === 'vault' && ip === attackers[0])
  const sum = own.reduce((total, { attempts }) => total + attempts, 0)
  const table = /ok: \[vault\] => \{[^}]*203\.0\.113\.9 +(\d+)/.exec(played.out)
  assert.equal(Number(table?.[1]), sum, played.out)
}

async function renewed(story: Story): Promise<void> {
  const { lab, fleet, ledger } = story
  await counted(story)
  const { out } = await lab.run('vault', setUpAnew)
  assert.doesNotMatch(out, /cibot/)
  await passwords(ledger, { from: 'sweeper', host: 'vault' }, 'bob', 1)
  const played = await fleet.play('site.yml', '--limit', 'vault')
  assert.equal(played.code, 0, played.out)
  assert.deepEqual([...played.changed.keys()], ['vault'])
  assert.match(played.out, /vault: connected, and one synthetic attempt .* of each arrived/)
  await passwords(ledger, { from: 'guesser', host: 'vault' }, 'bob', 1)
  await counted(story)
}

// as a new installation is: nothing of ours, and an empty log
const setUpAnew = `
  systemctl disable --now cibot-agent; rm -rf /etc/systemd/system/cibot-agent.service /etc/cibot /opt/cibot /usr/local/bin/cibot-agent
  systemctl daemon-reload; systemctl stop rsyslog; rm -f /var/log/auth.log*
  systemctl start rsyslog; logger -p auth.info new
  until test -s /var/log/auth.log; do sleep 0.1; done
  systemctl list-units --all --no-legend 'cibot*'; ls /etc /opt /usr/local/bin`

async function pruned(story: Story): Promise<void> {
  const { lab, fleet, ledger } = story
  fleet.only(['attic', 'vault'])
  const played = await fleet.play('prune.yml')
  assert.equal(played.code, 0, played.out)
  assert.deepEqual(Object.fromEntries(played.changed), { attic: 1 })
  assert.deepEqual(await states(lab), { attic: 'connected', edge: 'revoked', vault: 'connected' })
  const again = await fleet.play('prune.yml')
  assert.deepEqual(Object.fromEntries(again.changed), { attic: 0 })
  await passwords(ledger, { from: 'guesser', host: 'edge' }, 'bob', 2) // waits in edge's own log
  fleet.only(names)
  const returned = await fleet.play('site.yml', '--limit', 'edge')
  assert.equal(returned.code, 0, returned.out)
  assert.equal((await states(lab))['edge'], 'connected')
  await counted(story)
}

async function states(lab: Lab): Promise<Record<string, string>> {
  return until('the agents come to rest', 20, async () => {
    const { out } = await lab.run('attic', 'cibot-collector agents list')
    const rows = [...out.matchAll(/^(\S+)\s+(connected|revoked|never seen|last seen)/gm)]
    const found = Object.fromEntries(rows.map(([, name, state]) => [name, state]))
    return Object.values(found).includes('last seen') ? undefined : found
  })
}

async function backedUp({ lab, fleet }: Story): Promise<void> {
  rmSync(backups, { recursive: true, force: true })
  const whole = await fleet.play('backup.yml')
  assert.equal(whole.code, 0, whole.out)
  // the authority's key may be kept elsewhere: it is needed for a new certificate only
  await lab.run('attic', 'mv /etc/cibot/ca.key /root/ca.key')
  const played = await fleet.play('site.yml', '--limit', 'attic')
  assert.deepEqual([played.code, ...played.changed], [0, ['attic', 0]], played.out)
  const without = await fleet.play('backup.yml')
  assert.equal(without.code, 0, without.out)
  await lab.run('attic', 'mv /root/ca.key /etc/cibot/ca.key')
  const made = readdirSync(backups)
  assert.equal(made.length, 2, `${made}`)
  for (const name of made) {
    const db = new DatabaseSync(`${backups}/${name}`, { readOnly: true })
    assert.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
    assert.equal(db.prepare('SELECT count(*) AS count FROM agent').get()?.['count'], 3)
    db.close()
  }
  assert.equal((await lab.run('attic', 'ls /var/lib/cibot')).out.match(/^cibot-.*/m), null)
  rmSync(backups, { recursive: true })
}

async function linked({ lab }: Story): Promise<void> {
  const { out } = await lab.run('attic', 'cibot-collector link anna')
  const link = /https:\/\/10\.77\.0\.11:8787\/login\/\S+/.exec(out)?.[0]
  assert.ok(link, out)
  const visit = `fetch('${link}', { redirect: 'manual' }).then(({ status }) => console.log(status))`
  const env = 'NODE_EXTRA_CA_CERTS=/etc/cibot/ca.crt'
  const seen = await lab.run('edge', `${env} /opt/cibot/current/node --eval "${visit}"`)
  assert.match(seen.out, /^30[23]$/m, seen.err)
}
