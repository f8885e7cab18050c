/**
 * A digest as messages for a phone: the verdict first, then what changed, then lists that fold.
 * Formatting travels as entities, never as markup, and every name from a log goes through plain()
 * into a `code` entity: nothing an attacker types can break, forge or link anything. Pure.
 */
import { bold, expandableBlockquote, FormattedString, fmt } from '@grammyjs/parse-mode'
import { plain } from '../../shared/plain.ts'
import type { Entity, PartText, ReportKind } from '../store/parts.ts'
import type { Alert } from './alert.ts'
import { type Digest, worthTelling } from './digest.ts'
import { messageLimits, split } from './split.ts'
import { counted, figure, moment, stretch, times } from './words.ts'

type Text = FormattedString

/** Entries of a list shown before "and N more". */
const shown = { attackers: 10, names: 10, hosts: 20, others: 10 } as const

/**
 * The messages of a report, or null where nothing happened and no heartbeat is due. `zone` is an
 * IANA name; `number` is what people call the report.
 */
export function render(
  digest: Digest,
  ask: { number: number; zone: string; heartbeat: boolean },
): PartText[] | null {
  if (!worthTelling(digest) && !ask.heartbeat) return null
  const sections = [
    verdict(digest),
    ...digest.looks.slice(1).map((alert) => look(alert, digest.atLeast)),
    period(digest, ask.zone),
    changed(digest, ask.zone),
    attackers(digest),
    names(digest),
    hosts(digest),
    logins(digest),
    local(digest),
    accounts(digest, ask.zone),
    missing(digest),
  ]
  return numbered(lines(sections.filter((section) => section !== null)), 'period', ask.number)
}

/** The message of an urgent alert. */
export function renderAlert(alert: Alert, ask: { number: number; zone: string }): PartText[] {
  const { user, host, at } = alert
  const owner = user === '' ? fmt`the password` : fmt`the password of ${name(user)}`
  const advice = fmt`If this was you, all is well. If not: change ${owner} on ${name(host)}, and look who is logged in there.`
  const again = alert.times > 1 ? `, login number ${figure(alert.times)}` : ''
  const spread =
    alert.failedOn.length > 1
      ? fmt`Failed: ${tally(alert.failedOn.slice(0, shown.hosts), 'host')}`
      : null
  const sections = [look(alert, false), fmt`${moment(at, ask.zone)}${again}`, spread, advice]
  return numbered(lines(sections.filter((section) => section !== null)), 'alert', ask.number)
}

/** Messages as plain text, for a terminal. */
export function renderPlain(parts: readonly PartText[]): string {
  return parts.map(({ text }) => text).join('\n\n')
}

/** What a part says of itself when a copy of it may have arrived before. */
export function repeatMark(of: {
  kind: ReportKind
  number: number
  part: number
  parts: number
}): string {
  const place = of.parts > 1 ? `, part ${of.part}/${of.parts}` : ''
  return `(repeat of ${noun(of.kind)} #${of.number}${place})\n`
}

/** A part with text put before it. */
export function prefixed(prefix: string, { text, entities }: PartText): PartText {
  return partOf(fmt`${prefix}${new FormattedString(text, entities)}`)
}

// Room for the last line and for the mark of a repeat.
const reserved = 120

function numbered(text: Text, kind: ReportKind, number: number): PartText[] {
  const limits = { ...messageLimits, units: messageLimits.units - reserved }
  const pieces = split(partOf(text), limits)
  return pieces.map((piece, index) => {
    const place = pieces.length > 1 ? `, part ${index + 1}/${pieces.length}` : ''
    const gap = piece.text.endsWith('\n') ? '' : '\n'
    const label = `${kind === 'alert' ? 'Alert' : 'Report'} #${number}${place}`
    return partOf(fmt`${new FormattedString(piece.text, piece.entities)}${gap}${label}`)
  })
}

function noun(kind: ReportKind): string {
  return kind === 'alert' ? 'alert' : 'report'
}

