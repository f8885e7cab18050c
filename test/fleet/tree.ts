import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { must } from './command.ts'

/** What a host is: a Debian with its own way of keeping the log. */
export type Kind = 'rsyslog-iso' | 'rsyslog-old' | 'journal'

/** A host that is wanted; `setup` is a shell script run inside the tree before the first boot. */
export type HostPlan = {
  name: string
  kind: Kind
  zone?: string
  files?: Readonly<Record<string, string>>
  setup?: string
}

const packages =
  'systemd,systemd-sysv,libpam-systemd,dbus,openssh-server,python3,sudo,iproute2,nftables,ca-certificates,logrotate,tzdata,cron,dropbear-bin'

const recipes = {
  'rsyslog-iso': { suite: 'bookworm', include: `${packages},rsyslog` },
  'rsyslog-old': { suite: 'bookworm', include: `${packages},rsyslog` },
  journal: { suite: 'trixie', include: packages },
} as const satisfies Record<Kind, { suite: string; include: string }>

/** The directory of base trees, keys and running hosts: CIBOT_LAB, or /var/tmp/cibot-lab. */
export function labDirectory(): string {
  return process.env['CIBOT_LAB'] ?? '/var/tmp/cibot-lab'
}

/**
 * The base tree of a kind, built by debootstrap when it is not there yet (about 100 s, 330 MB).
 * It is built under another name and renamed, so an interrupted build is never taken for a tree.
 */
export async function baseTree(kind: Kind): Promise<string> {
  const { suite, include } = recipes[kind]
  const mark = createHash('sha256').update(`${suite} ${include}`).digest('hex').slice(0, 8)
  const tree = join(labDirectory(), `tree-${suite}-${mark}`)
  if (existsSync(tree)) return tree
  const building = `${tree}.building`
  rmSync(building, { recursive: true, force: true })
  mkdirSync(building, { recursive: true })
  const mirror = process.env['CIBOT_MIRROR'] ?? 'http://deb.debian.org/debian'
  await must(
    ['debootstrap', '--variant=minbase', `--include=${include}`, suite, building, mirror],
    { seconds: 900 },
  )
  renameSync(building, tree)
  return tree
}

/** Makes the tree of one host from its base tree, with `publicKey` allowed to log in as root. */
export async function hostTree(plan: HostPlan, publicKey: string, hosts: string): Promise<string> {
  const tree = join(labDirectory(), 'hosts', plan.name)
  mkdirSync(dirname(tree), { recursive: true })
  await must(['cp', '-a', '--reflink=auto', await baseTree(plan.kind), tree], { seconds: 120 })
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    writeFileSync(join(tree, path), text)
  }
  put('/etc/hostname', `${plan.name}\n`)
  put('/etc/hosts', `127.0.0.1 localhost\n::1 localhost\n${hosts}`)
  put('/etc/machine-id', '') // systemd makes a new one: two hosts with one id would share a journal
  put('/etc/default/locale', '')
  put('/root/.ssh/authorized_keys', publicKey)
  chmodSync(join(tree, '/root/.ssh'), 0o700)
  if (plan.kind === 'rsyslog-old') {
    put(
      '/etc/rsyslog.d/00-stamps.conf',
      '$ActionFileDefaultTemplate RSYSLOG_TraditionalFileFormat\n',
    )
  }
  for (const [path, text] of Object.entries(plan.files ?? {})) put(path, text)
  await must(['chroot', tree, 'sh', '-ec', firstBoot(plan)], { seconds: 60 })
  return tree
}

function firstBoot(plan: HostPlan): string {
  return `rm -f /etc/ssh/ssh_host_*; ssh-keygen -q -A
    mkdir -p /etc/dropbear; dropbearkey -t ed25519 -f /etc/dropbear/dropbear_ed25519_host_key >/dev/null 2>&1
    ln -sf /usr/share/zoneinfo/${plan.zone ?? 'Etc/UTC'} /etc/localtime
    ${plan.setup ?? ''}`
}
