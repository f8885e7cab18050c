import { isIP } from 'node:net'
import { placeOf } from '../place.ts'
import { openWords, type Words } from './words.ts'

/** What a line names, by its bytes. */
export type Names = { places: Words; users: Words; methods: Words }

/** Opens the tables of one log. */
export function openNames(): Names {
  return {
    // Marked where it is an address and no host name.
    places: openWords(1 << 14, (text) => {
      const place = PLAIN.test(text) ? placeOf(text) : undefined
      return place === undefined ? undefined : { text: place, mark: isIP(place) !== 0 }
    }),
    // Marked where it holds a colon. What is escaped, cut, or hidden (by Solaris) takes the long way.
    users: openWords(1 << 13, (text) =>
      PLAIN.test(text) && text.length <= 100 && !text.startsWith('<')
        ? { text, mark: text.includes(':') }
        : undefined,
    ),
    methods: openWords(1 << 5, (text) =>
      METHOD.test(text) ? { text, mark: text === 'none' } : undefined,
    ),
  }
}

/** ASCII without control characters and backslashes: nothing to decode and nothing to unescape. */
const PLAIN = /^[ -[\]-~]*$/
const METHOD = /^[a-z][a-z/-]{0,40}$/
