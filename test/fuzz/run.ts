/**
 * `npm run fuzz [-- --seed N --lines N --names N --frames N --bodies N --settings N]`: as long as one
 * likes. What breaks a promise is kept as a file in found/, which every `npm test` tries again. Says what
 * memory was held at every tenth of the way. Exit code 1 where something was found or memory grows.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { randomOf } from '../support/random.ts'
import { campaign, type Result, type Target } from './campaign.ts'
import { mostGrown, watchMemory } from './memory.ts'
import { type Name, targets } from './targets.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: { seed: text, lines: text, names: text, frames: text, bodies: text, settings: text },
})
const seed = Number(values.seed ?? 1)

process.on('unhandledRejection', (error) => {
  throw error
})
let found = 0
let grows = false
for (const [name, { open, usual }] of Object.entries(targets)) {
  const least = Number(values[name as Name] ?? usual)
  if (!(least > 0)) continue
  // biome-ignore lint/suspicious/noExplicitAny: each target makes and takes inputs of its own kind
  const target = (await open()) as Target<any>
  const result = await watched(target, least)
  found += result.found.length
  for (const one of result.found) keep(name, one)
}
process.exitCode = found > 0 || grows ? 1 : 0

async function watched<I>(target: Target<I>, least: number): Promise<Result<I>> {
  const started = process.cpuUsage()
  const memory = watchMemory(least)
  const result = await campaign(target, randomOf(seed), least, memory.beat)
  const { user, system } = process.cpuUsage(started)
  const words = [
    `${target.name}: ${result.tried} tried in ${result.inputs} inputs, seed ${seed}`,
    `${result.kept} kept (${target.seeds.length} seeds), ${result.reached} characters of code reached`,
    `${Math.round((user + system) / 1e6)} s of CPU`,
    `${result.found.length} found`,
  ]
  process.stdout.write(`${words.join('; ')}\n`)
  for (const what of ['heap', 'buffers', 'rss'] as const) {
    const all = memory.held().map((one) => one[what])
    process.stdout.write(`  ${what.padEnd(7)} MiB at each tenth: ${all.join(' ')}\n`)
  }
  if (memory.grown() > mostGrown) {
    process.stdout.write(
      `  memory grows: ${memory.grown()} MiB, at most ${mostGrown} may be kept\n`,
    )
    grows = true
  }
  return result
}

function keep(name: string, { input, error }: { input: unknown; error: unknown }): void {
  const folder = new URL('found/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const file = new URL(`${name}-${Date.now()}-${found}.json`, folder)
  const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
  writeFileSync(file, `${JSON.stringify({ target: name, why, input }, null, 2)}\n`)
  process.stdout.write(`kept as ${file.pathname}: ${why}\n`)
}
