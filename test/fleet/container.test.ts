/**
 * The image and the compose file, as far as they can be tried without an engine: buildah runs the
 * Dockerfile in a chroot, and what compose.yml says of a service is done by hand. No pull happens, so
 * the two bases are stand-ins: the lab's Debian tree, and the same with the Node of this checkout.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { command, must, type Outcome, until } from './command.ts'
import { canBoot } from './lab.ts'
import { lock } from './lock.ts'
import { baseTree, labDirectory } from './tree.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const env = process.env as Record<string, string>
const reason =
  canBoot(['buildah', 'python3']) ??
  (spawnSync('npm', ['--version']).status === 0 ? undefined : 'npm missing: apt-get install npm')
const adm = 4

type Service = {
  command: string[]
  environment: Record<string, string>
  read_only: boolean
  cap_drop: string[]
  volumes: string[]
}

test('the image builds from the lockfile, runs as nobody special, and does what compose.yml asks', {
  skip: reason ?? false,
  timeout: 1_200_000,
}, async (t) => {
  const clean: (() => void)[] = []
  t.after(() => clean.toReversed().forEach((each) => void each()))
  // Two of these at a time would take each other's image away.
  clean.push(await lock())
  const image = await buildImage()
  clean.push(() => void spawnSync('buildah', buildah('rmi', '--force', image).slice(1)))
  const { services } = await compose()
  assert.deepEqual(Object.keys(services), ['collector', 'agent'])
  for (const { read_only: isReadOnly, cap_drop: dropped } of Object.values(services)) {
    assert.ok(isReadOnly)
    assert.deepEqual(dropped, ['ALL'])
  }
  const folder = mkdtempSync(join(tmpdir(), 'cibot-compose-'))
  clean.push(() => rmSync(folder, { recursive: true }))
  const port = await freePort()
  const collector = await openService(image, services['collector'], folder, {
    CIBOT_LISTEN_PORT: `${port}`,
    CIBOT_TELEGRAM_CHAT_ID: '-100',
    CIBOT_TIME_ZONE: 'Europe/Rome',
  })
  // a chroot has the machine's own network: "collector" is this machine here
  const agent = await openService(image, services['agent'], folder, {
    CIBOT_COLLECTOR: `http://127.0.0.1:${port}`,
    CIBOT_SINCE: 'all',
  })
  const { out, err } = await agent.run(['sh', '-c', cannotWrite])
  assert.equal(out, 'uid=900(cibot) gid=4(adm) groups=4(adm)\n', err)

  clean.push(collector.start())
  await until('the collector listens', 60, () => answers(port))
  const key = (await agent.run(['cibot-agent', 'key'])).out.trim()
  assert.match(key, /^ed25519:/)
  const enrolled = await collector.run(['cibot-collector', 'agents', 'add', 'attic', key])
  assert.equal(enrolled.out, 'attic is enrolled\n', enrolled.err)
  clean.push(agent.start())
  appendFileSync(join(folder, 'log/auth.log'), line)
  let report = ''
  await until('the attempt', 60, async () => {
    const told = await collector.run(['cibot-collector', 'report', '--since', '1h', '--dry-run'])
    report = `${told.out}${told.err}`
    return report.includes('203.0.113.9') || undefined
  }).catch((error: Error) => {
    throw new Error(`${error.message}\n${report}${collector.said()}${agent.said()}`)
  })
})

const stamp = new Date().toISOString().replace('Z', '000+00:00')
const line = `${stamp} attic sshd[7]: Failed password for invalid user miguel from 203.0.113.9 port 40000 ssh2\n`
const cannotWrite = `id; for place in / /etc /usr /var/log; do (: >$place/x) 2>/dev/null && echo wrote $place; done`

function buildah(...words: string[]): string[] {
  const storage = join(labDirectory(), 'images')
  return ['buildah', '--root', join(storage, 'root'), '--runroot', join(storage, 'run'), ...words]
}

/** Builds packaging/Dockerfile and gives the id of the image. */
async function buildImage(): Promise<string> {
  mkdirSync(join(labDirectory(), 'images'), { recursive: true })
  await baseImages()
  const file = join(root, 'packaging/Dockerfile')
  const words = ['--isolation', 'chroot', '--pull-never', '--layers=false', '--quiet']
  const ignored = ['--ignorefile', `${file}.dockerignore`, '-f', file, root]
  const built = await must(buildah('bud', ...words, ...ignored), { env, seconds: 600 })
  const image = built.trim().split('\n').at(-1) ?? ''
  const inspected = await must(buildah('inspect', '--type', 'image', image))
  const { config } = (JSON.parse(inspected) as { OCIv1: { config: Record<string, unknown> } }).OCIv1
  assert.equal(config['User'], 'cibot')
  assert.deepEqual(config['Cmd'], ['cibot-collector', 'run'])
  return image
}

