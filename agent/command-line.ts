import { program, runProgram, spanOption } from '../shared/command.ts'
import { endRequested } from '../shared/signals.ts'
import { type AgentConfig, findAgentConfig, programName } from './config.ts'

// What a command needs is loaded with it: of the start of a scan, the link was half.
const command = program(programName, 'Reads a host’s authentication log and understands it')
command.option('-c, --config <file>', 'settings file (agent.json)')
let ownFile: URL | undefined

command
  .command('run')
  .description('the daemon: stream what is found to the collector')
  .action(async () => {
    const { run } = await import('./commands/run.ts')
    await run(settings(), endRequested())
  })

command
  .command('scan [files...]')
  .description(
    'count what is in logs (text, .gz, .zst, journal exports; - is standard input; none is this host’s own log)',
  )
  .option('--json', 'for programs')
  .option('--since <span>', 'only the last of it, such as 24h')
  .action(async (files: string[], { json, since }: { json?: true; since?: string }) => {
    const { scan } = await import('./commands/scan.ts')
    await scan(settings(), files, {
      json: json === true,
      since: spanOption('--since', since),
      ...terminal(),
      program: ownFile,
    })
  })

command
  .command('explain [file]')
  .description('say line by line what a log was understood as')
  .option('--json', 'for programs')
  .action(async (file: string | undefined, { json }: { json?: true }) => {
    const { explain } = await import('./commands/explain.ts')
    await explain(settings(), file ?? '-', { json: json === true, ...terminal() })
  })

command
  .command('key')
  .description('print the public key to enrol on the collector; make the pair if there is none')
  .option('--new', 'replace the pair: for a cloned host')
  .action(async (options: { new?: true }) => {
    const { ensureKey } = await import('./commands/key.ts')
    say(ensureKey(settings().keyFile, options.new === true))
  })

command
  .command('check')
  .description(
    'whether the log can be read, the collector reached, the key is known and the clock right',
  )
  .option('--json', 'for programs')
  .action(async ({ json }: { json?: true }) => {
    const [{ check }, { printLooked }] = await Promise.all([
      import('./commands/check.ts'),
      import('../shared/looked.ts'),
    ])
    process.exitCode = printLooked(await check(settings()), json === true, say)
  })

/** Understands a command line of ours, whichever it is, and does what it says; `file` is the program's. */
export function runCommandLine(words: string[], file: URL): Promise<void> {
  ownFile = file
  return runProgram(command, words)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function settings(): AgentConfig {
  return findAgentConfig(command.opts<{ config?: string }>().config)
}

function terminal(): { out: NodeJS.WriteStream; err: NodeJS.WriteStream } {
  return { out: process.stdout, err: process.stderr }
}
