/**
 * A digest as messages for a phone: the verdict first, then what changed, then lists that fold.
 * Formatting travels as entities, never as markup. Pure.
 */
import { FormattedString, fmt } from '@grammyjs/parse-mode'
import type { Entity, PartText, ReportKind } from '../store/reports/parts.ts'
import type { Alert } from './alert.ts'
import { type Digest, worthTelling } from './digest.ts'
import { accounts, attackers, hosts, local, logins, missing, users } from './lists.ts'
import { name, tally } from './names.ts'
import { messageLimits, split } from './split.ts'
import { changed, look, period, verdict } from './verdict.ts'
import { figure, moment } from './words.ts'

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
    users(digest),
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
    alert.failedOn.length > 1 ? fmt`Failed: ${tally(alert.failedOn.slice(0, 20), 'host')}` : null
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

function numbered(text: FormattedString, kind: ReportKind, number: number): PartText[] {
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

function lines(sections: readonly FormattedString[]): FormattedString {
  return FormattedString.join([...sections], '\n')
}

function partOf({ text, entities }: FormattedString): PartText {
  return {
    text,
    // The kinds are those used in this file.
    entities: entities
      .filter(({ length }) => length > 0)
      .map(({ type, offset, length }) => ({ type: type as Entity['type'], offset, length })),
  }
}
