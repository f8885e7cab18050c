/**
 * Rules 8, 9 and 10 of exactness: the end of a finished file, a file that is no longer what it was, and
 * what stands behind a gap. No trial gave figures for them; without each of them something goes wrong here.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Checkpoint } from '../../shared/checkpoint.ts'
import type { Gap } from '../../shared/finding.ts'
import { type Change, changedPrograms } from './changed.ts'
import { loadPrograms, type Programs } from './programs.ts'

const patience = { timeout: 60_000 }

/** What an agent told of a log, from a checkpoint to the log's end, and the checkpoint it left. */
type Told = { findings: string[]; gaps: Gap['kind'][]; checkpoint: Checkpoint | undefined }

async function read(programs: Programs, path: string, from?: Checkpoint): Promise<Told> {
  const ended = new AbortController()
  const told: Told = { findings: [], gaps: [], checkpoint: from }
  // A second passes with every look, so that a checkpoint is always due.
  let clock = Date.UTC(2026, 10, 22, 18)
  await programs.follow.follow({
    source: programs.logFile.openLogFile(path, { patience: 50, poll: 20 }),
    link: {
      signal: ended.signal,
      submit: async (frame) => {
        if (frame.type === 'gap') told.gaps.push(frame.gap.kind)
        if (frame.type === 'checkpoint') told.checkpoint = frame.checkpoint
        if (frame.type !== 'findings') return
        for (const one of frame.entries) {
          if (one.kind !== 'amend') told.findings.push(`${one.kind} ${one.ip} ${one.user ?? ''}`)
        }
      },
    },
    checkpoint: from,
    since: null,
    timeZone: 'UTC',
    isOwn: () => true,
    now: () => (clock += 1_100),
    // Only where all is read is nothing left, and nothing being read.
    stands: ({ reading, lag }) => void (reading === '' && lag === 0 && ended.abort()),
  })
  return told
}

