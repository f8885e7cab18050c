import assert from 'node:assert/strict'
import { test } from 'node:test'
import { again, openOutbox, pace } from '../../../collector/report/outbox.ts'
import { openPrinter } from '../../../collector/report/print.ts'
import type { Message, Outcome, Send } from '../../../collector/report/telegram.ts'
import type { Part } from '../../../collector/store/reports/parts.ts'
import { openReports, type Reports } from '../../../collector/store/reports/reports.ts'
import { noon, openFleet } from './seed.ts'

/** A clock that jumps over every wait, and tells when nothing is left to wait for. */
function jumpingClock(start = noon) {
  let now = start
  let idle = () => {}
  const waits: number[] = []
  return {
    waits,
    now: () => now,
    set: (to: number) => {
      now = to
    },
    wait: async (ms: number, signal: AbortSignal) => {
      waits.push(ms)
      if (ms !== Number.POSITIVE_INFINITY) now += ms
      else {
        idle()
        if (!signal.aborted) {
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
        }
      }
    },
    whenIdle: () =>
      new Promise<void>((resolve) => {
        idle = resolve
      }),
  }
}

type World = ReturnType<typeof openWorld>

/** Reports with an outbox whose sender answers by script and shows what a person would see. */
function openWorld(script: (Outcome | 'crash')[] = []) {
  const fleet = openFleet(['nas'])
  const reports = openReports(fleet.db)
  const clock = jumpingClock()
  const seen: { at: number; message: Message }[] = []
  const notes: string[] = []
  let owners = 0
  const send: Send = async (message) => {
    const outcome = script.shift() ?? { kind: 'sent', id: seen.length + 1 }
    seen.push({ at: clock.now(), message })
    if (outcome === 'crash') throw new Error('crash')
    return outcome
  }
  const open = (over: { reports?: Reports; send?: Send } = {}) =>
    openOutbox({
      reports: over.reports ?? reports,
      send: over.send ?? send,
      clock,
      random: () => 0.5,
      owner: `owner ${++owners}`,
      chat: '-5',
      note: (text) => notes.push(text),
    })
  return { db: fleet.db, reports, clock, seen, notes, open, script }
}

function queue({ reports, clock }: Pick<World, 'reports' | 'clock'>, ...texts: string[]): number {
  return reports.queueUrgent(clock.now(), () => ({
    digest: null,
    parts: texts.map((text) => ({ text, entities: [] })),
    loud: true,
  }))
}

/** Runs an outbox until nothing is left to do. */
async function settleDown({ clock, open }: Pick<World, 'clock' | 'open'>): Promise<void> {
  const outbox = open()
  const idle = clock.whenIdle()
  const run = outbox.run()
  await Promise.race([idle, run])
  outbox.stop()
  await run
}

function states({ db }: Pick<World, 'db'>): unknown[] {
  return db
    .prepare('SELECT state FROM outbox ORDER BY id')
    .all()
    .map((row) => row['state'])
}

const texts = ({ seen }: Pick<World, 'seen'>) => seen.map(({ message }) => message.text)
const later = (seconds: number | null): Outcome => ({ kind: 'later', seconds, why: 'of the test' })
const unsure: Outcome = { kind: 'unsure', why: 'of the test' }

test('parts go out in order, about one a second, and rest when there is nothing', async () => {
  const world = openWorld()
  queue(world, 'one', 'two', 'three')
  await settleDown(world)
  assert.deepEqual(texts(world), ['one', 'two', 'three'])
  assert.deepEqual(
    world.seen.map(({ at }) => at - noon),
    [0, 1000, 2000],
  )
  assert.deepEqual(states(world), ['sent', 'sent', 'sent'])
  assert.equal(world.clock.waits.at(-1), Number.POSITIVE_INFINITY)
})

test('G1: 429 holds everything back as long as it says, and sends once', async () => {
  const world = openWorld([later(33)])
  queue(world, 'one', 'two')
  await settleDown(world)
  assert.deepEqual(texts(world).toSorted(), ['one', 'one', 'two'])
  assert.ok((world.seen[1]?.at ?? 0) >= noon + 33_000)
  assert.deepEqual(states(world), ['sent', 'sent'])
  assert.ok(!texts(world).some((text) => text.includes('repeat')))
})

