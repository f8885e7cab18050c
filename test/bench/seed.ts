/**
 * A big fleet's database: 200 hosts attacked for 90 days by 30,000 addresses, a few of which do most of
 * it and try thousands of names, as they do in the wild. Filled through the collector's own intake, so
 * that rows and sums agree.
 */
import { openAgents } from '../../collector/store/agents.ts'
import { type Database, openDatabase } from '../../collector/store/database.ts'
import { openIntake } from '../../collector/store/intake/intake.ts'
import type { Finding } from '../../shared/finding.ts'
import { type Random, randomOf } from '../support/random.ts'

const hosts = 200
const addresses = 30_000
const names = 20_000
const days = 90
const perBatch = 20_000
const well = [
  'root',
  'admin',
  'ubuntu',
  'test',
  'oracle',
  'postgres',
  'pi',
  'git',
  'deploy',
  'user',
]

/** Makes the database file with so many findings, the newest a minute before `now` (ms UTC). */
export function seed(path: string, findings: number, now: number): void {
  const db = openDatabase(path)
  // Only the making is in a hurry: what is measured opens the file afresh.
  db.prepare('PRAGMA synchronous = OFF').run()
  db.prepare('PRAGMA cache_size = -600000').run()
  const random = randomOf(7)
  const intake = openIntake(db, () => now)
  const agents = enrolAll(db, now)
  const begun = now - days * 86_400_000
  const step = (now - 60_000 - begun) / findings
  for (let at = 0; at < findings; at += perBatch) {
    const byHost = new Map<number, Finding[]>()
    for (let index = at; index < Math.min(findings, at + perBatch); index += 1) {
      const host = random.whole(0, hosts - 1)
      const list = byHost.get(host) ?? []
      byHost.set(host, list)
      list.push(findingOf(random, host, index, Math.floor(begun + index * step)))
    }
    const stored = db.transaction(() =>
      [...byHost].flatMap(([host, list]) => intake.findings(agents[host] ?? 0, 'auth.log', list)),
    )
    intake.committed(stored)
    intake.sums.settle()
  }
  db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()
  db.close()
}

function enrolAll(db: Database, now: number): number[] {
  const agents = openAgents(db)
  return Array.from({ length: hosts }, (_, index) => {
    const name = `host-${index}`
    agents.add(name, `ed25519:${Buffer.from(name.padEnd(32, '.')).toString('base64url')}`, now)
    const id = Number(db.prepare('SELECT id FROM agent WHERE name = ?').get(name)?.['id'])
    agents.connected(id, name, '2.0.0', now)
    return id
  })
}

function findingOf(random: Random, host: number, index: number, at: number): Finding {
  const ip = addressOf(zipf(random, addresses))
  const common = { file: `log of ${host}`, offset: index + 1, program: 'sshd', ordinal: 0, at, ip }
  const fate = random.next()
  if (fate < 0.08) return { ...common, kind: 'probe', count: 1 }
  if (fate < 0.0802) return { ...common, kind: 'login', user: 'ana', method: 'publickey', count: 1 }
  const user = nameOf(zipf(random, names))
  const port = random.whole(1024, 65_535)
  return { ...common, kind: 'attempt', port, user, method: 'password', count: 1 }
}

// The rank of what was drawn: the first is as likely as the next two together, and so on.
function zipf(random: Random, many: number): number {
  return Math.min(many - 1, Math.floor(many ** random.next()) - 1)
}

function addressOf(rank: number): string {
  const mixed = Math.imul(rank + 1, 2_654_435_761) >>> 0
  return `${(mixed >>> 24) % 223 || 1}.${(mixed >>> 16) & 255}.${(mixed >>> 8) & 255}.${mixed & 255}`
}

function nameOf(rank: number): string {
  return well[rank] ?? `name${rank}`
}

const [path, many] = process.argv.slice(2)
if (import.meta.main && path !== undefined) seed(path, Number(many ?? 5_000_000), Date.now())
