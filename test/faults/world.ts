/**
 * One host under attack, its agent, the collector and the person who gets the reports, in one process.
 * A script of writing and rotating is played step by step, each once everything before it is at rest;
 * where a process ends, the next step happens while it is down, and it starts again from what is on disk.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openAttack } from '../chaos/attack.ts'
import { openAttackedLog } from '../chaos/attacked-log.ts'
import { balanceWithoutFiles, judge, type Verdict } from '../chaos/verdict.ts'
import { randomOf } from '../support/random.ts'
import { type Life, openEffects, type Stop, type Who } from './effects.ts'
import { judgeMessages } from './messages.ts'
import {
  type Collector,
  copyDatabase,
  liveAsAgent,
  makeDatabase,
  type Surroundings,
  startCollector,
} from './processes.ts'
import type { Programs } from './programs.ts'

export type Step =
  | { do: 'write'; lines: number }
  | { do: 'rename'; late: number }
  | { do: 'copytruncate' }
  | { do: 'pack' }
  | { do: 'report' }
  /** It stays down until `start`. */
  | { do: 'end'; who: Who }
  | { do: 'start' }
  | { do: 'pass'; ms: number }
  /** An older file is gone. */
  | { do: 'remove'; number: number }
  /** Beside an older file there is a packed copy of its first half. */
  | { do: 'copy half'; number: number }
  | { do: 'back up' }
  | { do: 'restore' }

export type Played = {
  /** What took place, in order. */
  effects: string[]
  verdict: Verdict
  /** Lost and doubled whatever the files are called: for a control that calls them otherwise. */
  nameless: { lost: number; doubled: number }
  /** What is wrong with the messages the person got; empty where nothing is. */
  messages: string[]
}

export type Play = {
  seed: number
  script: readonly Step[]
  stop?: Stop
  /** Whether files are known by something else than we expect. */
  nameless?: boolean | undefined
}

