import assert from 'node:assert/strict'
import type { Lab } from './lab.ts'
import { names, type Story, unchanged } from './three-hosts.ts'

/** Every path of each host. */
export type Places = Map<string, Set<string>>

/** What lies on each host before anything of ours does: to be compared with at the end. */
export async function asTheyWere({ lab }: Story): Promise<Places> {
  const before: Places = new Map()
  for (const name of names) {
    await lab.run(name, 'touch /mark')
    before.set(name, await everything(lab, name))
  }
  return before
}

/** All of it goes, and the hosts are as they were. */
export async function gone(story: Story, before: Places): Promise<void> {
  await story.chapter('uninstall.yml leaves the data, and with cibot_purge nothing', () =>
    uninstalled(story, before),
  )
}

// What a Debian writes by itself: logs, caches, states of its own services.
const notOurs =
  /^\/(proc|sys|dev|run|tmp)\b|^\/var\/(log\/(?!cibot)|tmp|cache|spool)|^\/var\/lib\/(systemd|dbus|logrotate)|^\/root\/\.ansible/
// userdel rewrites these, and keeps a copy of how they were before.
const accounts = ['passwd', 'group', 'shadow', 'gshadow', 'subuid', 'subgid'].flatMap((name) => [
  `/etc/${name}`,
  `/etc/${name}-`,
])

async function uninstalled({ lab, fleet }: Story, before: Places): Promise<void> {
  const kept = await fleet.play('uninstall.yml')
  assert.equal(kept.code, 0, kept.out)
  assert.match((await lab.run('attic', 'ls /var/lib/cibot')).out, /cibot\.db/)
  const purged = await fleet.play('uninstall.yml', '-e', 'cibot_purge=true')
  assert.equal(purged.code, 0, purged.out)
  for (const name of names) {
    const more = [...(await everything(lab, name))].filter((path) => !before.get(name)?.has(path))
    assert.deepEqual(more.filter(isOurs), [], `new on ${name}`)
    const { out: newer } = await lab.run(name, 'find / -xdev -newer /mark -type f')
    assert.deepEqual(lines(newer).filter(isOurs), [], `changed on ${name}`)
    assert.equal((await lab.run(name, traces)).out, '', name)
  }
  const again = await fleet.play('uninstall.yml')
  unchanged(again)
}

// what useradd and userdel keep of earlier days (/etc/passwd-) is Debian's own
const traces = `
  find / -xdev -name '*cibot*' -not -path '/proc/*'; grep -rl --exclude='*-' cibot /etc /var/lib/logrotate /var/lib/systemd
  getent passwd | grep -i cibot; getent group | grep -i cibot; systemctl list-unit-files --no-legend 'cibot*'
  systemctl list-units --all --no-legend 'cibot*'; nft list ruleset | grep -i cibot
  ls -l /proc/[0-9]*/exe 2>/dev/null | grep cibot; true`

async function everything(lab: Lab, name: string): Promise<Set<string>> {
  return new Set(lines((await lab.run(name, 'find / -xdev')).out))
}

function isOurs(path: string): boolean {
  return !notOurs.test(path) && !accounts.includes(path) && path !== '/mark'
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
