import { spawn } from 'node:child_process'

/** How a program ended: exit code (null when it was killed), its output as text, and whether its time ran out. */
export type Outcome = { code: number | null; out: string; err: string; late: boolean }

/**
 * What a program may be given: standard input, seconds it may run (30), its whole environment, and
 * somebody who hears its standard output as it comes.
 */
export type Given = {
  input?: string
  seconds?: number
  env?: Record<string, string>
  heard?: (text: string) => void
}

/** Thrown where a program that has to succeed did not. */
export class CommandFailed extends Error {
  override name = 'CommandFailed'
}

/**
 * Runs argv without a shell and waits for its end; a program that outlives its seconds is killed
 * with everything it started. Never throws for what the program does.
 */
export function command(argv: readonly string[], given: Given = {}): Promise<Outcome> {
  const [program = '', ...rest] = argv
  const child = spawn(program, rest, { detached: true, env: given.env ?? environment() })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk)
    given.heard?.(`${chunk}`)
  })
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => {}) // a program may end before it has read all of its input
  child.stdin.end(given.input ?? '')
  let late = false
  const timer = setTimeout(
    () => {
      late = true
      killGroup(child.pid)
    },
    1000 * (given.seconds ?? 30),
  )
  return new Promise((resolve) => {
    const finish = (code: number | null, more = ''): void => {
      clearTimeout(timer)
      resolve({ code, out: `${Buffer.concat(out)}`, err: `${Buffer.concat(err)}${more}`, late })
    }
    child.once('error', (error) => finish(null, error.message))
    child.once('close', (code) => finish(code))
  })
}

/** Runs argv and gives its standard output; throws CommandFailed unless it exits with 0. */
export async function must(argv: readonly string[], given: Given = {}): Promise<string> {
  const { code, out, err, late } = await command(argv, given)
  if (code === 0) return out
  const how = late ? 'took too long' : `exit code ${code}`
  throw new CommandFailed(`${argv.join(' ')}: ${how}\n${`${out}${err}`.slice(-2000)}`)
}

/** Asks again every 100 ms until the answer is not undefined; throws with `what` after `seconds`. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + 1000 * seconds
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new CommandFailed(`${what}: not within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function environment(): Record<string, string> {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  return { PATH: path, HOME: '/root', LANG: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // it ended by itself in the meantime
  }
}
