/** Alerts that new findings give rise to, noted so that each is raised once. For use inside a transaction. */
import { failuresBefore, type Login, type Standing } from '../../fleet/alerts.ts'
import type { Alert } from '../../report/alert.ts'
import type { Database } from '../database.ts'
import { inAddressRun } from '../runs.ts'
import type { Recent } from './recent.ts'
import type { Stored } from './stored.ts'

const newsAgainAfter = 24 * 3_600_000

/**
 * Opens the alarms: what notes the alerts of new rows and gives those that are news. `labelOf` is a
 * host's name.
 */
export function openAlarms(
  db: Database,
  recent: Recent,
  labelOf: (host: number) => string,
): (stored: readonly Stored[]) => Alert[] {
  // Nearly nobody who fails has ever logged in; these few are looked up.
  const known = db.prepare("SELECT DISTINCT ip FROM finding WHERE kind = 'login' AND ip > ''").all()
  const everIn = new Set(known.map(({ ip }) => String(ip)))
  return (stored) => alertsOf(db, recent, labelOf, everIn, stored)
}

function alertsOf(
  db: Database,
  recent: Recent,
  labelOf: (host: number) => string,
  everIn: Set<string>,
  stored: readonly Stored[],
): Alert[] {
  const logins = new Map<number, Login>()
  const lateFor = new Map<string, number>()
  for (const { n, host, finding } of stored) {
    const { ip, user, at } = finding
    if (ip === undefined) continue
    if (finding.kind === 'login') {
      everIn.add(ip)
      logins.set(n, { n, ip, host, user: user ?? '', at })
    }
    if (finding.kind === 'attempt') lateFor.set(ip, Math.min(lateFor.get(ip) ?? at, at))
  }
  // Failures that only now arrive from a host that was offline may precede a login stored before.
  for (const [ip, at] of lateFor) {
    if (!everIn.has(ip)) continue
    for (const login of quietLoginsAfter(db, ip, at)) logins.set(login.n, login)
  }
  return [...Map.groupBy(logins.values(), ({ ip }) => ip)].flatMap(([ip, its]) => {
    const standings = standingsOf(db, recent, labelOf, ip, its)
    return its.flatMap((login) => raise(db, labelOf, login, standings))
  })
}

// Those that no alert has counted yet.
function quietLoginsAfter(db: Database, ip: string, at: number): Login[] {
  return db
    .prepare(
      `SELECT f.n, f.ip, f.host, coalesce(f.user, '') AS user, f.at
       FROM finding f LEFT JOIN alert a
         ON a.ip = f.ip AND a.host = f.host AND a.user = coalesce(f.user, '')
       WHERE f.ip = ? AND f.kind = 'login' AND f.at >= ? AND f.n > coalesce(a.login, 0)`,
    )
    .all(ip, at) as Login[]
}

/** Failures on one host up to a moment (ms UTC), since an earlier such moment of the list. */
type Upto = Standing & { upto: number }

// One walk for all logins of an address: an address with many of both took most of a campaign's time.
function standingsOf(
  db: Database,
  recent: Recent,
  labelOf: (host: number) => string,
  ip: string,
  logins: readonly Login[],
): Upto[] {
  const bind = { ip, from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY }
  for (const { at } of logins) {
    bind.from = Math.min(bind.from, at)
    bind.to = Math.max(bind.to, at)
  }
  const where = { through: recent.through(), runs: recent.ofAddress(ip) }
  const rows = db.prepare(standingsSql).all({ ...bind, ...where }) as Omit<Upto, 'label'>[]
  return rows.map((row) => ({ ...row, label: labelOf(row.host) }))
}

// Of runs that are being written the one in memory counts, and not its row.
const standingsSql = `
  SELECT f.host, max(f.at, :from) AS upto, sum(f.count) AS attempts, min(f.at) AS first
  FROM (
    SELECT ip, n, upto FROM address_run WHERE ip = :ip AND n <= :through
    UNION ALL SELECT :ip, value ->> 0, value ->> 1 FROM json_each(:runs)) r
  CROSS JOIN finding f ON ${inAddressRun('f')}
  WHERE f.kind = 'attempt' AND f.at <= :to GROUP BY 1, 2`

function raise(
  db: Database,
  labelOf: (host: number) => string,
  login: Login,
  standings: readonly Upto[],
): Alert[] {
  const { ip, host, user, at } = login
  const failedOn = failuresBefore(
    login,
    standings.filter(({ upto }) => upto <= at),
  )
  if (failedOn.length === 0) return []
  const failed = failedOn.reduce((sum, one) => sum + one.attempts, 0)
  const known = db
    .prepare('SELECT id, login, times, last FROM alert WHERE ip = ? AND host = ? AND user = ?')
    .get(ip, host, user)
  if (known !== undefined) {
    if (login.n <= Number(known['login'])) return []
    const times = Number(known['times']) + 1
    db.prepare(
      'UPDATE alert SET login = ?, times = ?, failed = ?, failed_on = ?, last = max(last, ?) WHERE id = ?',
    ).run(login.n, times, failed, JSON.stringify(failedOn), at, Number(known['id']))
    // A repeat only raises the counter, which the next report shows; after a quiet day it is news again.
    const isNews = at - Number(known['last']) > newsAgainAfter
    return isNews ? [{ ip, host: labelOf(host), user, at, failed, failedOn, times }] : []
  }
  db.prepare(
    `INSERT INTO alert (ip, host, user, login, failed, failed_on, times, first, last)
     VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)`,
  ).run(ip, host, user, login.n, failed, JSON.stringify(failedOn), at, at)
  return [{ ip, host: labelOf(host), user, at, failed, failedOn, times: 1 }]
}
