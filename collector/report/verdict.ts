/** What a report says before its lists. Pure. */
import { bold, FormattedString, fmt } from '@grammyjs/parse-mode'
import type { Alert } from './alert.ts'
import type { Digest } from './digest.ts'
import { all, name } from './names.ts'
import { counted, figure, moment, stretch, times } from './words.ts'

type Text = FormattedString

/** The first line: whether anybody got in, and what was counted. */
export function verdict(digest: Digest): Text {
  const [first] = digest.looks
  return first === undefined ? quiet(digest) : look(first, digest.atLeast)
}

/** The line of a login after failures; `atLeast` where something was lost. */
export function look({ ip, host, user, failed, failedOn }: Alert, atLeast: boolean): Text {
  const least = atLeast ? 'at least ' : ''
  const where = failedOn.length > 0 ? fmt` on ${all(failedOn.map(({ host }) => name(host)))}` : ''
  const who = user === '' ? '' : fmt` as ${name(user)}`
  return fmt`${bold}LOOK${bold}: ${name(ip)} failed ${least}${times(failed)}${where}, then logged in to ${name(host)}${who}`
}

/** What time the report speaks of, in an IANA zone. */
export function period(digest: Digest, zone: string): Text {
  const { totals, from, to, merged, atLeast } = digest
  const span = from === null ? `until ${moment(to, zone)}` : stretch(from, to, zone)
  const least = atLeast && totals.attempts > 0 ? 'at least ' : ''
  const sum =
    digest.verdict === 'look' && totals.attempts > 0
      ? `: ${least}${counted(totals.attempts, 'attempt')} ${byAndOn(totals)}`
      : ''
  const late =
    merged > 0 ? `; replaces ${counted(merged, 'earlier report')} that could not be sent` : ''
  return fmt`${span}${sum}${late}`
}

/** What is different from the report before; null where nothing is. */
export function changed(digest: Digest, zone: string): Text | null {
  const { totals, again, silent, back } = digest
  const rows = [
    ...trend(digest),
    ...(totals.probes > 0 && totals.attempts > 0
      ? [fmt`${counted(totals.probes, 'connection')} besides that named nobody`]
      : []),
    ...(totals.blocked > 0
      ? [fmt`${counted(totals.blocked, 'connection')} turned away by the hosts themselves`]
      : []),
    ...again.map(({ ip, host, user, times: so }) => {
      const who = user === '' ? '' : fmt` as ${name(user)}`
      return fmt`${name(ip)} logged in to ${name(host)}${who} again (${times(so)} so far)`
    }),
    ...silent.map(({ host, since }) =>
      since === null
        ? fmt`${name(host)} has never been heard of`
        : fmt`${name(host)} is silent since ${moment(since, zone)}`,
    ),
    ...back.map((host) => fmt`${name(host)} is heard of again`),
  ]
  return rows.length === 0 ? null : FormattedString.join(rows, '\n')
}

function quiet({ totals, again, atLeast }: Digest): Text {
  const { attempts, probes, logins } = totals
  const count = `${atLeast && attempts > 0 ? 'at least ' : ''}${counted(attempts, 'attempt')}`
  const where = attempts > 0 ? ` ${byAndOn(totals)}` : ''
  const scans = attempts === 0 && probes > 0 ? `, ${counted(probes, 'probe')}` : ''
  const end = again.length > 0 ? 'nobody new' : logins > 0 ? 'no attacker' : 'nobody'
  return fmt`Quiet: ${count}${where}${scans}, ${end} got in`
}

function byAndOn({ addresses, hosts }: Digest['totals']): string {
  return `by ${counted(addresses, 'address', 'addresses')} on ${counted(hosts, 'host')}`
}

function trend({ totals, before }: Digest): Text[] {
  const { attempts, addresses, fresh } = totals
  if (before === null) return []
  const rows: Text[] = []
  if (before > 0 && notable(before, attempts)) {
    const way = attempts > before ? 'Up' : 'Down'
    rows.push(fmt`${way} from ${counted(before, 'attempt')} in the report before`)
  }
  if (fresh > 0 && fresh === addresses) {
    rows.push(
      fmt`${addresses === 1 ? 'The address is' : `All ${figure(addresses)} addresses are`} new`,
    )
  } else if (fresh > 0) {
    rows.push(fmt`${figure(fresh)} of the addresses ${fresh === 1 ? 'is' : 'are'} new`)
  }
  return rows
}

// Twice or half, and not just a handful: less than that is the weather.
function notable(before: number, now: number): boolean {
  return Math.abs(now - before) >= 20 && (now >= 2 * before || before >= 2 * now)
}
