/**
 * What the browser gets. From source the page's script is bundled when a server first asks for it, so
 * that a fresh clone needs no step by hand; the build puts the finished texts in place of this module,
 * so that the program needs neither files nor the bundler beside it.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

let made: Promise<ReadonlyMap<string, string>> | undefined

/** Text of each file by its name. */
export function pageFiles(): Promise<ReadonlyMap<string, string>> {
  made ??= make()
  return made
}

const pages = [
  'index.html',
  'login.html',
  'welcome.html',
  'refusal.html',
  'reference.html',
] as const

async function make(): Promise<ReadonlyMap<string, string>> {
  const head = textOf('page/head.html')
  return new Map([
    ...pages.map((name) => [name, textOf(`page/${name}`).replace('<!--head-->\n', head)] as const),
    ['style.css', `${textOf('page/style.css')}${uplotStyle()}`],
    ['app.js', await script()],
  ])
}

function textOf(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

function uplotStyle(): string {
  return readFileSync(fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css')), 'utf8')
}

async function script(): Promise<string> {
  const { build } = await import('rolldown')
  const { output } = await build({
    input: fileURLToPath(new URL('page/main.tsx', import.meta.url)),
    platform: 'browser',
    logLevel: 'warn',
    write: false,
    tsconfig: false,
    transform: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    output: { format: 'esm', minify: true, codeSplitting: false },
  })
  return output[0].code
}
