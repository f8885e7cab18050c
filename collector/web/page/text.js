// @ts-check
// Words, numbers and times as people read them. Everything is put on the page as text, never as markup.

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}]|(?! )\p{Zs}/gu
const numbers = new Intl.NumberFormat()
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

/**
 * Hostile text with what cannot be seen, or turns its surroundings around, written out.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(unseen, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`)
}

/** @param {number} value */
export function number(value) {
  return numbers.format(value)
}

/**
 * "1 host", "3 hosts".
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`
}

/** @param {string[]} words */
export function listed(words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

const steps = /** @type {const} */ ([
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
])

/**
 * How long ago, roughly.
 * @param {string} iso
 */
export function ago(iso) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000))
  for (const [size, name] of steps) {
    if (seconds >= size) return `${number(Math.floor(seconds / size))} ${name} ago`
  }
  return `${seconds} s ago`
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB']
  let power = 0
  let value = bytes
  while (value >= 1000 && power < units.length - 1) {
    value /= 1000
    power += 1
  }
  return `${number(Math.round(value * 10) / 10)} ${units[power]}`
}

/**
 * A time, in full when pointed at.
 * @param {string} iso
 * @param {'clock' | 'ago'} style
 */
export function time(iso, style) {
  const at = new Date(iso)
  const node = document.createElement('time')
  node.dateTime = iso
  node.title = `${moment.format(at)} (${ago(iso)})`
  const isToday = at.toDateString() === new Date().toDateString()
  const short = isToday ? clock.format(at) : `${at.toLocaleDateString()} ${clock.format(at)}`
  node.textContent = style === 'ago' ? ago(iso) : short
  return node
}

/**
 * An element with text and other elements in it.
 * @param {string} tag
 * @param {string} kind its class
 * @param {...(string | Node)} inside
 */
export function element(tag, kind, ...inside) {
  const node = document.createElement(tag)
  if (kind !== '') node.className = kind
  node.append(...inside)
  return node
}

/** @param {string} id */
export function byId(id) {
  const node = document.getElementById(id)
  if (node === null) throw new Error(`the page has no ${id}`)
  return node
}
