/**
 * `npm run fuzz [-- --seed N --lines N --frames N --bodies N --settings N]`: as long as one likes. What
 * breaks a promise is kept as a file in found/, which every `npm test` tries again. Says what memory was
 * after a tenth of the way, when everything is warm, and at the end.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { randomOf } from '../support/random.ts'
import { campaign, type Result, type Target } from './campaign.ts'
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
for (const [name, { open, usual }] of Object.entries(targets)) {
  const least = Number(values[name as Name] ?? usual)
  if (!(least > 0)) continue
  // biome-ignore lint/suspicious/noExplicitAny: each target makes and takes inputs of its own kind
  const target = (await open()) as Target<any>
  const result = await watched(target, least)
  found += result.found.length
  for (const one of result.found) keep(name, one)
}
process.exitCode = found > 0 ? 1 : 0

async function watched<I>(target: Target<I>, least: number): Promise<Result<I>> {
  const started = process.cpuUsage()
  let first = 0
  let last = 0
  const result = await campaign(target, randomOf(seed), least, (tried) => {
    last = process.memoryUsage.rss()
    if (first === 0 && tried >= least / 10) first = last
  })
  const { user, system } = process.cpuUsage(started)
  const words = [
    `${target.name}: ${result.tried} tried in ${result.inputs} inputs, seed ${seed}`,
    `${result.kept} kept (${target.seeds.length} seeds), ${result.reached} characters of code reached`,
    `${Math.round((user + system) / 1e6)} s of CPU`,
    `RSS ${mebibytes(first)} MiB after a tenth, ${mebibytes(last)} MiB at the end`,
    `${result.found.length} found`,
  ]
  process.stdout.write(`${words.join('; ')}\n`)
  return result
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}

function keep(name: string, { input, error }: { input: unknown; error: unknown }): void {
  const folder = new URL('found/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const file = new URL(`${name}-${Date.now()}-${found}.json`, folder)
  const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
  writeFileSync(file, `${JSON.stringify({ target: name, why, input }, null, 2)}\n`)
  process.stdout.write(`kept as ${file.pathname}: ${why}\n`)
}
