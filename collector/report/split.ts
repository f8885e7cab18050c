import { FormattedString } from '@grammyjs/parse-mode'
import type { Entity, PartText } from '../store/reports/parts.ts'

/** What one Telegram message holds: UTF-16 units of text, and entities (further ones are ignored). */
export const messageLimits = { units: 4096, entities: 100 } as const

/**
 * Cuts a formatted text into pieces that each fit a message; joined they are the text. Cuts fall
 * after a line where there is one, else after a word, never inside an entity (a quote goes on in
 * the next piece; only an entity longer than a whole piece is cut) or a surrogate pair.
 */
export function split(
  whole: PartText,
  limits: { units: number; entities: number } = messageLimits,
): PartText[] {
  const source = new FormattedString(whole.text, whole.entities)
  const pieces: PartText[] = []
  for (let start = 0; start < whole.text.length; ) {
    const end = cut(whole, start, limits)
    const { text, entities } = source.slice(start, end)
    // slice keeps the kinds it was given.
    pieces.push({ text, entities: entities as Entity[] })
    start = end
  }
  return pieces
}

function cut(
  { text, entities }: PartText,
  start: number,
  limits: { units: number; entities: number },
): number {
  const furthest = Math.min(text.length, start + limits.units, crowded(entities, start, limits))
  if (furthest === text.length) return furthest
  const whole = entities.filter(({ type }) => type !== 'expandable_blockquote')
  const torn = (at: number): Entity | undefined =>
    whole.find(({ offset, length }) => offset < at && at < offset + length)
  for (const end of ['\n', ' ']) {
    let at = text.lastIndexOf(end, furthest - 1) + 1
    while (at > start && torn(at) !== undefined) at = text.lastIndexOf(end, at - 2) + 1
    if (at > start) return at
  }
  const entity = torn(furthest)
  if (entity !== undefined && entity.offset > start) return entity.offset
  return betweenPairs(text, furthest, start)
}

/** Where the entity begins that is one too many for a piece from `start`. */
function crowded(entities: readonly Entity[], start: number, limits: { entities: number }): number {
  const extra = entities
    .filter(({ offset, length }) => offset + length > start)
    .map(({ offset }) => offset)
    .sort((a, b) => a - b)
    .at(limits.entities)
  return extra === undefined ? Number.POSITIVE_INFINITY : Math.max(extra, start + 1)
}

function betweenPairs(text: string, at: number, start: number): number {
  const inside = /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(text.slice(at - 1, at + 1))
  return inside && at - 1 > start ? at - 1 : at
}
