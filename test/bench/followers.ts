/** Programs that follow a log as it grows, each as its package sets it up, started on a log of ours. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { wordsOf } from '../support/daemon.ts'
import { openFleet } from '../support/fleet.ts'
import { median, type Setting } from './bench.ts'
import { findPeer } from './peers.ts'
import { cpuOf, treeOf } from './process.ts'

export type Follower = {
  /** With its version. */
  name: string
  /** The process at the top of its tree. */
  pid: () => number
  /** ms from exec to its connection, where it makes one. */
  readyAfter?: number
  /** Attempts it has counted and stored so far, where it counts. */
  attempts?: () => number
  close: () => Promise<void>
}

export type FollowerName = 'agent' | 'agent, TLS' | 'sshguard' | 'fail2ban-server'

/** Starts a follower of a log that exists, and waits until it follows; or says why it cannot. */
export function openFollower(
  name: FollowerName,
  log: string,
  setting: Setting,
): Promise<Follower | string> {
  switch (name) {
    case 'agent':
      return openAgent(log, setting, {})
    case 'agent, TLS':
      return openAgent(log, setting, makeCertificate(setting.folder))
    case 'sshguard':
      return openSshguard(log, setting)
    case 'fail2ban-server':
      return openFail2ban(log, setting)
  }
}

const oftenStarted = 9

type Certificate = { certFile?: string; keyFile?: string }

async function openAgent(
  log: string,
  { programs, quick }: Setting,
  tls: Certificate,
): Promise<Follower | string> {
  const isSafe = tls.certFile !== undefined
  const fleet = await openFleet(isSafe ? { tls } : {}, { programs })
  const collector = isSafe ? fleet.url.replace('http:', 'https:') : fleet.url
  const settings = isSafe ? { caFile: tls.certFile } : {}
  await fleet.addAgent('nas', { log, collector, settings })
  const words = [...wordsOf(programs.agent), '-c', join(fleet.folder, 'nas.json'), 'run']
  const starts: number[] = []
  const begin = async (): Promise<ChildProcess> => {
    const begun = performance.now()
    const child = start(process.execPath, words)
    await saying(child, /"connected"/)
    starts.push(performance.now() - begun)
    return child
  }
  // The first is the collector's first as well, and not counted.
  for (let one = 0; one < (quick ? 1 : oftenStarted); one++) await end(await begin())
  const child = await begin()
  const readyAfter = median(starts.slice(1))
  return {
    name: isSafe ? 'CIBot’s agent, TLS' : 'CIBot’s agent',
    pid: () => child.pid ?? 0,
    readyAfter,
    attempts: () =>
      Number(
        fleet.rows("SELECT coalesce(sum(count), 0) n FROM finding WHERE kind = 'attempt'")[0]?.[
          'n'
        ],
      ),
    close: async () => {
      await end(child)
      await fleet.close()
    },
  }
}

// The pipeline of /usr/sbin/sshguard with its defaults, but for the firewall: that one does nothing.
async function openSshguard(log: string, _: Setting): Promise<Follower | string> {
  const peer = findPeer('sshguard-parser')
  if (typeof peer === 'string') return peer
  const libexec = peer.path.replace(/sshg-parser$/, '')
  const stages = [
    `sshg-logtail '${log}'`,
    'sshg-parser',
    'sshg-blocker -a 30 -p 120 -s 1800',
    'sshg-fw-null',
  ]
  const child = start('sh', ['-c', stages.map((stage) => libexec + stage).join(' | ')])
  const pid = () => child.pid ?? 0
  await settled(pid)
  return { name: peer.version, pid, close: () => end(child) }
}

// Its own sshd jail, watching by inotify; nobody is banned anywhere.
async function openFail2ban(log: string, { folder }: Setting): Promise<Follower | string> {
  const peer = findPeer('fail2ban-server')
  if (typeof peer === 'string') return peer
  const own = mkdtempSync(join(folder, 'fail2ban-'))
  cpSync('/etc/fail2ban', own, { recursive: true })
  rmSync(join(own, 'jail.d'), { recursive: true })
  writeFileSync(
    join(own, 'jail.local'),
    `[DEFAULT]\nbackend = pyinotify\naction =\n[sshd]\nenabled = true\nlogpath = ${log}\n`,
  )
  const state = `socket = ${own}/sock\npidfile = ${own}/pid\nlogtarget = ${own}/log\n`
  writeFileSync(join(own, 'fail2ban.local'), `[DEFAULT]\n${state}dbfile = None\n`)
  const child = start(peer.path, [
    '-f',
    '-c',
    own,
    '-s',
    `${own}/sock`,
    '-p',
    `${own}/pid`,
    'start',
  ])
  const pid = () => child.pid ?? 0
  await settled(pid)
  return { name: peer.version, pid, close: () => end(child) }
}

/** Waits until a program's processes have done nothing for a second. */
export async function settled(pid: () => number): Promise<void> {
  for (let [before, quiet] = [-1, 0]; quiet < 4; ) {
    await pause(250)
    const now = cpuOf(treeOf(pid()))
    quiet = now - before < idle ? quiet + 1 : 0
    before = now
  }
}

// Seconds of CPU in 250 ms: above what any of them uses at rest, far below a line's worth of work.
const idle = 0.002

/** A self-signed certificate for loopback. */
function makeCertificate(folder: string): Required<Certificate> {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const made = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -out ${certFile} -keyout ${keyFile}`
  execFileSync('sh', ['-c', made], { stdio: 'ignore' })
  return { certFile, keyFile }
}

// They lead groups of their own, which a run that is cut off must not leave behind.
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL')
})

function start(program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr?.setEncoding('utf8').resume()
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

function saying(child: ChildProcess, what: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (text: string) => {
      said = (said + text).slice(-10_000)
      if (what.test(said)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`it ended (${code}): ${said}`)))
  })
}

// The whole group: a pipeline has no other handle.
async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  if (child.exitCode !== null || child.signalCode !== null) return
  process.kill(-(child.pid ?? 0), 'SIGTERM')
  await gone
}
