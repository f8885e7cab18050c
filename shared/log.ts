import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Where the program's own log goes and how much of it: a file (cibot.log) or standard error. */
export type LogSettings = {
  file?: string | undefined
  level: 'debug' | 'info' | 'warn' | 'error'
}

/**
 * The program's own log: JSON lines, secrets never in them. With a file, gives also `reopen`, for
 * when logrotate has moved it (SIGHUP).
 */
export function openLog(settings: LogSettings): { log: Logger; reopen: () => void } {
  if (settings.file !== undefined) mkdirSync(dirname(settings.file), { recursive: true })
  const destination = pino.destination({ dest: settings.file ?? 2, sync: true, mkdir: false })
  const log = makeLogger(settings.level, destination)
  return { log, reopen: () => (settings.file === undefined ? undefined : destination.reopen()) }
}

function makeLogger(level: LogSettings['level'], destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          'token',
          'password',
          'key',
          'secret',
          'cookie',
          'authorization',
          '*.token',
          '*.password',
          '*.authorization',
          '*.cookie',
        ],
        censor: '(secret)',
      },
    },
    destination,
  )
}
