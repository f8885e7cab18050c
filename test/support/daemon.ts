/** One real process of ours that a test starts, hurts and starts again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { flags } from '../../scripts/flags.ts'

export type Daemon = {
  name: string
  isRunning: () => boolean
  /** Its process; undefined where it is not running. */
  pid: () => number | undefined
  /** Starts it; resolves once it says that it is ready, rejects with its words where it ends before. */
  start: () => Promise<void>
  /** SIGTERM; gives the exit code once it has ended. */
  stop: () => Promise<number | null>
  /** SIGKILL; resolves once it is gone. Nothing happens where it is not running. */
  kill: () => Promise<void>
  /** SIGSTOP: it stands still, its sockets stay open. */
  pause: () => void
  resume: () => void
  /** Sets its wall clock so many ms ahead, from now on and in its next lives; only where it was opened with one. */
  shiftClock: (ms: number) => void
  /** The last words of all its lives, for a failure's message. */
  said: () => string
}

/** From its sources, or the file of a built one, or the main file of another source tree. */
export type Program = 'agent' | 'collector' | `/${string}`

const wordsKept = 20_000

/** What is not as usual around a daemon. */
export type DaemonOptions = {
  /** The file that says how far its wall clock is off, if that is to be changed. */
  clock?: string | undefined
  /** A folder of programs that it finds before all others. */
  programs?: string | undefined
}

/** A daemon of ours by the settings in a file; `ready` is what it prints when it is. */
export function openDaemon(
  name: string,
  program: Program,
  settings: string,
  ready: RegExp,
  options: DaemonOptions = {},
): Daemon {
  const { clock } = options
  let child: ChildProcess | undefined
  let words = ''
  const ended = (one: ChildProcess) =>
    new Promise<number | null>((resolve) => {
      if (one.exitCode !== null || one.signalCode !== null) resolve(one.exitCode)
      else one.once('exit', resolve)
    })
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child === undefined) return null
    const one = child
    one.kill(signal)
    // One that stands still hears SIGTERM only once it goes on.
    one.kill('SIGCONT')
    const code = await ended(one)
    if (child === one) child = undefined
    return code
  }
  return {
    name,
    isRunning: () => child !== undefined,
    pid: () => child?.pid,
    async start() {
      if (child !== undefined) throw new Error(`${name} is running already`)
      const one = spawnProgram(program, ['-c', settings, 'run'], options)
      child = one
      one.once('exit', () => {
        if (child === one) child = undefined
      })
      await new Promise<void>((resolve, reject) => {
        let said = ''
        const hear = (text: string) => {
          words = (words + text).slice(-wordsKept)
          if (said === '' || !ready.test(said)) said += text
          if (ready.test(said)) resolve()
        }
        one.stdout?.setEncoding('utf8').on('data', hear)
        one.stderr?.setEncoding('utf8').on('data', hear)
        one.once('exit', () => reject(new Error(`${name} ended before it was ready: ${said}`)))
      })
    },
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    shiftClock(ms) {
      if (clock === undefined) throw new Error(`${name} has no clock that can be shifted`)
      writeFileSync(clock, String(ms))
      child?.kill('SIGUSR2')
    },
    said: () => words,
  }
}

/** Runs one command of ours to its end and gives what it printed. Rejects where it fails. */
export async function runCommand(program: Program, ...words: string[]): Promise<string> {
  const child = spawnProgram(program, words)
  let [printed, complained] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text) => (printed += text))
  child.stderr?.setEncoding('utf8').on('data', (text) => (complained += text))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`${program} ${words.join(' ')}: exit ${code}: ${complained}`)
  return printed.trim()
}

/** What Node is told to run this program: a built one with the flags it brings. */
export function wordsOf(program: Program): string[] {
  if (!program.startsWith('/'))
    return [fileURLToPath(new URL(`../../${program}/main.ts`, import.meta.url))]
  if (!isBuilt(program)) return [program]
  return [...flags[program.endsWith('/agent.js') ? 'agent' : 'collector'], program]
}

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
// A test that is cut off must not leave a fleet behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const shiftedClock = new URL('shifted-clock.ts', import.meta.url).href

function isBuilt(program: Program): boolean {
  return program.endsWith('.js')
}

function spawnProgram(
  program: Program,
  words: string[],
  { clock, programs }: DaemonOptions = {},
): ChildProcess {
  const before = clock === undefined ? [] : ['--import', shiftedClock]
  const child = spawn(process.execPath, [...before, ...wordsOf(program), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...environment(isBuilt(program)),
      ...(clock === undefined ? {} : { SHIFTED_CLOCK: clock }),
      ...(programs === undefined ? {} : { PATH: `${programs}:${process.env['PATH']}` }),
    },
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

// Settings come from the file alone, whatever the tests' own environment holds. Compiled sources are
// kept for the next start: a campaign starts hundreds of processes.
function environment(built: boolean): NodeJS.ProcessEnv {
  const ours = /^(?:CIBOT_|CREDENTIALS_DIRECTORY|NODE_OPTIONS|NODE_TEST_CONTEXT)/
  const others = Object.entries(process.env).filter(([name]) => !ours.test(name))
  const cache = { NODE_COMPILE_CACHE: join(tmpdir(), 'cibot-tests-compiled') }
  return { ...Object.fromEntries(others), ...(built ? {} : cache) }
}
