/**
 * `npm run bench [NAME…] [-- --quick]`: the same work with us and with the peers that are installed,
 * side by side; prints tables and keeps them in test/bench/RESULTS.md. `--quick` does little and
 * keeps nothing.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench, Setting } from './bench.ts'
import { keep, order, section } from './results.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const words = process.argv.slice(2)
const quick = words.includes('--quick')
const there = order.filter((name) =>
  existsSync(fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
)
const named = words.filter((word) => !word.startsWith('--'))
const unknown = named.find((name) => !there.some((one) => one === name))
if (unknown === undefined)
  await runAll(there.filter((name) => named.length === 0 || named.includes(name)))
else {
  process.stderr.write(`there is no bench "${unknown}"; there are: ${there.join(', ')}\n`)
  process.exitCode = 2
}

async function runAll(names: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-bench-')) as `/${string}`
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const programs = build(`${folder}/dist`)
  const sections = new Map<string, string>()
  for (const name of names) {
    const { bench } = (await import(`./${name}.ts`)) as { bench: Bench }
    const setting: Setting = { quick, folder, programs, say: (text) => say(`${name}: ${text}`) }
    const text = section(name, bench, await bench.run(setting))
    say('')
    process.stdout.write(`${text}\n\n`)
    sections.set(name, text)
    // Kept one by one: a run that is cut off has not been for nothing.
    if (!quick) keep(join(root, 'test/bench/RESULTS.md'), sections)
  }
}

function build(folder: `/${string}`): Setting['programs'] {
  say('building')
  execFileSync(process.execPath, ['scripts/build.ts', folder], { cwd: root, stdio: 'ignore' })
  return { agent: `${folder}/agent.js`, collector: `${folder}/collector.js` }
}

// On a terminal one line that changes; elsewhere one line each.
function say(text: string): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r\u001b[K${text.slice(0, process.stderr.columns - 1)}`)
  else if (text !== '') process.stderr.write(`${text}\n`)
}