const patience = 60_000
/** A process that dies leaves its files as they are; nothing here needs a disk that survives more. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Plays a script to its end and gives what came of it. Throws where it does not come to rest. */
export async function play(programs: Programs, asked: Play): Promise<Played> {
  const folder = mkdtempSync(join(memory, 'cibot-world-'))
  try {
    return await openWorld(programs, folder, asked).play(asked.script)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function openWorld(programs: Programs, folder: string, { seed, stop, nameless }: Play) {
  const random = randomOf(seed)
  const time = openTime()
  const surroundings: Surroundings = { programs, effects: openEffects(stop), ...time }
  const log = openAttackedLog(folder, 'auth.log')
  const attack = openAttack({
    random: random.fork(),
    hosts: ['nas', 'nas-router'],
    age: random.pick(['old', 'middle', 'new']),
    stamps: 'RFC 3339',
    from: time.now() - 3_600_000,
  })
  const write = (lines: number) => log.write(Array.from({ length: lines }, attack.next))
  const seen: string[] = []
  const backups: string[] = []
  const agents: Promise<void>[] = []
  let [life, collectors, held] = [born('agent'), 0, false]
  let database = join(folder, 'cibot-0.db')
  makeDatabase(surroundings, database)
  let collector: Collector = startUp()

  function born(who: Who): Life {
    const ending = new AbortController()
    const one: Life = {
      who,
      ended: false,
      signal: ending.signal,
      end: () => {
        if (one.ended) return
        one.ended = true
        // The disk as it is now; what the old process still does to its files is not part of it.
        if (who === 'collector') {
          const next = join(folder, `cibot-${++collectors}.db`)
          copyDatabase(database, next)
          database = next
        }
        ending.abort()
      },
    }
    return one
  }
  function startUp(): Collector {
    const own = born('collector')
    try {
      return startCollector(surroundings, own, database, seen)
    } catch (error) {
      // It may end before it has begun.
      if (!own.ended) throw error
      return startUp()
    }
  }
  function startAgent(): void {
    const connect = () => (collector.life.ended ? undefined : accepted())
    agents.push(liveAsAgent(surroundings, life, log.path, connect))
  }
  // A process that dies in the middle of a greeting says nothing more.
  function accepted() {
    try {
      return collector.accept()
    } catch (error) {
      if (collector.life.ended) return undefined
      throw error
    }
  }
  async function revive(): Promise<void> {
    if (collector.life.ended) {
      await collector.bury()
      collector = startUp()
    }
    if (life.ended) {
      await agents.at(-1)
      life = born('agent')
      startAgent()
    }
  }
  async function atRest(): Promise<boolean> {
    if (collector.life.ended || life.ended) return false
    const { file, offset } = log.end()
    const [at] = collector.rows('SELECT body FROM checkpoint')
    const position = at === undefined ? undefined : JSON.parse(String(at['body'])).position
    const isThere = position?.offset === offset && (nameless || position.file === file)
    if (!isThere) return file === ''
    return collector.hasSummed() && (await collector.hasTold())
  }
  async function settle(): Promise<void> {
    const deadline = performance.now() + patience
    while (!(await atRest())) {
      if (collector.life.ended || life.ended) return
      if (performance.now() > deadline) {
        const where = JSON.stringify([log.end(), collector.rows('SELECT body FROM checkpoint')])
        throw new Error(`not at rest: ${where}; ${surroundings.effects.taken.slice(-12)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  async function comeToRest(): Promise<void> {
    do {
      await revive()
      await settle()
    } while (collector.life.ended || life.ended)
  }
  async function hasReported(): Promise<boolean> {
    const { life: own, report } = collector
    await report()
    return !own.ended
  }
  async function perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'write':
        return write(step.lines)
      case 'rename':
        log.rename()
        await write(step.late)
        log.reopen()
        // A log that is empty cannot be known yet; syslog writes at once.
        return write(1)
      case 'copytruncate':
        log.copyTruncate()
        return write(1)
      case 'pack':
        return log.pack(() => new Promise((resolve) => setTimeout(resolve, 2)))
      case 'report':
        if (collector.life.ended) await revive()
        return collector.report()
      case 'start':
        return
      case 'pass':
        return time.pass(step.ms)
      case 'remove':
        return rmSync(`${log.path}.${step.number}`)
      case 'copy half': {
        const older = `${log.path}.${step.number}`
        const whole = readFileSync(older)
        const half = whole.subarray(0, whole.lastIndexOf(10, whole.length / 2) + 1)
        return writeFileSync(`${older}.gz`, gzipSync(half))
      }
      case 'end':
        return (step.who === 'agent' ? life : collector.life).end()
      case 'back up': {
        const copy = join(folder, `backup-${backups.length}.db`)
        copyDatabase(database, copy)
        backups.push(copy)
        return
      }
      case 'restore': {
        const copy = backups.at(-1)
        if (copy === undefined) return
        collector.life.end()
        database = join(folder, `cibot-${++collectors}.db`)
        copyDatabase(copy, database)
        return
      }
    }
  }
  return {
    async play(script: readonly Step[]): Promise<Played> {
      startAgent()
      try {
        for (const step of script) {
          await settle()
          await perform(step)
          if (step.do === 'end') held = true
          if (step.do === 'start') held = false
          if (!held) await revive()
        }
        await comeToRest()
        // A period that could not be closed is told at the next tick.
        while (!(await hasReported())) await comeToRest()
        await comeToRest()
        const told = [{ agent: 'nas', expected: log.expected }]
        return {
          effects: [...surroundings.effects.taken],
          verdict: await judge({ rows: collector.rows }, told),
          nameless: balanceWithoutFiles(collector.rows, log.expected),
          messages: judgeMessages(collector.rows, log.expected, seen),
        }
      } finally {
        life.end()
        collector.life.end()
        await collector.bury()
        await Promise.all(agents)
      }
    },
  }
}

// Time goes by as somebody looks at it, so that nothing that waits for a second is waited for here.
function openTime(): Pick<Surroundings, 'now' | 'pass'> {
  let at = Date.now()
  return {
    now: () => {
      at += 1_100
      return at
    },
    pass: (ms) => {
      at += ms
    },
  }
}
