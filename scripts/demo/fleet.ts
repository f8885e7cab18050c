import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const programs = {
  agent: fileURLToPath(new URL('../../agent/main.ts', import.meta.url)),
  collector: fileURLToPath(new URL('../../collector/main.ts', import.meta.url)),
}
const patience = { tries: 200, ms: 200 }

/** The two programs as processes of their own, in one folder. */
export type Fleet = {
  /** Resolves once it listens; rejects with its own sentence where it cannot. */
  startCollector: () => Promise<void>
  startAgent: (name: string, settings: { source: string; hostname?: string }) => Promise<void>
  /** Runs an administration command and gives what it prints. */
  collector: (...command: string[]) => Promise<string>
  /** Waits until this many hosts have reported all their history; gives what it adds up to. */
  caughtUp: (hosts: number) => Promise<Totals>
  /** An address that logs a person in once. */
  loginLink: () => Promise<string>
  /** Rejects when a program ends that should not have. */
  failed: () => Promise<void>
  stop: () => Promise<void>
}

/**
 * Opens a fleet in a folder; CIBOT_… variables of `env` reach the collector (a Telegram token, a port).
 * Once `ended` aborts, what still waits rejects and nothing new is started.
 */
export function openFleet(folder: string, env: NodeJS.ProcessEnv, ended: AbortSignal): Fleet {
  const config = join(folder, 'collector.json')
  const children: { name: string; process: ChildProcess; said: () => string }[] = []
  writeJson(config, {
    database: `sqlite:${join(folder, 'cibot.db')}`,
    logFile: join(folder, 'cibot.log'),
  })

  let url = ''
  const start = (name: string, program: string, file: string): ChildProcess => {
    ended.throwIfAborted()
    const process_ = spawn(process.execPath, [program, '--config', file, 'run'], {
      env: { ...env, ...(name === 'collector' ? {} : { CIBOT_LOG_LEVEL: 'warn' }) },
      stdio: ['ignore', name === 'collector' ? 'pipe' : 'ignore', 'pipe'],
    })
    let said = ''
    process_.stderr?.on('data', (text: Buffer) => {
      said += text.toString()
    })
    children.push({ name, process: process_, said: () => said.trim() })
    return process_
  }
  const collector = async (...command: string[]): Promise<string> => {
    const { stdout } = await run(process.execPath, [programs.collector, '-c', config, ...command], {
      env,
      signal: ended,
    })
    return stdout
  }
  return {
    startCollector: async () => {
      const child = start('collector', programs.collector, config)
      const said = children.at(-1)?.said
      const [output] = (await Promise.race([
        once(child.stdout ?? child, 'data', { signal: ended }),
        once(child, 'exit', { signal: ended }).then(() => [undefined]),
      ])) as [Buffer | undefined]
      if (output === undefined) throw new Error(said?.() || 'the collector did not start')
      process.stdout.write(output)
      url = output.toString().match(/https?:\S+/)?.[0] ?? ''
      child.stdout?.pipe(process.stdout)
    },
    startAgent: async (name, settings) => {
      const home = join(folder, name)
      mkdirSync(home, { recursive: true })
      const file = join(home, 'agent.json')
      writeJson(file, { collector: url, ...settings })
      const { stdout: key } = await run(process.execPath, [programs.agent, '-c', file, 'key'], {
        signal: ended,
      })
      await collector('agents', 'add', name, key.trim())
      start(name, programs.agent, file)
    },
    collector,
    caughtUp: async (hosts) => {
      const token = (await collector('token', 'add', 'demo')).trim()
      const ask = async (path: string): Promise<unknown> => {
        const answer = await fetch(`${url}${path}`, {
          headers: { authorization: `Bearer ${token}` },
          signal: ended,
        })
        return answer.json()
      }
      return caughtUp(ask, hosts, ended)
    },
    loginLink: async () => (await collector('link', 'demo')).trim(),
    failed: async () => {
      await Promise.race(children.map(({ process: child }) => once(child, 'exit')))
      const gone = children.find(({ process: child }) => child.exitCode !== null)
      if (!ended.aborted) throw new Error(gone?.said() || `${gone?.name} ended`)
    },
    stop: async () => {
      await Promise.all(children.map(({ process: child }) => end(child)))
    },
  }
}

type Totals = { attempts: number; probes: number; logins: number; hosts: number }

// Every host has told something, and nothing new came for a moment.
async function caughtUp(
  ask: (path: string) => Promise<unknown>,
  hosts: number,
  ended: AbortSignal,
): Promise<Totals> {
  let before = ''
  for (let tries = 0; tries < patience.tries; tries++) {
    const totals = (await ask('/api/v1/totals')) as Totals
    const now = JSON.stringify(totals)
    if (totals.hosts >= hosts && now === before) return totals
    before = now
    await wait(patience.ms, undefined, { signal: ended })
  }
  throw new Error('the fleet did not report within its time')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await Promise.race([once(child, 'exit'), wait(3000, undefined, { ref: false })])
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}