function verdict(digest: Digest): Text {
  const [first] = digest.looks
  return first === undefined ? quiet(digest) : look(first, digest.atLeast)
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

function look({ ip, host, user, failed, failedOn }: Alert, atLeast: boolean): Text {
  const least = atLeast ? 'at least ' : ''
  const where = failedOn.length > 0 ? fmt` on ${all(failedOn.map(({ host }) => name(host)))}` : ''
  const who = user === '' ? '' : fmt` as ${name(user)}`
  return fmt`${bold}LOOK${bold}: ${name(ip)} failed ${least}${times(failed)}${where}, then logged in to ${name(host)}${who}`
}

function period(digest: Digest, zone: string): Text {
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

function changed(digest: Digest, zone: string): Text | null {
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

function attackers({ attackers, totals }: Digest): Text | null {
  const rows = attackers.slice(0, shown.attackers).map(({ ip, attempts, hosts }) => {
    const where =
      hosts.length > 2 ? counted(hosts.length, 'host') : all(hosts.map(({ host }) => name(host)))
    return fmt`${name(ip)}: ${figure(attempts)} on ${where}`
  })
  return list('Attackers', rows, totals.addresses)
}

function names({ users, totals }: Digest): Text | null {
  if (users.length === 0) return null
  const rows = users.slice(0, shown.names)
  const rest = totals.users - rows.length
  const more = rest > 0 ? ` and ${figure(rest)} more` : ''
  return fmt`${bold}Names tried${bold}: ${tally(rows, 'user')}${more}`
}

function hosts({ hosts, totals }: Digest): Text | null {
  const hit = hosts.filter(({ attempts }) => attempts > 0)
  if (hit.length < 2) return null
  const rows = hit.slice(0, shown.hosts).map(({ host, attempts, atLeast }) => {
    return fmt`${name(host)} ${atLeast ? 'at least ' : ''}${figure(attempts)}`
  })
  const rest = totals.hosts - rows.length
  const more = rest > 0 ? ` and ${figure(rest)} more` : ''
  return fmt`${bold}Hosts${bold}: ${FormattedString.join(rows, ', ')}${more}`
}

function logins({ logins }: Digest): Text | null {
  const rows = logins.map(({ ip, host, user, logins, fresh }) => {
    const from = ip === null ? '' : fmt` from ${name(ip)}`
    const who = user === '' ? 'somebody' : name(user)
    const often = logins === 1 ? '' : `, ${times(logins)}`
    return fmt`${who} on ${name(host)}${from}${often}${fresh ? ', for the first time' : ''}`
  })
  return list('Logins', rows.slice(0, shown.others), rows.length)
}

function local({ local }: Digest): Text | null {
  const rows = local.map(({ host, user, program, attempts }) => {
    const who = user === '' ? 'somebody' : name(user)
    return fmt`${who} failed at ${name(program)} on ${name(host)} ${times(attempts)}`
  })
  return list('On the hosts themselves', rows.slice(0, shown.others), rows.length)
}

function accounts({ changes, totals }: Digest, zone: string): Text | null {
  const rows = changes.map(
    ({ at, host, text }) => fmt`${moment(at, zone)} ${name(host)}: ${name(text, longestSentence)}`,
  )
  return list('Accounts changed', rows.slice(0, shown.others), totals.changes)
}

function missing({ missing }: Digest): Text | null {
  const rows = missing.map(({ host, text, times: so }) => {
    const often = so === 1 ? '' : ` (${times(so)})`
    return fmt`${name(host)}: ${name(text, longestSentence)}${often}`
  })
  return list('Not everything could be read', rows.slice(0, shown.others), rows.length)
}

const longestSentence = 160

/** A heading and the rows under it, folded; null without rows. `all` counts those not given as well. */
function list(heading: string, rows: readonly Text[], all: number): Text | null {
  if (rows.length === 0) return null
  const more = all > rows.length ? [fmt`and ${figure(all - rows.length)} more`] : []
  const body = FormattedString.join([...rows, ...more], '\n')
  return fmt`${bold}${heading}${bold}\n${expandableBlockquote}${body}${expandableBlockquote}`
}

/** "nas 40, pi 21". */
function tally<K extends 'host' | 'user'>(
  rows: readonly (Record<K, string> & { attempts: number })[],
  key: K,
): Text {
  const entries = rows.map((row) => fmt`${name(row[key])} ${figure(row.attempts)}`)
  return FormattedString.join(entries, ', ')
}

/** "nas", "nas and pi", "nas, pi and web", "nas, pi, web and 4 more hosts". */
function all(rows: readonly Text[]): Text {
  const rest = rows.length - 3
  if (rest > 0)
    return fmt`${FormattedString.join(rows.slice(0, 3), ', ')} and ${counted(rest, 'more host')}`
  const last = rows.at(-1)
  if (rows.length < 2 || last === undefined) return FormattedString.join([...rows])
  return fmt`${FormattedString.join(rows.slice(0, -1), ', ')} and ${last}`
}

// Letters of a right-to-left script pull the numbers beside them to their other side.
const rightToLeft =
  /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u

function name(text: string, most = 64): Text {
  const safe = plain(text, most)
  if (safe.trim() === '') return fmt`(empty)`
  const code = FormattedString.code(safe)
  return rightToLeft.test(safe) ? fmt`\u2068${code}\u2069` : code
}

function lines(sections: readonly Text[]): Text {
  return FormattedString.join([...sections], '\n')
}

function partOf({ text, entities }: Text): PartText {
  return {
    text,
    // The kinds are those used in this file.
    entities: entities
      .filter(({ length }) => length > 0)
      .map(({ type, offset, length }) => ({ type: type as Entity['type'], offset, length })),
  }
}
