/**
 * Packs what a host needs, for hosts without internet: the two programs, and the Node they were tested
 * on. Prints {release, folder, node: {x64: {name, archive, sha256, library}}} as JSON. Node comes out of
 * the npm package that the lockfile pins, for any architecture, and is packed once.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

/**
 * A packed Node: the name of its folder on the hosts, the file to send, the SHA-256 of the unpacked
 * program, and the library it needs that a bare Debian lacks (null where this machine has none for it).
 */
type Packed = { name: string; archive: string; sha256: string; library: string | null }

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(root, 'node_modules/.cache/cibot')
const programs = ['agent.js', 'collector.js'] as const

const { values, positionals } = parseArgs({
  options: { bundles: { type: 'string' } },
  allowPositionals: true,
})
mkdirSync(cache, { recursive: true })
const made = {
  ...takeBundles(values.bundles ?? join(root, 'dist')),
  node: Object.fromEntries(positionals.map((arch) => [arch, packNode(arch)])),
}
process.stdout.write(`${JSON.stringify(made)}\n`)

// Named by content: two builds of one version are two releases, and going back stays possible.
function takeBundles(from: string): { release: string; folder: string } {
  const hash = createHash('sha256')
  for (const name of programs) hash.update(readFileSync(join(from, name)))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  const release = `${version}+${hash.digest('hex').slice(0, 8)}`
  const folder = join(cache, release)
  mkdirSync(folder, { recursive: true })
  for (const name of programs) copyFileSync(join(from, name), join(folder, name))
  return { release, folder }
}

function packNode(arch: string): Packed {
  const { version, integrity } = pinned(`node-linux-${arch}`)
  const mark = createHash('sha256').update(integrity).digest('hex').slice(0, 8)
  const note = join(cache, `node-${version}-${arch}-${mark}.json`)
  if (!existsSync(note)) {
    const folder = mkdtempSync(join(cache, 'packing-'))
    try {
      const packed = pack(folder, arch, version, integrity)
      writeFileSync(join(folder, 'note'), JSON.stringify(packed))
      renameSync(join(folder, 'note'), note)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return JSON.parse(readFileSync(note, 'utf8')) as Packed
}

function pack(folder: string, arch: string, version: string, integrity: string): Packed {
  const program = readFileSync(strip(folder, findNode(folder, arch, version, integrity)))
  const sha256 = createHash('sha256').update(program).digest('hex')
  const name = `node-${version}-${arch}-${sha256.slice(0, 8)}`
  const archive = join(cache, `${name}.gz`)
  writeFileSync(join(folder, 'gz'), gzipSync(program))
  renameSync(join(folder, 'gz'), archive)
  return { name, archive, sha256, library: findLibrary(arch) }
}

// This very Node runs here, so its libatomic is here: for the machine's own architecture.
function findLibrary(arch: string): string | null {
  if (process.platform !== 'linux' || process.arch !== arch) return null
  const maps = readFileSync('/proc/self/maps', 'utf8')
  return /\/\S*\/libatomic\.so\.1\S*$/m.exec(maps)?.[0] ?? null
}

/** The program as `npm ci` put it there; for another architecture its package, checked against the lockfile. */
function findNode(folder: string, arch: string, version: string, integrity: string): string {
  const installed = join(root, `node_modules/node-linux-${arch}/bin/node`)
  if (existsSync(installed)) return installed
  const asked = ['pack', '--silent', '--pack-destination', folder, `node-linux-${arch}@${version}`]
  const tarball = join(folder, execFileSync('npm', asked, { cwd: root, encoding: 'utf8' }).trim())
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
  if (found !== integrity) {
    throw new Error(`node-linux-${arch}@${version} is not what package-lock.json names: ${found}`)
  }
  execFileSync('tar', ['-xzf', tarball, '-C', folder, 'package/bin/node'])
  return join(folder, 'package/bin/node')
}

// Symbols are a fifth of it. No binutils, or none for that architecture: it is only larger.
function strip(folder: string, program: string): string {
  const stripped = join(folder, 'node')
  for (const tool of ['strip', 'llvm-strip', 'aarch64-linux-gnu-strip']) {
    try {
      execFileSync(tool, ['-o', stripped, program], { stdio: 'ignore' })
      return stripped
    } catch {}
  }
  return program
}

function pinned(name: string): { version: string; integrity: string } {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>
  }
  const entry = lock.packages[`node_modules/${name}`]
  if (entry === undefined) throw new Error(`no Node is pinned for it: ${name}`)
  return entry
}
