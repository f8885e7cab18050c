/**
 * The rules of exactness, each as the change that takes it away and as a piece of a log's life that
 * goes wrong without it. What each one's absence once lost or doubled stands in its name.
 */
import type { Change } from './changed.ts'
import type { Step } from './world.ts'

export type Rule = {
  name: string
  without: readonly Change[]
  script: readonly Step[]
  /** Files are known by something else then. */
  nameless?: boolean
}

/** What was told once counts again whenever it is told again. */
export const noMarks: readonly Change[] = [
  {
    file: 'collector/store/intake/intake.ts',
    from: 'if (entry.offset <= file.mark) continue',
    to: '',
  },
]

const write = (lines: number): Step => ({ do: 'write', lines })
const away: Step = { do: 'end', who: 'agent' }
const back: Step = { do: 'start' }
const rename: Step = { do: 'rename', late: 6 }
const day = 86_400_000

export const rules: readonly Rule[] = [
  {
    name: 'a log is known by its first line, not by its inode',
    without: [
      {
        file: 'agent/source/identity.ts',
        from: 'hash: shortHash(line) }',
        to: 'hash: shortHash(Buffer.from(String(bytes.ino))) }',
      },
    ],
    script: [write(30), away, write(10), { do: 'copytruncate' }, write(10), back, write(10)],
    nameless: true,
  },
  {
    name: 'a checkpoint holds the sessions still open',
    without: [
      {
        file: 'agent/sender.ts',
        from: 'fitting(source, checkpoint))',
        to: 'fitting(source, { ...checkpoint, open: { sessions: [], clocks: [] } }))',
      },
    ],
    script: Array.from({ length: 12 }, () => [write(15), away, back]).flat(),
  },
  {
    name: '1: a connection starts from the welcome, not from memory (5,314 lost)',
    without: [
      {
        file: 'agent/follow.ts',
        from: 'export async function follow(following: Following): Promise<void> {',
        to: `const remembered = new WeakMap()
export async function follow(told: Following): Promise<void> {
  const following = { ...told, checkpoint: remembered.get(told.now) ?? told.checkpoint }`,
      },
      {
        file: 'agent/follow.ts',
        from: 'await sender.checkpoint({ position, since, ...state })',
        to: `remembered.set(told.now, { position, since, ...state })
    await sender.checkpoint({ position, since, ...state })`,
      },
    ],
    script: [write(30), { do: 'back up' }, write(30), away, { do: 'restore' }, write(10), back],
  },
  {
    name: '2: findings leave before the checkpoint that covers them (32 and 610 lost)',
    without: [
      {
        file: 'agent/follow.ts',
        from: `if (read.kind === 'entries' || read.lag === 0) await sender.flush()
        if (untilDue() === 0) await save(now())`,
        to: `if (untilDue() === 0) await save(now())
        await sender.flush()`,
      },
      {
        file: 'agent/sender.ts',
        from: `checkpoint: async (checkpoint) => {
      await flush()`,
        to: 'checkpoint: async (checkpoint) => {',
      },
    ],
    script: [write(30), write(30)],
  },
  {
    name: '3: a file that has ended is read to its end once more (2,250 lost)',
    without: [
      {
        file: 'agent/source/log-file.ts',
        from: 'const end = yield* drain(log, tail, false)',
        to: "const end: { kind: 'end'; torn: number; cut: null } = { kind: 'end', torn: 0, cut: null }",
      },
    ],
    script: [write(20), away, write(20), rename, write(10), back, write(10)],
  },
  {
    name: '5: one beginning under several names is one file (1,077 to 5,345 lost)',
    without: [
      {
        file: 'agent/source/files.ts',
        from: 'const home = groups.find((one) => one.head === head && isSameLife(one.sample, sample))',
        to: 'const home = groups.find(() => false)',
      },
    ],
    script: halfCopied(),
  },
  {
    name: '5: the longest of all copies is read, packed ones too (1,027 to 2,919 lost)',
    without: [
      {
        file: 'agent/source/log-file.ts',
        from: 'for (const copy of [null, ...copies]) {',
        to: 'for (const copy of copies.slice(-1)) {',
      },
    ],
    script: halfCopied(),
  },
  {
    name: '6: a checkpoint names the finished files still on disk (3 and 22 extra)',
    without: [
      {
        file: 'agent/source/place.ts',
        from: `const files = sight.files.filter((file, at) => at < index || known.includes(file))`,
        to: 'const files = sight.files.filter(() => index < -9 && known.length < 0)',
      },
    ],
    script: [
      ...[write(20), rename, write(10), { do: 'pass', ms: 4 * day } as const],
      ...[write(10), { do: 'pass', ms: 4 * day } as const, write(10)],
      // Read to its end, rotated away and removed: the position has no file any more.
      ...[away, { do: 'rename', late: 0 } as const, { do: 'remove', number: 1 } as const],
      ...[write(10), back, write(10)],
    ],
  },
  {
    name: '7: more sessions fit than are ever open (a bound of 32 with 70 open: 600 extra)',
    without: [
      {
        file: 'agent/fold/sessions.ts',
        from: 'sweep(open, mostSessions.open)',
        to: 'sweep(open, 3)',
      },
    ],
    script: [write(400), write(400)],
  },
]

function halfCopied(): Step[] {
  return [
    ...[write(10), away, write(30), rename, { do: 'copy half', number: 1 } as const],
    ...[write(10), back, write(10)],
  ]
}
