import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type DestinationStream, type Logger, pino } from 'pino'
import { ConfigError, reason } from './config.ts'

export type { Logger } from 'pino'

/** Where the program's own log goes and how much of it: a file (cibot.log) or standard error. */
export type LogSettings = {
  file?: string | undefined
  level: 'debug' | 'info' | 'warn' | 'error'
  /** Bytes at which the file is put aside as FILE.1 and a new one begun; 5 MiB if not said. */
  most?: number
}

/**
 * The program's own log: JSON lines, secrets never in them. Gives also `reopen`, for when something
 * else has moved the file (logrotate, with SIGHUP). Throws ConfigError where the file cannot be written.
 * Later nothing about it ends the program: a disk that was full once ended both, one minute after the other.
 */
export function openLog(settings: LogSettings): { log: Logger; reopen: () => void } {
  const { file, level, most = 5 * 1024 * 1024 } = settings
  if (file === undefined) {
    return {
      log: makeLogger(level, openDestination(2)),
      reopen: () => undefined,
    }
  }
  const destination = openFile(file)
  let size = statSync(file).size
  const reopen = (): void => {
    if (!isWritable(file)) return
    destination.reopen()
    size = statSync(file).size
  }
  const write = (line: string): void => {
    destination.write(line)
    size += Buffer.byteLength(line)
    if (size < most) return
    size = 0
    if (isPutAside(file)) reopen()
  }
  return { log: makeLogger(level, { write }), reopen }
}

type Destination = ReturnType<typeof pino.destination>

const mostWaiting = 1024 * 1024

/** What cannot be written waits until it can be, the first 1 MiB of it. */
function openDestination(dest: string | 2): Destination {
  // Full, it only drops; and it does not flush what it need not gather a byte of.
  const held = { minLength: 1, maxLength: mostWaiting }
  const destination = pino.destination({ dest, sync: true, ...held })
  return destination.on('error', () => {}).on('drop', () => destination.flush())
}

function isWritable(file: string): boolean {
  try {
    closeSync(openSync(file, 'a'))
    return true
  } catch {
    return false
  }
}

// The folder may be another's: then the file grows until somebody else puts it aside.
function isPutAside(file: string): boolean {
  try {
    renameSync(file, `${file}.1`)
    return true
  } catch {
    return false
  }
}

function openFile(file: string): Destination {
  try {
    mkdirSync(dirname(file), { recursive: true })
    return openDestination(file)
  } catch (error) {
    throw new ConfigError(
      `cannot write logFile ${file}: ${reason(error)}; choose a file in a folder that this user may write to`,
      { cause: error },
    )
  }
}

function makeLogger(level: LogSettings['level'], destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '(secret)' },
    },
    destination,
  )
}

const secrets = [
  'token',
  'password',
  'secret',
  'cookie',
  'authorization',
  'signature',
  'privateKey',
]
