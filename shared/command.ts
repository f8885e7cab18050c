import { Command, CommanderError } from 'commander'
import { ConfigError } from './config.ts'
import { endingWell } from './ending.ts'
import { spanOf } from './span.ts'
import { version } from './version.ts'

/** A command line program with our manners: one sentence on standard error, exit code 2 for what the user can mend. */
export function program(name: string, about: string): Command {
  return new Command(name)
    .description(about)
    .version(version)
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureHelp({ sortSubcommands: false })
}

/** Reads an option that is a span of time, in ms; undefined where it was not given. Throws ConfigError. */
export function spanOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = spanOf(text)
  if (ms === undefined) {
    throw new ConfigError(`${name}: "${text}" is no span of time, such as 1h, 24h or 7d`)
  }
  return ms
}

/** Reads an option that is a number people count with, from 1; undefined where it was not given. Throws ConfigError. */
export function numberOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new ConfigError(`${name}: "${text}" is no number`)
  return Number(text)
}

/** Runs a program to its end and sets the exit code: 0 for success, 2 for wrong input or settings. */
export async function runProgram(command: Command, argv: string[]): Promise<void> {
  process.stdout.on('error', (error: Error & { code?: string }) => {
    // Who reads our output may have seen enough (`scan | head`).
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`${command.name()}: cannot write what was asked for: ${error.message}\n`)
    process.exit(2)
  })
  await endingWell(command.name(), async () => {
    try {
      await command.parseAsync(argv, { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      process.exitCode = error.exitCode === 0 ? 0 : 2
    }
  })
}