/** The same tale with the programs as they are and without a rule; each in a folder of its own. */
async function both<T>(
  without: readonly Change[],
  tale: (programs: Programs, path: string) => Promise<T>,
): Promise<{ held: T; broken: T }> {
  const { root, remove } = changedPrograms(without)
  after(remove)
  const told = async (programs: Programs): Promise<T> => {
    const folder = mkdtempSync(join(tmpdir(), 'cibot-rule-'))
    try {
      return await tale(programs, join(folder, 'auth.log'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return { held: await told(await loadPrograms()), broken: await told(await loadPrograms(root)) }
}

// Lines as OpenSSH 6.6 and 9.2p1 write them.
const line = (pid: number, said: string) =>
  `2026-11-22T17:00:00.000000+00:00 attic sshd[${pid}]: ${said}\n`
const failed = (pid: number, user: string) =>
  line(pid, `Failed password for ${user} from 203.0.113.9 port ${40_000 + pid} ssh2`)
const invalid = line(1, 'Invalid user admin from 203.0.113.19')

test(
  '8: the end of a finished file is torn, not a line: exact with it, not without',
  patience,
  async () => {
    const asLine = {
      file: 'agent/source/tail.ts',
      from: `return { kind: 'end', torn: tornBytes(long, fresh), cut: bytes.cut() }`,
      to: `if (fresh.length === 0) return { kind: 'end', torn: 0, cut: bytes.cut() }
        const piece = { bytes: Buffer.concat([fresh, Buffer.from('\\n')]), base: at }
        advance(fresh.length, seen)
        settle()
        return { kind: 'lines', lines: () => splitLines(piece.bytes, piece.base).lines, piece, oversize: [] }`,
    }
    const { held, broken } = await both([asLine], async (programs, path) => {
      // One character is missing, and what is left is an address, too.
      writeFileSync(`${path}.1`, failed(7, 'root') + invalid.slice(0, -2))
      writeFileSync(path, failed(8, 'root'))
      const { findings, gaps } = await read(programs, path)
      return { findings, gaps }
    })
    const right = ['attempt 203.0.113.9 root', 'attempt 203.0.113.9 root']
    assert.deepEqual(held, { findings: right, gaps: ['torn'] })
    assert.ok(broken.findings.includes('attempt 203.0.113.1 admin'), broken.findings.join())
  },
)

test(
  '9: a position that no longer fits is a gap, and the file is read anew: nothing lost with it, not without',
  patience,
  async () => {
    const unproven = {
      file: 'agent/source/tail.ts',
      from: 'if (filled === last.length && hashBefore(last) === from.before) {',
      to: 'if (filled === last.length) {',
    }
    const { held, broken } = await both([unproven], async (programs, path) => {
      writeFileSync(path, failed(7, 'root') + failed(8, 'one') + failed(9, 'two'))
      const { checkpoint } = await read(programs, path)
      // It begins as it did, is longer, and is another.
      const rest = ['three', 'four', 'five', 'six'].map((user, at) => failed(10 + at, user))
      writeFileSync(path, failed(7, 'root') + rest.join(''))
      const { findings, gaps } = await read(programs, path, checkpoint)
      return { users: findings.map((one) => one.split(' ').at(-1)), gaps }
    })
    assert.deepEqual(held, { users: ['root', 'three', 'four', 'five', 'six'], gaps: ['rewritten'] })
    assert.ok(!broken.users.includes('three'), broken.users.join())
  },
)

test(
  '9: two files with one first line are told apart by their next ones: nothing lost with it, not without',
  patience,
  async () => {
    const byHead = {
      file: 'agent/source/files.ts',
      from: 'one.head === head && isSameLife(one.sample, sample)',
      to: 'one.head === head',
    }
    const { held, broken } = await both([byHead], async (programs, path) => {
      writeFileSync(`${path}.1`, failed(7, 'root') + failed(8, 'one'))
      writeFileSync(path, failed(7, 'root') + failed(9, 'two'))
      const { findings } = await read(programs, path)
      return findings.map((one) => one.split(' ').at(-1))
    })
    assert.deepEqual(held, ['root', 'one', 'root', 'two'])
    assert.ok(broken.length < held.length, broken.join())
  },
)

test(
  '9: what a file put back in time holds once more is not counted again: exact with it, not without',
  patience,
  async () => {
    const anew = {
      file: 'agent/follow.ts',
      from: `if (read.gap.kind === 'rewritten') readAgain(read.position)`,
      to: '',
    }
    const { held, broken } = await both([anew], async (programs, path) => {
      const at = (second: number, pid: number, user: string) =>
        failed(pid, user).replace('17:00:00', `17:00:0${second}`)
      // A power cut takes what had not come to the disk yet, and the log goes on before that.
      const kept = at(0, 7, 'one') + at(1, 8, 'two')
      writeFileSync(path, kept + at(2, 9, 'taken') + at(3, 10, 'by the cut'))
      const before = await read(programs, path)
      writeFileSync(path, kept + at(5, 11, 'three'))
      const behind = await read(programs, path, before.checkpoint)
      writeFileSync(path, kept + at(5, 11, 'three') + at(6, 12, 'four'))
      const later = await read(programs, path, behind.checkpoint)
      const told = [before, behind, later]
      return {
        users: told.map(({ findings }) => findings.map((one) => one.split(' ').slice(2).join(' '))),
        gaps: told.flatMap(({ gaps }) => gaps),
      }
    })
    const cut = ['one', 'two', 'taken', 'by the cut']
    const gaps = ['rewritten']
    assert.deepEqual(held, { users: [cut, ['three'], ['four']], gaps })
    assert.deepEqual(broken, { users: [cut, ['one', 'two', 'three'], ['four']], gaps })
  },
)

test(
  '10: a session begun before a gap is not counted again behind it: exact with it, not without',
  patience,
  async () => {
    const forgetful = {
      file: 'agent/follow.ts',
      from: `position = read.position
          await save(now())
        }
        break`,
      to: `position = read.position
          await save(now())
          const clock = understand.state().clock
          return follow({ ...following, checkpoint: { position, since, clock, open: nothingRead } })
        }
        break`,
    }
    const { held, broken } = await both([forgetful], async (programs, path) => {
      writeFileSync(path, failed(7, 'root'))
      const before = await read(programs, path)
      renameSync(path, `${path}.2`)
      const closed =
        'Connection closed by authenticating user root 203.0.113.9 port 40007 [preauth]'
      // The file between the two is gone unread.
      writeFileSync(path, line(7, closed))
      const behind = await read(programs, path, before.checkpoint)
      return { findings: [...before.findings, ...behind.findings], gaps: behind.gaps }
    })
    assert.deepEqual(held, { findings: ['attempt 203.0.113.9 root'], gaps: ['missing'] })
    assert.equal(broken.findings.length, 2, broken.findings.join())
  },
)
