import { Option } from 'commander'
import { numberOption, program, runProgram, spanOption } from '../shared/command.ts'
import { findConfig } from '../shared/config.ts'
import { printLooked } from '../shared/looked.ts'
import { aborted, endRequested } from '../shared/signals.ts'
import { addAgent, listAgents, revokeAgent } from './commands/agents.ts'
import { backup } from './commands/backup.ts'
import { check } from './commands/check.ts'
import { openDesk } from './commands/desk.ts'
import { listPeople, listTokens, removePerson, removeToken } from './commands/known.ts'
import { linkFor } from './commands/link.ts'
import { followLog, printLog } from './commands/log.ts'
import { report, resend } from './commands/report.ts'
import { run } from './commands/run.ts'
import { addToken } from './commands/token.ts'
import { addUser } from './commands/user.ts'
import { readCollectorConfig } from './config.ts'

// Names tried are passwords at times, and one-time codes have a secret: as the unit says it (UMask).
process.umask(0o077)

const command = program(
  'cibot-collector',
  'Counts what the agents of a fleet find, once, and reports it',
)
command.option('-c, --config <file>', 'settings file (collector.json)')

command
  .command('run')
  .description('the daemon: let agents in, serve the page, send the reports')
  .action(async () => {
    const ended = endRequested()
    const running = await run(settings(), { print: say, failed: endWith })
    say(`listening on ${running.url}`)
    await aborted(ended)
    await running.stop()
  })

const agents = command.command('agents').description('who may report')
agents
  .command('list', { isDefault: true })
  .description('the agents and when they were last heard')
  .option('--json', 'for programs')
  .action(({ json }: { json?: true }) => {
    const list = openDesk(settings()).agents.list()
    say(json ? JSON.stringify(list) : listAgents(list, Date.now()).join('\n'))
  })
agents
  .command('add <name> <key>')
  .description('enrol the public key that `cibot-agent key` prints')
  .action((name: string, key: string) => {
    const desk = openDesk(settings())
    say(addAgent(desk.agents, desk.log, name, key, Date.now()))
  })
agents
  .command('revoke <name>')
  .description('shut an agent out, at once')
  .action((name: string) => {
    const desk = openDesk(settings())
    say(revokeAgent(desk.agents, desk.log, name, Date.now()))
  })

const users = command.command('user').description('who may look at the page')
users
  .command('list')
  .description('the people, how they log in and when they were last here')
  .option('--json', 'for programs')
  .action(({ json }: { json?: true }) => {
    const people = openDesk(settings()).known.people()
    say(json ? JSON.stringify(people) : listPeople(people, Date.now()).join('\n'))
  })
users
  .command('remove <name>')
  .description('take a person away, with every session')
  .action((name: string) => {
    const desk = openDesk(settings())
    say(removePerson(desk.known, desk.log, name))
  })
users
  .command('add <name>')
  .description('add a person, or give one a new password (asked for, or read from standard input)')
  .action(async (name: string) => {
    process.exitCode = await addUser(openDesk(settings()), name, process)
  })

command
  .command('link <name>')
  .description('print a link that logs this person in once')
  .action((name: string) => say(linkFor(settings(), openDesk(settings()).people, name)))

const tokens = command.command('token').description('what scripts log in with')
tokens
  .command('list')
  .description('the tokens and when they were last used; never what they are')
  .option('--json', 'for programs')
  .action(({ json }: { json?: true }) => {
    const list = openDesk(settings()).known.tokens()
    say(json ? JSON.stringify(list) : listTokens(list, Date.now()).join('\n'))
  })
tokens
  .command('remove <name>')
  .description('take a token away, at once')
  .action((name: string) => {
    const desk = openDesk(settings())
    say(removeToken(desk.known, desk.log, name))
  })
tokens
  .command('add <name>')
  .description('make a token and print it, once')
  .action((name: string) => {
    process.exitCode = addToken(openDesk(settings()), name, process)
  })

command
  .command('report')
  .description('send the consolidated report now')
  .option('--since <span>', 'over this long (such as 1h) instead of what no report has told yet')
  .option('--dry-run', 'print it; store and send nothing')
  .addOption(
    new Option('--resend <number>', 'send this one once more instead, as it was').conflicts([
      'since',
      'dryRun',
    ]),
  )
  .action(async (asked: { since?: string; dryRun?: true; resend?: string }) => {
    const config = settings()
    const desk = openDesk(config)
    const number = numberOption('--resend', asked.resend)
    const since = spanOption('--since', asked.since)
    const dryRun = asked.dryRun === true
    say(await (number ? resend(config, desk, number) : report(config, desk, { since, dryRun })))
  })

command
  .command('backup <file>')
  .description('write a consistent copy of the database, while the daemon runs')
  .action((file: string) => say(backup(settings().database, file)))

command
  .command('check')
  .description('whether everything the collector needs is in order')
  .option('--json', 'for programs')
  .action(async ({ json }: { json?: true }) => {
    const config = settings()
    process.exitCode = printLooked(await check(config, openDesk(config)), json === true, say)
  })

command
  .command('log')
  .description('what happened in the fleet')
  .option('-f, --follow', 'go on as it happens')
  .option('--json', 'one JSON object a line')
  .action(async ({ follow, json }: { follow?: true; json?: true }) => {
    const config = settings()
    const { log, history, settings: changed } = openDesk(config)
    const timeZone = changed.read().zone
    const options = { log, history, json: json === true, timeZone, print: say }
    if (follow) await followLog(options, endRequested())
    else printLog(options)
  })

void runProgram(command, process.argv.slice(2))

function say(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`)
}

// A daemon that cannot deliver or store any more ends, loudly; its supervisor starts it afresh.
function endWith(error: unknown): never {
  process.stderr.write(`cibot-collector: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

function settings(): ReturnType<typeof readCollectorConfig> {
  const { config } = command.opts<{ config?: string }>()
  const places = ['/etc/cibot/collector.json', 'collector.json', 'cibot.json']
  return readCollectorConfig({
    file: findConfig(config, places, process.env),
    env: process.env,
  })
}
