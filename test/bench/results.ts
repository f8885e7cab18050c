import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { version } from '../../shared/version.ts'
import type { Bench, Table } from './bench.ts'

/** A bench's tables as Markdown that reads well in a terminal too. */
export function section(name: string, { about }: Bench, tables: readonly Table[]): string {
  const day = new Date().toISOString().slice(0, 10)
  const parts = tables.map(
    ({ title, columns, rows, notes }) =>
      `### ${title}\n\n${grid(columns, rows)}\n${notes.map((note) => `\n- ${note}`).join('')}`,
  )
  return `## ${name}\n\n${about}\n\n${day}, CIBot ${version}; ${machine()}.\n\n${parts.join('\n\n')}`
}

/** Puts sections into the file in place of older ones of the same benches; the others stay. */
export function keep(file: string, sections: ReadonlyMap<string, string>): void {
  const kept = existsSync(file) ? readSections(readFileSync(file, 'utf8')) : new Map()
  const all = new Map([...kept, ...sections])
  const order = [...all.keys()].toSorted((one, other) => place(one) - place(other))
  writeFileSync(file, `${[head, ...order.map((name) => all.get(name)?.trim())].join('\n\n')}\n`)
}

/** The benches there are, in the order in which they are run and printed. */
export const order = ['parse', 'live', 'ingest', 'latency', 'footprint', 'growth', 'api'] as const

function place(name: string): number {
  return (order as readonly string[]).indexOf(name)
}

const head = `# How fast

Written by \`npm run bench\`; \`npm run bench NAME\` makes one part anew. CPU is user + system time of whole
processes, start included, by the kernel's account; every figure is the median of runs in turn
(A B C A B C …) after a warm-up. Times on the wall depend on what else the machine does; ratios hold.`

function readSections(text: string): Map<string, string> {
  const parts = text.split(/^(?=## )/m).slice(1)
  return new Map(parts.map((part) => [/^## (.*)/.exec(part)?.[1] ?? '', part.trim()]))
}

function machine(): string {
  const model = cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${model}, ${availableParallelism()} cores, ${memory} GiB; ${system()}; Node ${process.versions.node}`
}

function system(): string {
  const about = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(about)?.[1] ?? process.platform
}

function grid(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [columns, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, at) => pad(row[at] ?? '', width, at)).join(' | ')} |`
  const rule = `|${widths.map((width, at) => `${'-'.repeat(width + 1)}${at === 0 ? '-' : ':'}`).join('|')}|`
  return [line(cells[0] ?? []), rule, ...cells.slice(1).map(line)].join('\n')
}

function pad(cell: string, width: number, at: number): string {
  return at === 0 ? cell.padEnd(width) : cell.padStart(width)
}