test('G2: a server in trouble is tried again, ever more slowly, within bounds', async () => {
  const world = openWorld(Array.from({ length: 14 }, () => later(null)))
  queue(world, 'one')
  await settleDown(world)
  assert.deepEqual(states(world), ['sent'])
  const gaps = world.seen.slice(1).map(({ at }, i) => at - (world.seen[i]?.at ?? 0))
  assert.ok(gaps.every((gap, i) => gap >= (gaps[i - 1] ?? 0) && gap <= pace.longestBackOff))
  assert.ok(Math.max(...gaps) > pace.longestBackOff / 2)
})

test('G2: a part Telegram chokes on does not keep the others', async () => {
  const world = openWorld([later(null)])
  queue(world, 'one', 'two')
  await settleDown(world)
  assert.deepEqual(texts(world), ['one', 'two', 'one'])
})

test('G3: a part in doubt is repeated once, marked; the next part does not wait for it', async () => {
  const world = openWorld([unsure])
  queue(world, 'one', 'two')
  await settleDown(world)
  assert.deepEqual(texts(world), ['one', 'two', '(repeat of alert #1, part 1/2)\none'])
  assert.deepEqual(states(world), ['sent', 'sent'])
})

test('G3: where the repeat is in doubt as well, waits grow so far that nobody is flooded', async () => {
  const world = openWorld(Array.from({ length: 8 }, () => unsure))
  queue(world, 'one')
  await settleDown(world)
  assert.deepEqual(states(world), ['sent'])
  const firstDay = world.seen.filter(({ at }) => at < noon + 86_400_000)
  assert.ok(firstDay.length <= 6)
  assert.ok(
    texts(world)
      .slice(1)
      .every((text) => text.startsWith('(repeat of alert #1)\n')),
  )
})

