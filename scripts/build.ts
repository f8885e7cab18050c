/**
 * Bundles each program into one file that runs without node_modules beside it, into dist/ or the
 * folder named.
 */
import { chmod, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, type OutputOptions, type Plugin } from 'rolldown'
import { pageFiles } from '../collector/web/page-files.ts'
import { flags } from './flags.ts'
import { clientOnly, lateBuiltins, oneThread } from './late.ts'
import { compiledSchemas, makers } from './schemas.ts'

const folder = process.argv[2] ?? 'dist'
const page = await pageFiles()

/** The oldest major version of Node that has all that is used: Temporal among it. */
const oldestNode = 26

// The agent stands beside every log: what it may never use is not loaded before it is.
const late = [
  'assert',
  'child_process',
  'crypto',
  'fs/promises',
  'https',
  'module',
  'querystring',
  'tls',
  'v8',
  'vm',
  'zlib',
]
const programs = {
  agent: [compiledSchemas(), lateBuiltins(late), oneThread(), clientOnly()],
  collector: [inlinePage()],
}

// What ws would take a native module for.
const bufferutil = fileURLToPath(new URL('../shared/mask.ts', import.meta.url))

/**
 * Node keeps a program's text in memory: one byte for each character only where all are ASCII, and
 * once more where it has to try whether the text is a module. Names stay: a stack must be readable.
 */
const output = {
  format: 'cjs',
  codeSplitting: false,
  minify: { mangle: { keepNames: true }, codegen: { removeWhitespace: true, asciiOnly: true } },
} satisfies OutputOptions

await rm(folder, { recursive: true, force: true })
for (const name of ['agent', 'collector'] as const) {
  const file = `${folder}/${name}.js`
  await build({
    input: `${name}/main.ts`,
    platform: 'node',
    logLevel: 'warn',
    // The UMD builds that some packages name as "main" require() files the bundler cannot see.
    // Node's own punycode, which grammY's fetch asks for, is deprecated and says so at every start.
    resolve: { mainFields: ['module', 'main'], alias: { punycode: 'punycode/', bufferutil } },
    plugins: programs[name],
    optimization: { pifeForModuleWrappers: false },
    treeshake: {
      manualPureFunctions: makers,
      moduleSideEffects: [{ test: /node_modules.typebox/, sideEffects: false }],
    },
    output: { ...output, file, banner: opening(name) },
  })
  await chmod(file, 0o755)
  process.stdout.write(`${file}\n`)
}
// The package around dist/ is of modules; these two are not.
await writeFile(`${folder}/package.json`, '{ "type": "commonjs" }\n')

/** The first lines: the interpreter, and what an older one says instead of a stack of its own. */
function opening(name: keyof typeof flags): string {
  const words = flags[name].length === 0 ? ['node'] : ['-S', 'node', ...flags[name]]
  const needed = `cibot-${name}: needs Node ${oldestNode} or newer, and this is Node `
  return `#!/usr/bin/env ${words.join(' ')}
if (parseInt(process.versions.node) < ${oldestNode}) { process.stderr.write(${JSON.stringify(needed)} + process.versions.node + '\\n'); process.exit(2) }`
}

// The page is bundled from source in development; here the finished texts stand in its place.
function inlinePage(): Plugin {
  return {
    name: 'inline-page',
    load: (id) =>
      id.endsWith('/collector/web/page-files.ts')
        ? `const files = new Map(${JSON.stringify([...page])})
export const pageFiles = async () => files`
        : null,
  }
}
