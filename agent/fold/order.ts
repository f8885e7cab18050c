/** Sessions by the time they were last touched: a chain through them, so that moving one is four writes. */

/** What a chain links. */
export type Link<T> = { before: T | undefined; after: T | undefined }

/** `first` is the one touched longest ago. Whoever is in it is in no other. */
export type Chain<T> = { first: T | undefined; last: T | undefined; size: number }

/** An empty chain. */
export function openChain<T extends Link<T>>(): Chain<T> {
  return { first: undefined, last: undefined, size: 0 }
}

/** Puts somebody at the end. */
export function append<T extends Link<T>>(chain: Chain<T>, one: T): void {
  const { last } = chain
  one.before = last
  one.after = undefined
  if (last === undefined) chain.first = one
  else last.after = one
  chain.last = one
  chain.size++
}

/** Takes somebody out. */
export function remove<T extends Link<T>>(chain: Chain<T>, one: T): void {
  const { before, after } = one
  if (before === undefined) chain.first = after
  else before.after = after
  if (after === undefined) chain.last = before
  else after.before = before
  one.before = undefined
  one.after = undefined
  chain.size--
}

/** All of them, from the first on. */
export function* linked<T extends Link<T>>({ first }: Chain<T>): Generator<T, void, void> {
  for (let one = first; one !== undefined; one = one.after) yield one
}
