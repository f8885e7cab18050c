/** The lists of a report: who, with which names, where, and what else. Each null where it is empty. Pure. */
import { bold, FormattedString, fmt } from '@grammyjs/parse-mode'
import type { Digest } from './digest.ts'
import { all, list, name, tally } from './names.ts'
import { counted, figure, moment, times } from './words.ts'

type Text = FormattedString

/** Entries of a list shown before "and N more". */
const shown = { attackers: 10, names: 10, hosts: 20, others: 10 } as const

const longestSentence = 160

export function attackers({ attackers, totals }: Digest): Text | null {
  const rows = attackers.slice(0, shown.attackers).map(({ ip, attempts, hosts }) => {
    const where =
      hosts.length > 2 ? counted(hosts.length, 'host') : all(hosts.map(({ host }) => name(host)))
    return fmt`${name(ip)}: ${figure(attempts)} on ${where}`
  })
  return list('Attackers', rows, totals.addresses)
}

export function users({ users, totals }: Digest): Text | null {
  if (users.length === 0) return null
  const rows = users.slice(0, shown.names)
  const rest = totals.users - rows.length
  const more = rest > 0 ? ` and ${figure(rest)} more` : ''
  return fmt`${bold}Names tried${bold}: ${tally(rows, 'user')}${more}`
}

export function hosts({ hosts, totals }: Digest): Text | null {
  const hit = hosts.filter(({ attempts }) => attempts > 0)
  if (hit.length < 2) return null
  const rows = hit.slice(0, shown.hosts).map(({ host, attempts, atLeast }) => {
    return fmt`${name(host)} ${atLeast ? 'at least ' : ''}${figure(attempts)}`
  })
  const rest = totals.hosts - rows.length
  const more = rest > 0 ? ` and ${figure(rest)} more` : ''
  return fmt`${bold}Hosts${bold}: ${FormattedString.join(rows, ', ')}${more}`
}

export function logins({ logins, rows: all }: Digest): Text | null {
  const rows = logins.map(({ ip, host, user, logins, fresh }) => {
    const from = ip === null ? '' : fmt` from ${name(ip)}`
    const who = user === '' ? 'somebody' : name(user)
    const often = logins === 1 ? '' : `, ${times(logins)}`
    return fmt`${who} on ${name(host)}${from}${often}${fresh ? ', for the first time' : ''}`
  })
  return list('Logins', rows.slice(0, shown.others), all?.logins ?? rows.length)
}

export function local({ local, rows: all }: Digest): Text | null {
  const rows = local.map(({ host, user, program, attempts }) => {
    const who = user === '' ? 'somebody' : name(user)
    return fmt`${who} failed at ${name(program)} on ${name(host)} ${times(attempts)}`
  })
  return list('On the hosts themselves', rows.slice(0, shown.others), all?.local ?? rows.length)
}

export function accounts({ changes, totals }: Digest, zone: string): Text | null {
  const rows = changes.map(
    ({ at, host, text }) => fmt`${moment(at, zone)} ${name(host)}: ${name(text, longestSentence)}`,
  )
  return list('Accounts changed', rows.slice(0, shown.others), totals.changes)
}

export function missing({ missing, rows: all }: Digest): Text | null {
  const rows = missing.map(({ host, text, times: so }) => {
    const often = so === 1 ? '' : ` (${times(so)})`
    return fmt`${name(host)}: ${name(text, longestSentence)}${often}`
  })
  return list(
    'Not everything could be read',
    rows.slice(0, shown.others),
    all?.missing ?? rows.length,
  )
}
