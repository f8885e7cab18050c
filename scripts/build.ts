/**
 * Bundles each program into one file that runs without node_modules beside it, into dist/ or the
 * folder named.
 */
import { chmod, rm } from 'node:fs/promises'
import { build, type Plugin } from 'rolldown'
import { pageFiles } from '../collector/web/page-files.ts'

const folder = process.argv[2] ?? 'dist'
const programs = { agent: 'agent/main.ts', collector: 'collector/main.ts' }

const page = await pageFiles()
await rm(folder, { recursive: true, force: true })
for (const [name, input] of Object.entries(programs)) {
  const file = `${folder}/${name}.js`
  await build({
    input,
    platform: 'node',
    logLevel: 'warn',
    // The UMD builds that some packages name as "main" require() files the bundler cannot see.
    // Node's own punycode, which grammY's fetch asks for, is deprecated and says so at every start.
    resolve: { mainFields: ['module', 'main'], alias: { punycode: 'punycode/' } },
    plugins: [inlinePage()],
    output: { file, format: 'esm', banner: '#!/usr/bin/env node', codeSplitting: false },
  })
  await chmod(file, 0o755)
  process.stdout.write(`${file}\n`)
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
