import { mkdirSync, renameSync, statSync } from 'node:fs'
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
 */
export function openLog(settings: LogSettings): { log: Logger; reopen: () => void } {
  const { file, level, most = 5 * 1024 * 1024 } = settings
  if (file === undefined) {
    return {
      log: makeLogger(level, pino.destination({ dest: 2, sync: true })),
      reopen: () => undefined,
    }
  }
  const destination = openFile(file)
  let size = statSync(file).size
  const reopen = (): void => {
    destination.reopen()
    size = 0
  }
  const write = (line: string): void => {
    destination.write(line)
    size += Buffer.byteLength(line)
    if (size < most) return
    renameSync(file, `${file}.1`)
    reopen()
  }
  return { log: makeLogger(level, { write }), reopen }
}

function openFile(file: string): ReturnType<typeof pino.destination> {
  try {
    mkdirSync(dirname(file), { recursive: true })
    return pino.destination({ dest: file, sync: true })
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
