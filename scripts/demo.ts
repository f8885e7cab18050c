/**
 * `npm start`: the whole product on this machine, for as long as it runs. A collector, and a small
 * fleet of real agents that follow recorded attacks while they are written out again, over the real
 * wire; with this machine's own log as one more host where it can be read. Everything lies in a
 * temporary folder and goes with it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openSources } from '../agent/source/sources.ts'
import { reason } from '../shared/config.ts'
import { endRequested } from '../shared/signals.ts'
import { openFleet } from './demo/fleet.ts'
import { openReplay, recordings } from './demo/replay.ts'

const ended = endRequested()
const folder = mkdtempSync(join(tmpdir(), 'cibot-'))
const fleet = openFleet(folder, process.env, ended)

try {
  await fleet.startCollector()
  const replays = recordings().map((recording) => openReplay(recording, folder, Date.now()))
  for (const replay of replays) {
    replay.writeHistory()
    await fleet.startAgent(replay.host, { source: replay.path, hostname: replay.host })
  }
  if (await ownLogIsReadable()) await fleet.startAgent('this-machine', { source: 'auto' })

  const { attempts, probes, hosts } = await fleet.caughtUp(replays.length)
  say(
    `\n${attempts} attempts and ${probes} probes on ${hosts} hosts, merged. As Telegram would show it:\n`,
  )
  say(await fleet.collector('report'))
  say(`\nThe dashboard: ${await fleet.loginLink()}`)
  say('(the link logs you in once; the attacks go on, Ctrl-C ends everything)\n')
  await Promise.race([Promise.all(replays.map((replay) => replay.goOn(ended))), fleet.failed()])
  while (!ended.aborted) await wait(60_000, undefined, { signal: ended }).catch(() => undefined)
} catch (error) {
  if (!ended.aborted) {
    process.stderr.write(`${reason(error)}\n`)
    process.exitCode = 2
  }
} finally {
  await fleet.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function ownLogIsReadable(): Promise<boolean> {
  const sources = await openSources(['auto'], Date.now())
  const troubles = await Promise.all(sources.map((source) => source.trouble()))
  return troubles.every((trouble) => trouble === '')
}

function say(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`)
}