/** The bases that the Dockerfile names, unless they are there from an earlier run. */
async function baseImages(): Promise<void> {
  const there = await must(buildah('images', '--format', '{{.Name}}:{{.Tag}}'), { env })
  if (there.includes('node:26-bookworm-slim') && there.includes('debian:bookworm-slim')) return
  const container = (await must(buildah('from', 'scratch'), { env })).trim()
  const mounted = (await must(buildah('mount', container), { env })).trim()
  await must(['cp', '-a', `${await baseTree('rsyslog-iso')}/.`, mounted], { seconds: 120 })
  await must(['sh', '-c', ownWay, 'sh', mounted])
  const authorities = 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  await must(buildah('config', '--env', authorities, '--env', path, container), { env })
  await must(buildah('commit', '--quiet', container, 'debian:bookworm-slim'), { env, seconds: 300 })
  await must(['sh', '-c', bringNode, 'sh', mounted, process.execPath], { env, seconds: 60 })
  await must(buildah('commit', '--quiet', container, 'node:26-bookworm-slim'), {
    env,
    seconds: 300,
  })
  await must(buildah('rm', container), { env })
}

// this machine's way to packages
const ownWay = `cp -a /etc/ssl/certs/. $1/etc/ssl/certs/; cp /etc/resolv.conf $1/etc/resolv.conf
  rm -rf $1/etc/apt/sources.list*; cp -a /etc/apt/sources.list* /etc/apt/apt.conf.d $1/etc/apt/`
const bringNode = `cp $2 $1/usr/local/bin/node; cp /usr/lib/*/libatomic.so.1 $1/usr/lib/
  mkdir -p $1/usr/local/lib/node_modules; cp -a "$(dirname "$(realpath "$(command -v npm)")")/.." $1/usr/local/lib/node_modules/npm
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js $1/usr/local/bin/npm
  cp "$(npm config get userconfig)" $1/root/.npmrc 2>/dev/null || true`

async function compose(): Promise<{ services: Record<string, Service> }> {
  const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))'
  const file = join(root, 'packaging/compose.yml')
  return JSON.parse(await must(['/usr/bin/python3', '-c', script, file]))
}

type Running = {
  run: (argv: readonly string[]) => Promise<Outcome>
  /** Starts the service's own command; gives what ends it. */
  start: () => () => void
  /** What the service's own command has said so far. */
  said: () => string
}

/** A container with a service's environment and volumes. */
async function openService(
  image: string,
  service: Service | undefined,
  folder: string,
  own: Record<string, string>,
): Promise<Running> {
  assert.ok(service)
  const container = (
    await must(buildah('from', '--pull-never', image), { env, seconds: 60 })
  ).trim()
  // An engine lays a volume over the image's own of the same place; buildah mounts both, in any order.
  const places = service.volumes.map((volume) => volume.split(':')[1] ?? '')
  const away = places.flatMap((place) => ['--volume', `${place}-`])
  await must(buildah('config', ...away, container), { env })
  const variables = Object.entries({ ...service.environment, ...own })
  const words = ['run', '--isolation', 'chroot', '--user', `900:${adm}`]
  words.push(...variables.flatMap(([name, value]) => ['--env', `${name}=${value}`]))
  for (const volume of service.volumes) words.push('--volume', mount(volume, folder))
  words.push('--volume', `${secret(folder)}:/run/secrets/telegram_token:ro`, container, '--')
  const said: Buffer[] = []
  return {
    run: (argv) => command(buildah(...words, ...argv), { env, seconds: 60 }),
    start: () => {
      const [program = '', ...rest] = buildah(...words, ...service.command)
      const child = spawn(program, rest, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
      return () => {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      }
    },
    said: () => `${Buffer.concat(said)}`,
  }
}

// A volume of compose.yml for this test: named ones and the log are folders of its own.
function mount(volume: string, folder: string): string {
  const [from = '', to = '', ...options] = volume.split(':')
  if (from === '/etc/localtime') return volume
  const own = join(folder, from === '/var/log' ? 'log' : from)
  if (!existsSync(own)) {
    mkdirSync(own)
    if (from === '/var/log') writeLog(join(own, 'auth.log'))
    else chownSync(own, 900, 900)
  }
  return [own, to, ...options].join(':')
}

// As Debian has it: only root and the group adm may read it.
function writeLog(file: string): void {
  writeFileSync(file, '')
  chownSync(file, 0, adm)
  chmodSync(file, 0o640)
}

function secret(folder: string): string {
  const file = join(folder, 'telegram.token')
  writeFileSync(file, '123456789:no-real-token\n')
  return file
}

async function answers(port: number): Promise<true | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)
  return answer?.ok === true ? true : undefined
}

function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  return new Promise((resolve) => {
    server.once('listening', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
