/**
 * Hostile text made safe to show a person in a terminal, a page or a message. What cannot be seen,
 * or moves what stands beside it, is written as `\u{…}`: two names that look the same then are.
 */

// Control characters (ANSI escapes, line ends), format characters (bidi overrides, zero width),
// lone surrogates, private and unassigned code points, line separators, ignorable ones, and every
// space but the plain one.
const unseen = /^(?:[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}]|(?! )\p{Zs})$/u
const mark = /^\p{M}$/u
const mostMarks = 3
const longestGrapheme = 16
// Made when a text is cut for the first time: it takes 10 ms.
let graphemes: Intl.Segmenter | undefined

/**
 * Takes any text; gives it without a character that is invisible or acts on its surroundings, at
 * most `most` code points long (the `…` of a cut included). A cut falls between graphemes, never in
 * a surrogate pair or an escape.
 */
export function plain(text: string, most = 64): string {
  const pieces = visible(text.slice(0, 2 * most + 4))
  const whole = pieces.join('')
  return [...whole].length <= most ? whole : `${cut(pieces, whole, most - 1)}…`
}

/**
 * JSON text of a value that a terminal can show as well: JSON itself escapes the controls below the
 * space, and this escapes what else is invisible or acts on its surroundings (C1 controls, DEL, bidi
 * overrides). It reads back as the same value.
 */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(acting, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

// Format characters above U+FFFF (tags) come as two units, which JSON writes as two escapes.
const acting =
  /[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40|(?<=\udb40)[\udc00-\udfff]/g

function visible(text: string): string[] {
  // A mark without a letter of its own would sit on our text; a tower of them covers other lines.
  let marks = mostMarks
  return Array.from(text, (character) => {
    if (unseen.test(character)) {
      marks = mostMarks
      return escaped(character)
    }
    if (!mark.test(character)) {
      marks = 0
      return character
    }
    marks += 1
    return marks > mostMarks ? escaped(character) : character
  })
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}

function cut(pieces: readonly string[], whole: string, most: number): string {
  let points = 0
  let units = 0
  for (const piece of pieces) {
    points += [...piece].length
    if (points > most) break
    units += piece.length
  }
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  const start = graphemes.segment(whole).containing(units)?.index ?? units
  return whole.slice(0, start > 0 && units - start < longestGrapheme ? start : units)
}