test('G5: what Telegram cannot parse goes out once as plain text, else is refused and said', async () => {
  const malformed: Outcome = { kind: 'malformed', why: "400 can't parse entities" }
  const world = openWorld([malformed, { kind: 'sent', id: 1 }, malformed, malformed])
  world.reports.queueUrgent(noon, () => ({
    digest: null,
    parts: ['one', 'two'].map((text) => ({
      text,
      entities: [{ type: 'code' as const, offset: 0, length: 3 }],
    })),
    loud: true,
  }))
  await settleDown(world)
  assert.deepEqual(
    world.seen.map(({ message }) => message.entities.length),
    [1, 0, 1, 0],
  )
  assert.deepEqual(states(world), ['sent', 'refused'])
  assert.match(world.notes[0] ?? '', /was sent without formatting/)
  assert.match(world.notes[1] ?? '', /cannot take Alert #1, part 2\/2/)
})

test('G6: a refusal stops the sending, is said, and a wake tries again', async () => {
  const refused: Outcome = { kind: 'refused', why: '401 Unauthorized' }
  const world = openWorld([refused, refused])
  queue(world, 'one', 'two')
  const held = new Promise<void>((resolve) => {
    const { wait } = world.clock
    // The outbox naps for an hour after a refusal; here that nap only ends by a wake.
    world.clock.wait = (ms, signal) => {
      if (ms !== pace.held) return wait(ms, signal)
      resolve()
      return wait(Number.POSITIVE_INFINITY, signal)
    }
  })
  const outbox = world.open()
  const run = outbox.run()
  await held
  assert.equal(world.seen.length, 1)
  assert.deepEqual(states(world), ['held', 'ready'])
  assert.match(world.notes[0] ?? '', /^Telegram refuses Alert #1, part 1\/2: 401 Unauthorized\./)
  const heldAgain = world.clock.whenIdle()
  outbox.wake()
  await heldAgain
  assert.equal(world.seen.length, 2)
  const done = world.clock.whenIdle()
  await world.reports.resend(1, world.clock.now())
  outbox.wake()
  await done
  assert.deepEqual(states(world), ['sent', 'sent'])
  assert.ok(!texts(world).some((text) => text.includes('repeat')))
  outbox.stop()
  await run
})

test('without a bot the reports are printed, and done with', async () => {
  const world = openWorld()
  const printed: string[] = []
  queue(world, 'one', 'two')
  await settleDown({
    ...world,
    open: () => world.open({ send: openPrinter((text) => printed.push(text)) }),
  })
  assert.deepEqual(printed, ['one', 'two'])
  assert.deepEqual(states(world), ['sent', 'sent'])
})

test('a group that migrates is followed, also after a restart', async () => {
  const world = openWorld([{ kind: 'migrated', chat: '-1009' }])
  queue(world, 'one')
  await settleDown(world)
  queue(world, 'two')
  await settleDown(world)
  assert.deepEqual(
    world.seen.map(({ message }) => [message.chat, message.text]),
    [
      ['-5', 'one'],
      ['-1009', 'one'],
      ['-1009', 'two'],
    ],
  )
  assert.equal(await world.reports.chat('-6'), '-6')
})

test('an alert overtakes what waits, and what is queued later wakes the outbox', async () => {
  const world = openWorld()
  const outbox = world.open()
  let idle = world.clock.whenIdle()
  const run = outbox.run()
  await idle
  idle = world.clock.whenIdle()
  const parts = [{ text: 'regular', entities: [] }]
  await world.reports.close(world.clock.now(), () => ({ digest: null, parts, loud: false }))
  queue(world, 'urgent')
  outbox.wake()
  await idle
  assert.deepEqual(
    world.seen.map(({ message }) => [message.text, message.silent]),
    [
      ['urgent', false],
      ['regular', true],
    ],
  )
  outbox.stop()
  await run
})

test('G4: a crash at any moment loses nothing, and a second copy says what it is', async () => {
  for (let k = 0; k < 40; k++) {
    const world = openWorld()
    queue(world, 'one', 'two')
    await world.reports.close(noon, () => ({
      digest: null,
      parts: [{ text: 'three', entities: [] }],
      loud: false,
    }))
    const crashed = await runWithCrash(world, k)
    await settleDown(world)
    assert.deepEqual(states(world), ['sent', 'sent', 'sent'], `crash at ${k}`)
    for (const text of ['one', 'two', 'three']) {
      const copies = texts(world).filter((one) => one.endsWith(text))
      const plain = copies.filter((one) => one === text)
      assert.ok(copies.length >= 1, `${text} was lost by a crash at ${k}`)
      assert.ok(plain.length <= 1, `${text} came twice without a mark, by a crash at ${k}`)
    }
    // The enumeration has covered every moment once one of them comes after the last.
    if (!crashed) {
      assert.ok(k >= 12)
      return
    }
  }
  assert.fail('the outbox never came to an end')
})

/** Runs an outbox whose k-th side effect, before or after it, is its last; false where it has fewer. */
async function runWithCrash(world: World, k: number): Promise<boolean> {
  let left = k
  let dead = false
  const step = <A extends unknown[], T>(work: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      if (dead || left-- === 0) throw new Crash()
      const result = await work(...args)
      if (left-- === 0) throw new Crash()
      return result
    }
  }
  class Crash extends Error {
    constructor() {
      super('crash')
      dead = true
    }
  }
  const { reports, seen, clock } = world
  const outbox = world.open({
    reports: { ...reports, claim: step(reports.claim), settle: step(reports.settle) },
    send: step(async (message) => {
      seen.push({ at: clock.now(), message })
      return { kind: 'sent', id: seen.length }
    }),
  })
  const idle = clock.whenIdle().then(() => 'idle')
  const end = await Promise.race([idle, outbox.run().catch(() => 'crashed')])
  outbox.stop()
  return end === 'crashed'
}

test('one who comes back after his lease ended does not overrule the one who took over', async () => {
  const { reports } = openWorld()
  queue({ reports, clock: jumpingClock() }, 'one')
  const ask = { lease: 1000, again: () => 0 }
  const slow = await reports.claim({ ...ask, owner: 'slow', now: noon })
  assert.equal(await reports.claim({ ...ask, owner: 'quick', now: noon + 999 }), null)
  const quick = await reports.claim({ ...ask, owner: 'quick', now: noon + 1000 })
  assert.equal(quick?.repeat, true)
  const sent = { kind: 'sent', message: 1, why: null } as const
  assert.equal(await reports.settle(slow as Part, 'slow', sent), false)
  assert.equal(await reports.settle(quick as Part, 'quick', sent), true)
})

test('a clock set back does not hold a part for years', async () => {
  const world = openWorld([later(60)])
  world.clock.set(Date.UTC(2030, 0))
  queue(world, 'one', 'two')
  const crashed = world.open({
    send: async () => {
      throw new Error('crash')
    },
  })
  await assert.rejects(crashed.run())
  world.clock.set(noon)
  await settleDown(world)
  assert.deepEqual(states(world), ['sent', 'sent'])
  assert.ok(world.clock.now() < noon + 86_400_000)
})

test('the wait before another copy grows eightfold, to two days', () => {
  assert.deepEqual([0, 1, 2, 9].map(again), [5000, 40_000, 320_000, 172_800_000])
})
