/** Sessions by the time they were last touched: a chain through them, so that moving one is four writes. */

/** What a chain links. */
export type Link<T> = { before: T | undefined; after: T | undefined }

export type Chain<T> = {
  /** The one touched longest ago. */
  first: () => T | undefined
  size: () => number
  append: (one: T) => void
  remove: (one: T) => void
  values: () => Generator<T, void, void>
}

/** An empty chain; whoever is in it is in no other. */
export function openChain<T extends Link<T>>(): Chain<T> {
  let first: T | undefined
  let last: T | undefined
  let size = 0
  return {
    first: () => first,
    size: () => size,
    append(one) {
      one.before = last
      one.after = undefined
      if (last === undefined) first = one
      else last.after = one
      last = one
      size++
    },
    remove(one) {
      const { before, after } = one
      if (before === undefined) first = after
      else before.after = after
      if (after === undefined) last = before
      else after.before = before
      one.before = undefined
      one.after = undefined
      size--
    },
    *values() {
      for (let one = first; one !== undefined; one = one.after) yield one
    },
  }
}
