import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** A program of others that does a part of the same work. */
export type Peer = { name: string; path: string; version: string }

const known = {
  grep: { paths: ['/usr/bin/grep', '/bin/grep'], pack: 'grep' },
  'sshguard-parser': {
    paths: ['/usr/libexec/sshguard/sshg-parser', '/usr/lib/sshguard/sshg-parser'],
    pack: 'sshguard',
  },
  sshguard: { paths: ['/usr/sbin/sshguard'], pack: 'sshguard' },
  'fail2ban-regex': { paths: ['/usr/bin/fail2ban-regex'], pack: 'fail2ban' },
  'fail2ban-server': { paths: ['/usr/bin/fail2ban-server'], pack: 'fail2ban' },
  crowdsec: { paths: ['/usr/bin/crowdsec'], pack: 'crowdsec' },
} as const

export type PeerName = keyof typeof known

/** The peer, with the version of its Debian package; or the sentence that says how to install it. */
export function findPeer(name: PeerName): Peer | string {
  const { paths, pack } = known[name]
  const path = paths.find((one) => existsSync(one))
  if (path === undefined) return `${name} is not installed: apt-get install ${pack}`
  return { name, path, version: versionOf(pack) }
}

function versionOf(pack: string): string {
  try {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholder
    const version = execFileSync('dpkg-query', ['-W', '-f', '${Version}', pack], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return `${pack} ${String(version)}`
  } catch {
    return pack
  }
}
