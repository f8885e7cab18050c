/** What we take from others: said exactly, checked by its hash, and nothing of it runs when installed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

type Package = {
  version?: string
  resolved?: string
  integrity?: string
  hasInstallScript?: true
  link?: true
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

const read = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const manifest = JSON.parse(read('package.json')) as Package & { allowScripts: object }
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Package> }
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')

test('no dependency has an install script, and none would be allowed to run', () => {
  const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true)
  assert.deepEqual(scripted, [])
  assert.deepEqual(manifest.allowScripts, {})
  assert.match(read('.npmrc'), /^strict-allow-scripts=true$/m)
})

test('what is installed says so too: no package there runs anything when it is installed', () => {
  for (const [path, { version }] of packages) {
    let installed: { scripts?: Record<string, string>; version: string; gypfile?: boolean }
    try {
      installed = JSON.parse(read(`${path}/package.json`))
    } catch {
      // Made for another machine (the other architecture's binaries).
      continue
    }
    assert.equal(installed.version, version, path)
    for (const when of ['preinstall', 'install', 'postinstall']) {
      assert.equal(installed.scripts?.[when], undefined, `${path}: ${when}`)
    }
  }
})

test('every package is locked to one version and one hash, and comes from the registry', () => {
  assert.ok(packages.length > 100)
  for (const [path, { version, integrity, resolved, link }] of packages) {
    assert.match(version ?? '', /^\d+\.\d+\.\d+/, path)
    assert.match(integrity ?? '', /^sha512-[A-Za-z0-9+/]{86}==$/, path)
    assert.equal(link, undefined, path)
    assert.ok(resolved === undefined || resolved.startsWith('https://registry.npmjs.org/'), path)
  }
})

test('the lockfile is that of the manifest, in which every version is exact', () => {
  const root = lock.packages[''] ?? {}
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
    assert.deepEqual(root[kind], manifest[kind], kind)
    for (const [name, wanted] of Object.entries(manifest[kind] ?? {})) {
      assert.match(wanted, /^\d+\.\d+\.\d+$/, name)
      assert.equal(lock.packages[`node_modules/${name}`]?.version, wanted, name)
    }
  }
})

test('whatever a package asks for is in the lockfile', () => {
  for (const [path, { dependencies = {} }] of packages) {
    for (const name of Object.keys(dependencies)) {
      // As Node looks for it: beside, and in every folder above.
      const folders = path.split('/node_modules/').map((_, at, parts) => parts.slice(0, at + 1))
      const places = ['', ...folders.map((parts) => `${parts.join('/node_modules/')}/`)]
      const found = places.some((place) => lock.packages[`${place}node_modules/${name}`])
      assert.ok(found, `${path} needs ${name}`)
    }
  }
})
