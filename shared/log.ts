/**
 * The program's own log: one JSON object a line, secrets never in it. Written by hand and not by a
 * package: of the text an agent begins with, that was a sixth, and it stands beside every log.
 */
import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Where the program's own log goes and how much of it: a file (cibot.log) or standard error. */
export type LogSettings = {
  file?: string | undefined
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Bytes at which the file is put aside as FILE.1 and a new one begun; 5 MiB if not said. */
  most?: number
}

/** Says what happened: its facts, an error among them, and one sentence; or the sentence alone. */
type Say = (facts: unknown, sentence?: string) => void

/** The levels that fastify asks for as well; its children say nothing of their own. */
export type Logger = { level: string; child: () => Logger } & Record<Level, Say>

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type Level = (typeof levels)[number]

/**
 * Opens the log. Gives also `reopen`, for when something else has moved the file (logrotate, with
 * SIGHUP).
 */
export function openLog(settings: LogSettings): { log: Logger; reopen: () => void } {
  const { file, level, most = 5 * 1024 * 1024 } = settings
  if (file === undefined) {
    return { log: makeLogger(level, (line) => writeAll(2, line)), reopen: () => undefined }
  }
  mkdirSync(dirname(file), { recursive: true })
  let opened = openSync(file, 'a')
  let size = statSync(file).size
  const reopen = (): void => {
    closeSync(opened)
    opened = openSync(file, 'a')
    size = 0
  }
  const write = (line: Buffer): void => {
    writeAll(opened, line)
    size += line.length
    if (size < most) return
    renameSync(file, `${file}.1`)
    reopen()
  }
  return { log: makeLogger(level, write), reopen }
}

function makeLogger(least: LogSettings['level'], write: (line: Buffer) => void): Logger {
  const say = (level: Level): Say => {
    if (level === 'silent' || levels.indexOf(level) < levels.indexOf(least)) return () => undefined
    return (facts, sentence) => write(Buffer.from(lineOf(level, facts, sentence)))
  }
  const sayings = Object.fromEntries(levels.map((level) => [level, say(level)]))
  const log: Logger = { ...(sayings as Record<Level, Say>), level: least, child: () => log }
  return log
}

function lineOf(level: Level, facts: unknown, sentence: string | undefined): string {
  const time = new Date().toISOString()
  const line =
    facts instanceof Error
      ? { level, time, err: facts, msg: sentence ?? facts.message }
      : typeof facts === 'object'
        ? { level, time, ...facts, msg: sentence }
        : { level, time, msg: String(facts) }
  return `${JSON.stringify(tellable(line, deepest))}\n`
}

/** Deep enough for all that is told here, and an end for what holds itself. */
const deepest = 5

// What is no plain value, such as a socket, is named only: it may hold anything.
function tellable(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) {
    const { name, message, stack } = value
    return { type: name, message, stack }
  }
  const kind: unknown = Object.getPrototypeOf(value)
  if (depth === 0 || !(Array.isArray(value) || kind === Object.prototype || kind === null)) {
    return `(${value.constructor?.name ?? 'object'})`
  }
  if (Array.isArray(value)) return value.map((one) => tellable(one, depth - 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      secrets.has(key) ? '(secret)' : tellable(one, depth - 1),
    ]),
  )
}

const secrets = new Set([
  'token',
  'password',
  'secret',
  'cookie',
  'authorization',
  'signature',
  'privateKey',
])

// A pipe that nobody empties is waited for; one that nobody reads any more ends nothing.
function writeAll(file: number, line: Buffer): void {
  for (let written = 0; written < line.length; ) {
    try {
      written += writeSync(file, line, written)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
}
