import {
  answers,
  hydra,
  keys,
  named,
  nameless,
  passwords,
  rootKey,
  sshpass,
  together,
} from './attacks.ts'
import type { Ledger } from './deeds.ts'
import { account, notInSudoers, session, su, sudo } from './inside.ts'
import type { AttackerPlan } from './lab.ts'
import { http, keyscan, knock, stranger } from './probes.ts'
import { passwordOf, type Target, victims } from './target.ts'
import type { HostPlan } from './tree.ts'

const sshd = '/etc/ssh/sshd_config.d/lab.conf'
const dropbear = {
  '/etc/systemd/system/dropbear.service':
    '[Service]\nExecStart=/usr/sbin/dropbear -F -p 2222\n[Install]\nWantedBy=multi-user.target\n',
}
const withDropbear = `${victims}\nsystemctl enable --quiet dropbear.service`

/** Who attacks: public addresses of documentation ranges, and a friend from the home network. */
export const attackers: readonly AttackerPlan[] = [
  { name: 'sweeper', addresses: ['203.0.113.9', '2001:db8::bad:1'] },
  { name: 'guesser', addresses: ['203.0.113.77'] },
  { name: 'climber', addresses: ['198.51.100.23'] },
  { name: 'liar', addresses: ['198.51.100.140'] },
  { name: 'friend', addresses: ['10.77.0.50', 'fd77::50'] },
]

const everybody = '203.0.113.0/24,198.51.100.0/24,2001:db8::/32,10.77.0.0/24,fd77::/64'

/** A small fleet of unlike hosts, with what is done to each of them in order. */
export const campaign: readonly { plan: HostPlan; act: (ledger: Ledger) => Promise<void> }[] = [
  {
    plan: {
      name: 'attic',
      kind: 'rsyslog-iso',
      zone: 'Europe/Berlin',
      files: { [sshd]: 'DenyUsers kim\n', ...dropbear },
      setup: withDropbear,
    },
    act: attic,
  },
  {
    plan: {
      name: 'vault',
      kind: 'rsyslog-old',
      files: {
        [sshd]:
          'KbdInteractiveAuthentication yes\nPasswordAuthentication no\nPermitRootLogin no\nMaxAuthTries 3\n',
      },
      setup: victims,
    },
    act: vault,
  },
  {
    plan: {
      name: 'edge',
      kind: 'journal',
      files: {
        // attacks as fast as ours would be cut off by the penalties: they have a recording of their own
        [sshd]: `PerSourcePenaltyExemptList ${everybody}\nPort 22\nPort 2201\nMatch LocalPort 2201\n KbdInteractiveAuthentication yes\n PasswordAuthentication no\n`,
        ...dropbear,
      },
      setup: withDropbear,
    },
    act: edge,
  },
  {
    plan: {
      name: 'nas',
      kind: 'rsyslog-iso',
      files: {
        [sshd]: 'PasswordAuthentication no\nPermitRootLogin no\nAllowUsers alice bob root\n',
      },
      setup: victims,
    },
    act: nas,
  },
]

/** The end of it, across hosts: who failed at one host logs in to another. */
export async function finale(ledger: Ledger): Promise<void> {
  await named(ledger, { from: 'climber', host: 'nas' }, 'alice')
  await named(ledger, { from: 'climber', host: 'nas' }, 'carol')
  const climber = { from: 'climber', host: 'attic' }
  await session(ledger, climber, 'carol')
}

async function attic(ledger: Ledger): Promise<void> {
  const sweeper = { from: 'sweeper', host: 'attic' }
  const guesser = { from: 'guesser', host: 'attic' }
  await sshpass(ledger, sweeper, 'alice')
  await passwords(ledger, sweeper, 'bob', 3)
  await passwords(ledger, sweeper, 'miguel', 2)
  await passwords(ledger, { ...sweeper, six: true }, 'oracle', 1)
  await passwords(ledger, guesser, 'bob', 8)
  await hydra(ledger, guesser, 'root', ['123456', 'password', 'root', 'toor'])
  await keys(ledger, sweeper, 'alice', 1)
  await keys(ledger, sweeper, 'alice', 3)
  await keys(ledger, sweeper, 'miguel', 3)
  await named(ledger, guesser, 'bob')
  await passwords(ledger, guesser, 'kim', 1)
  await passwords(ledger, guesser, 'kim', 3)
  await together(ledger, sweeper, ['alice', 'admin', 'bob', 'test'])
  await sweep(ledger, sweeper)
  await knock(ledger, guesser, true)
  await stranger(ledger, guesser, 'Ciphers=3des-cbc')
  await lies(ledger, { from: 'liar', host: 'attic' })
  await dropbearDoor(ledger, 'attic')
  await inside(ledger, 'attic')
  await passwords(ledger, guesser, 'carol', 2, passwordOf.get('carol'))
}

