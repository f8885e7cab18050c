/** A host whose log is the journal, in real journal files, through kills, rotations and vacuums. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fleet, openFleet } from '../support/fleet.ts'
import { randomOf } from '../support/random.ts'
import { type JournalHost, openJournalHost } from './attacked-host.ts'
import { journalMissing } from './attacked-journal.ts'
import { openBackups } from './faults.ts'
import { journalFaults } from './journal-faults.ts'
import { judge } from './verdict.ts'

const missing = await journalMissing()
const options = {
  timeout: 180_000,
  skip: missing !== '' && `${missing} (apt-get install systemd-journal-remote)`,
}
const seed = Number(process.env['JOURNAL_SEED'] ?? 1)

async function attacked(work: (fleet: Fleet, host: JournalHost) => Promise<void>): Promise<void> {
  const fleet = await openFleet({ logLevel: 'warn' })
  try {
    const host = await openJournalHost(fleet, 'nas', randomOf(seed))
    await host.agent.start()
    await work(fleet, host)
  } finally {
    await fleet.close()
  }
}

const whole = async (): Promise<void> => undefined

test(
  'a journal that is rotated, vacuumed and read through kills loses nothing and doubles nothing',
  options,
  async (t) => {
    await attacked(async (fleet, host) => {
      const random = randomOf(seed).fork()
      const backups = openBackups(fleet, random)
      const faults = journalFaults(fleet, host, backups)
      let vacuumed = 0
      for (let turn = 0; turn < 6; turn++) {
        await host.burst(random.whole(50, 300), whole)
        const { kind, happen } = random.pick(faults)
        const before = host.journal.files()
        await happen()
        if (kind === 'journal vacuumed') vacuumed += before + 1 - host.journal.files()
        const victim = random.pick([host.agent, fleet.collector])
        await victim.kill()
        if (random.chance(0.3)) await host.journal.rotate()
        await host.burst(random.whole(1, 100), whole)
        await victim.start()
        if (random.chance(0.5)) await host.caughtUp()
      }
      await host.caughtUp()
      const { expected, ...found } = await judge(fleet, [host.told])
      t.diagnostic(`seed ${seed} (JOURNAL_SEED), ${expected} findings, ${vacuumed} files vacuumed`)
      assert.deepEqual(found, { lost: 0, doubled: 0, gaps: 0, differences: [] })
      assert.ok(vacuumed > 0, 'nothing was vacuumed')
    })
  },
)

test(
  'what a vacuum took unread is a gap told once, and nothing else is missing',
  options,
  async () => {
    await attacked(async (fleet, host) => {
      await host.burst(200, whole)
      await host.caughtUp()
      const read = host.journal.end().offset
      await host.agent.kill()
      await host.burst(200, whole)
      await host.journal.rotate()
      const removed = host.journal.end().offset
      await host.burst(200, whole)
      host.journal.vacuum(Number.POSITIVE_INFINITY)
      await host.agent.start()
      await host.caughtUp()
      const { expected } = host.told
      const left = expected.filter(({ offset }) => offset <= read || offset > removed)
      assert.ok(left.length < expected.length)
      const { lost } = await judge(fleet, [{ agent: 'nas', expected: left }])
      const gaps = fleet.rows('SELECT kind, offset FROM gap').map((gap) => ({ ...gap }))
      assert.deepEqual({ lost, gaps }, { lost: 0, gaps: [{ kind: 'vacuumed', offset: read }] })
      // A session that lost its beginning may be known by its end: never more than there was of anybody.
      const most = Map.groupBy(expected, ({ ip, kind }) => `${ip} ${kind}`)
      const sum =
        'SELECT ip, kind, sum(count) AS count FROM finding WHERE ip IS NOT NULL GROUP BY ip, kind'
      for (const { ip, kind, count } of fleet.rows(sum)) {
        const truth = most.get(`${ip} ${kind}`)?.reduce((all, one) => all + one.count, 0) ?? 0
        assert.ok(Number(count) <= truth, `${count} ${kind} of ${ip}, at most ${truth}`)
      }
    })
  },
)
