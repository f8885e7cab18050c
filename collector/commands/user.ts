import type { Readable, Writable } from 'node:stream'
import type { Log } from '../store/log.ts'
import { badName, namePattern, type People } from '../store/people/people.ts'

/** A terminal as far as a password needs one: process.stdin fits. */
export type Keyboard = Readable & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown }

export type UserIo = { stdin: Keyboard; stdout: Writable; stderr: Writable }

/**
 * `user add NAME`: asks for a password (unseen, on a terminal; else the first line of stdin) and
 * makes the person, or gives one already there a new password. Gives the exit code: 2 where the name
 * or the password is not taken, 130 where Ctrl-C was pressed.
 */
export async function addUser(
  { people, log }: { people: People; log: Log },
  name: string,
  io: UserIo,
): Promise<number> {
  if (!namePattern.test(name)) return refuse(io, badName(name))
  const password = io.stdin.isTTY === true ? await ask(name, io) : await firstLine(io.stdin)
  if (password.kind === 'none') {
    return password.why === undefined ? 130 : refuse(io, password.why)
  }
  const set = await people.setPassword(name, password.text)
  switch (set.kind) {
    case 'refused':
      return refuse(io, set.why)
    case 'added':
      log.append('user', `${name} was added`)
      io.stdout.write(`${name} can log in now.\n`)
      return 0
    case 'changed':
      log.append('user', `${name} was given a new password`)
      io.stdout.write(`${name} has a new password; all sessions of ${name} have ended.\n`)
      return 0
  }
}

type Typed = { kind: 'typed'; text: string } | { kind: 'none'; why?: string }

const longest = 1024

function refuse(io: UserIo, why: string): number {
  io.stderr.write(`user add: ${why}\n`)
  return 2
}

// Raw mode: the terminal shows nothing, and so the editing keys are ours to understand.
async function ask(name: string, { stdin, stderr }: UserIo): Promise<Typed> {
  const keys = keysOf(stdin)
  stdin.setRawMode?.(true)
  try {
    const first = await typed(`Password for ${name}: `, keys, stderr)
    if (first.kind === 'none') return first
    const second = await typed('Once more: ', keys, stderr)
    if (second.kind === 'none' || second.text === first.text) return second
    return { kind: 'none', why: 'the two were not the same; nothing was changed' }
  } finally {
    stdin.setRawMode?.(false)
    await keys.return()
  }
}

async function firstLine(stdin: Keyboard): Promise<Typed> {
  let text = ''
  stdin.setEncoding('utf8')
  for await (const chunk of stdin) {
    text += String(chunk)
    if (text.includes('\n') || text.length > longest) break
  }
  const line = text.split('\n', 1)[0]?.replace(/\r$/, '') ?? ''
  return line === ''
    ? { kind: 'none', why: 'no password came; type one, or write it to standard input' }
    : { kind: 'typed', text: line }
}

const lineEnds = ['\r', '\n', '\x04']
const interrupt = '\x03'
const clear = '\x15'
const rubOut = ['\x7f', '\b']

async function typed(
  prompt: string,
  keys: AsyncGenerator<string, void>,
  stderr: Writable,
): Promise<Typed> {
  stderr.write(prompt)
  const letters: string[] = []
  for (;;) {
    const { value: key } = await keys.next()
    if (key === undefined || key === interrupt || lineEnds.includes(key)) stderr.write('\n')
    if (key === undefined) return { kind: 'none', why: 'no password came' }
    if (key === interrupt) return { kind: 'none' }
    if (lineEnds.includes(key)) return { kind: 'typed', text: letters.join('') }
    if (key === clear) letters.length = 0
    else if (rubOut.includes(key)) letters.pop()
    else if (letters.length < longest) letters.push(key)
  }
}

async function* keysOf(stdin: Keyboard): AsyncGenerator<string, void> {
  stdin.setEncoding('utf8')
  for await (const chunk of stdin) yield* String(chunk)
}