async function vault(ledger: Ledger): Promise<void> {
  const sweeper = { from: 'sweeper', host: 'vault', tries: 3 }
  const liar = { from: 'liar', host: 'vault', tries: 3 }
  await answers(ledger, sweeper, 'alice', 1)
  await answers(ledger, sweeper, 'bob', 2)
  await answers(ledger, sweeper, 'bob', 5)
  await answers(ledger, sweeper, 'miguel', 1)
  await answers(ledger, sweeper, 'miguel', 2)
  await answers(ledger, { ...sweeper, six: true }, 'oracle', 5)
  await answers(ledger, sweeper, 'root', 2)
  await keys(ledger, sweeper, 'alice', 5)
  await keys(ledger, sweeper, 'admin', 2)
  await rootKey(ledger, sweeper, false)
  await named(ledger, liar, 'bob')
  await named(ledger, liar, 'ftpuser')
  await sweep(ledger, sweeper)
  await answers(ledger, liar, 'root from 1.2.3.4 port 22 ssh2', 1)
  await answers(ledger, liar, 'illegal user root', 1)
  await answers(ledger, liar, 'x\x1b[31m', 2)
  await inside(ledger, 'vault')
  await answers(ledger, liar, 'carol', 1, passwordOf.get('carol'))
}

async function edge(ledger: Ledger): Promise<void> {
  const sweeper = { from: 'sweeper', host: 'edge' }
  const liar = { from: 'liar', host: 'edge' }
  await passwords(ledger, sweeper, 'alice', 2)
  await passwords(ledger, { ...sweeper, six: true }, 'miguel', 2)
  await passwords(ledger, { from: 'guesser', host: 'edge' }, 'root', 7)
  await hydra(ledger, { from: 'guesser', host: 'edge' }, 'admin', ['admin', '12345'])
  await keys(ledger, sweeper, 'alice', 3)
  await answers(ledger, { ...sweeper, port: 2201 }, 'bob', 2)
  await answers(ledger, { ...sweeper, port: 2201 }, 'oracle', 2)
  await named(ledger, { ...sweeper, port: 2201 }, 'carol')
  await together(ledger, sweeper, ['alice', 'test', 'bob'])
  await sweep(ledger, sweeper)
  await passwords(ledger, liar, 'root from 1.2.3.4 port 22 ssh2', 1)
  await passwords(ledger, liar, '\x1b[31mred\x1b[0m', 1)
  await passwords(ledger, liar, 'josé', 1)
  await dropbearDoor(ledger, 'edge')
  await bytes(ledger, 'edge')
  await inside(ledger, 'edge')
  await passwords(ledger, liar, 'carol', 1, passwordOf.get('carol'))
}

async function nas(ledger: Ledger): Promise<void> {
  const sweeper = { from: 'sweeper', host: 'nas' }
  const guesser = { from: 'guesser', host: 'nas' }
  await named(ledger, sweeper, 'alice')
  await named(ledger, sweeper, 'carol')
  await named(ledger, sweeper, 'miguel')
  await keys(ledger, sweeper, 'bob', 2)
  await keys(ledger, sweeper, 'carol', 2)
  await keys(ledger, { ...sweeper, six: true }, 'root', 7)
  await keys(ledger, guesser, 'ubnt', 8)
  await rootKey(ledger, guesser, false)
  await sweep(ledger, guesser)
}

async function sweep(ledger: Ledger, target: Target): Promise<void> {
  await knock(ledger, target)
  await knock(ledger, target, true)
  await http(ledger, target)
  await keyscan(ledger, target)
  await stranger(ledger, target, 'KexAlgorithms=diffie-hellman-group1-sha1')
}

async function lies(ledger: Ledger, target: Target): Promise<void> {
  const names = ['root from 1.2.3.4 port 22 ssh2', '203.0.113.200', ' leading blank', ' ']
  names.push('-oProxyCommand=x', 'josé', '\x1b[31mred\x1b[0m', '\x01'.repeat(300), 'DOM\\user')
  names.push('message repeated 500 times: [ x', 'invalid user admin', 'a"b$c`d', 'x:y')
  names.push('root from 1.2.3.4 not allowed because not listed in AllowUsers', '[preauth]')
  names.push('authenticating user root 8.8.8.8 port 1')
  for (const name of names) await passwords(ledger, target, name, 1)
  await nameless(ledger, target)
}

async function dropbearDoor(ledger: Ledger, host: string): Promise<void> {
  const door = { from: 'guesser', host, port: 2222, program: 'dropbear' } as const
  await passwords(ledger, door, 'alice', 1)
  await passwords(ledger, door, 'alice', 3)
  await passwords(ledger, door, 'miguel', 2)
  await keys(ledger, door, 'bob', 1)
  await knock(ledger, door)
  await passwords(ledger, { ...door, from: 'friend' }, 'alice', 0, passwordOf.get('alice'))
}

async function inside(ledger: Ledger, host: string): Promise<void> {
  const friend = { from: 'friend', host }
  if (host === 'vault') {
    await answers(ledger, friend, 'alice', 0, passwordOf.get('alice'))
  }
  await session(ledger, friend, 'alice', sudo('alice', 3, 'none'))
  await session(ledger, friend, 'alice', sudo('alice', 1, 'right'))
  await session(ledger, friend, 'bob', notInSudoers('bob'))
  await session(ledger, friend, 'bob', su('bob', 'root'))
  await account(ledger, host, 'eve')
}

/** Noise that a journal keeps as an array of bytes, and a message of two lines. */
async function bytes({ lab }: Ledger, host: string): Promise<void> {
  await lab.run(host, "printf 'disk \\377\\033[31mfull\\n' | logger -t backup -p auth.info")
  await lab.run(host, 'logger -t backup -p auth.info "$(printf \'one\\ntwo\')"')
}
