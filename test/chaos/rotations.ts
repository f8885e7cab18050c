import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Random } from '../support/random.ts'
import type { AttackedHost } from './attacked-host.ts'

export type Rotation = 'rename' | 'copytruncate' | 'rename and gzip'
export const rotations: readonly Rotation[] = ['rename', 'copytruncate', 'rename and gzip']

/** Rotates a log as logrotate would, step by step, while lines go on coming where they can. */
export async function rotate(host: AttackedHost, random: Random, how: Rotation): Promise<void> {
  const { log } = host
  const moment = () => pause(random.whole(1, 30))
  if (how === 'copytruncate') {
    log.copyTruncate()
    return
  }
  log.rename()
  await host.burst(random.whole(1, 50), moment)
  log.reopen()
  if (how === 'rename') return
  await host.burst(random.whole(1, 50), moment)
  await log.pack(async () => void (await pause(random.whole(1, 300))))
}

const manners = [
  'copytruncate',
  'copytruncate\n  compress\n  delaycompress',
  'nocreate',
  'nocreate\n  compress',
  'nocreate\n  compress\n  delaycompress',
  'nocreate\n  dateext\n  dateformat -%Y%m%d-%s',
  'nocreate\n  compress\n  delaycompress\n  dateext\n  dateformat -%Y%m%d-%s',
]

/** The real logrotate on a host's log; undefined where it is not installed. */
export function openLogrotate(
  host: AttackedHost,
  folder: string,
  random: Random,
): { manner: string; turn: () => Promise<void> } | undefined {
  const program = findLogrotate()
  if (program === undefined) return undefined
  const own = join(folder, `${host.name}-logrotate`)
  mkdirSync(own, { mode: 0o700 })
  const settings = join(own, 'logrotate.conf')
  const manner = random.pick(manners)
  writeFileSync(settings, `${host.log.path} {\n  rotate 1000\n  ${manner}\n}\n`, { mode: 0o600 })
  // Nothing is written meanwhile: what logrotate itself loses between its copy and its truncation, or
  // what is written to a file being packed, is not ours to find.
  const turn = async () => {
    await promisify(execFile)(program, ['-f', '-s', join(own, 'state'), settings])
    host.log.reopen()
  }
  return { manner: manner.replaceAll(/\n +/g, ', '), turn }
}

function findLogrotate(): string | undefined {
  return ['/usr/sbin/logrotate', '/usr/bin/logrotate'].find((path) => {
    try {
      execFileSync(path, ['--version'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}
