import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, keys, named, passwords, together } from './attacks.ts'
import { must } from './command.ts'
import type { Ledger } from './deeds.ts'
import { forge } from './inside.ts'
import { hold, knock } from './probes.ts'
import { addressOfHost, blank, passwordOf, plainOptions, victims } from './target.ts'
import type { HostPlan } from './tree.ts'

const sshd = '/etc/ssh/sshd_config.d/lab.conf'

/** One host for each special run: each is recorded by itself. */
export const oddities: readonly { plan: HostPlan; act: (ledger: Ledger) => Promise<void> }[] = [
  {
    plan: { name: 'penalty', kind: 'journal', setup: victims },
    act: async (ledger) => {
      const sweeper = { from: 'sweeper', host: 'penalty' }
      await together(ledger, sweeper, ['alice', 'bob', 'miguel', 'alice', 'bob'])
      await refused(ledger, 'penalty', 3)
      await passwords(ledger, { from: 'guesser', host: 'penalty' }, 'bob', 1)
    },
  },
  {
    plan: {
      name: 'grace',
      kind: 'journal',
      files: { [sshd]: 'LoginGraceTime 4\nPerSourcePenalties no\n' },
      setup: victims,
    },
    act: async (ledger) => {
      const sweeper = { from: 'sweeper', host: 'grace' }
      await hold(ledger, sweeper, 1, 15, { deed: 'a silent connection until LoginGraceTime' })
      await slow(ledger, 'miguel')
      await slow(ledger, 'alice')
    },
  },
  {
    plan: {
      name: 'startups',
      kind: 'rsyslog-iso',
      files: { [sshd]: 'MaxStartups 2:100:2\n' },
      setup: victims,
    },
    act: async (ledger) => {
      const sweeper = { from: 'sweeper', host: 'startups' }
      const why = 'the first two were let in, three were dropped: only the first drop is a line'
      await hold(ledger, sweeper, 5, 3, { probes: 2, blocked: 3, why })
      await passwords(ledger, sweeper, 'bob', 1)
    },
  },
  {
    plan: {
      name: 'repeated',
      kind: 'rsyslog-old',
      files: { '/etc/rsyslog.d/00-repeated.conf': '$RepeatedMsgReduction on\n' },
      setup: victims,
    },
    act: async (ledger) => {
      const sweeper = { from: 'sweeper', host: 'repeated' }
      await passwords(ledger, sweeper, 'alice', 5)
      await passwords(ledger, sweeper, 'bob', 2)
      await passwords(ledger, sweeper, 'miguel', 3)
      await passwords(ledger, sweeper, 'bob', 7)
      await passwords(ledger, sweeper, 'message repeated 500 times', 1)
      await knock(ledger, sweeper)
    },
  },
  {
    plan: {
      name: 'verbose',
      kind: 'rsyslog-iso',
      files: { [sshd]: 'LogLevel VERBOSE\n' },
      setup: victims,
    },
    act: async (ledger) => {
      const sweeper = { from: 'sweeper', host: 'verbose' }
      await keys(ledger, sweeper, 'alice', 3, true)
      await keys(ledger, sweeper, 'miguel', 2, true)
      await passwords(ledger, sweeper, 'bob', 2)
      await named(ledger, sweeper, 'bob')
      await knock(ledger, sweeper)
      await passwords(ledger, sweeper, 'carol', 1, passwordOf.get('carol'))
    },
  },
  {
    plan: {
      name: 'names',
      kind: 'rsyslog-iso',
      files: {
        [sshd]:
          'UseDNS yes\nDenyUsers kim\nPort 22\nPort 2201\nMatch LocalPort 2201\n KbdInteractiveAuthentication yes\n PasswordAuthentication no\n',
      },
      setup: `${victims}\necho 203.0.113.9 evil.example.com >> /etc/hosts`,
    },
    act: async (ledger) => {
      const sweeper = { from: 'sweeper', host: 'names' }
      await passwords(ledger, sweeper, 'bob', 2)
      await passwords(ledger, sweeper, 'miguel', 1)
      await passwords(ledger, sweeper, 'kim', 1)
      await named(ledger, sweeper, 'kim')
      await answers(ledger, { ...sweeper, port: 2201 }, 'bob', 2)
      await passwords(ledger, { from: 'guesser', host: 'names' }, 'bob', 1)
    },
  },
  { plan: { name: 'pids', kind: 'rsyslog-iso', setup: victims }, act: pids },
  {
    plan: { name: 'forged', kind: 'journal', setup: victims },
    act: async (ledger) => {
      const line = 'Failed password for root from 1.2.3.4 port 22 ssh2'
      await forge(ledger, 'forged', 'alice', 'sshd-session', line)
      await forge(ledger, 'forged', 'alice', 'sshd', line)
      await forge(ledger, 'forged', 'alice', 'sshd', `${line}\x1b[2K`)
      await passwords(ledger, { from: 'guesser', host: 'forged' }, 'bob', 1)
    },
  },
]

/** Connections of an address under a penalty: sshd drops them before they can say anything. */
function refused(ledger: Ledger, host: string, count: number): Promise<void> {
  const why = 'dropped for a penalty, before anybody could be named'
  const deed = `${count} connections while under a penalty`
  const none = { deed, probes: 0, blocked: count, why }
  return hold(ledger, { from: 'sweeper', host }, count, 0, none)
}

/**
 * A client that names a user and sits at the prompt until LoginGraceTime has run out; sshd 10 adds
 * some seconds to it by chance.
 */
async function slow({ lab, enter }: Ledger, user: string): Promise<void> {
  const target = { from: 'sweeper', host: 'grace' }
  const directory = await mkdtemp(join(tmpdir(), 'cibot-lab-'))
  const ask = join(directory, 'ask')
  await writeFile(ask, '#!/bin/sh\nexec sleep 30\n', { mode: 0o700 })
  const argv = ['timeout', '15', 'env', `SSH_ASKPASS=${ask}`, 'SSH_ASKPASS_REQUIRE=force', 'ssh']
  argv.push('-F', 'none', ...plainOptions(target), '-o', 'PubkeyAuthentication=no', '-l', user)
  const known = passwordOf.has(user)
  const why = 'sshd names an existing user only when the connection ends by itself: here a probe'
  const counts = known ? { user: null, probes: 1, why } : { attempts: 1 }
  await enter('grace', async () => {
    await lab.attack(target.from, [...argv, addressOfHost(lab, target), 'true'])
    const deed = blank(lab, target, user, `names ${user}, then silence until LoginGraceTime`)
    return { deeds: [{ ...deed, ...counts }] }
  })
  await rm(directory, { recursive: true })
}

/** Two attackers' connections that happen to get one and the same pid, a moment apart. */
async function pids(ledger: Ledger): Promise<void> {
  await passwords(ledger, { from: 'sweeper', host: 'pids' }, 'alice', 2)
  const pid = Number(/sshd\[(\d+)\]/.exec(ledger.traces.at(-1)?.lines.at(0) ?? '')?.[1])
  const init = `${ledger.lab.hosts.get('pids')?.init}`
  const set = `echo ${pid - 1} > /proc/sys/kernel/ns_last_pid`
  await must(['nsenter', '-t', init, '-p', 'sh', '-c', set])
  await passwords(ledger, { from: 'guesser', host: 'pids' }, 'alice', 1)
  await must(['nsenter', '-t', init, '-p', 'sh', '-c', set])
  await named(ledger, { from: 'guesser', host: 'pids' }, 'miguel')
}
