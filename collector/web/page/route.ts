/**
 * Where on the page one is: all of it in the query of the address, so that everything is a link and
 * the path, which a proxy may put anywhere, never matters.
 */
import { computed, signal } from '@preact/signals'

export type Place = Record<string, string | undefined>

const query = signal(location.search)

export const place = computed(
  (): ReadonlyMap<string, string> => new Map(new URLSearchParams(query.value)),
)

/** One value of the query; '' where it is not there. */
export function at(name: string): string {
  return place.value.get(name) ?? ''
}

/** The address of a place. */
export function href(to: Place): string {
  const entries = Object.entries(to).filter((entry): entry is [string, string] => !!entry[1])
  return entries.length === 0 ? './' : `./?${new URLSearchParams(entries)}`
}

/** The present place with some values changed; an empty one is left out. */
export function changed(to: Place): Place {
  return { ...Object.fromEntries(place.value), ...to }
}

/**
 * Goes to a place; `replace` for what is no step of its own, such as a letter typed. Nor is going where one
 * is: it would have to be gone back from.
 */
export function go(to: Place, replace = false): void {
  const url = href(to)
  const isHere = new URL(url, location.href).search === location.search
  if (replace || isHere) history.replaceState(null, '', url)
  else history.pushState(null, '', url)
  const isNewPage = new URLSearchParams(query.value).get('page') !== (to['page'] ?? null)
  query.value = location.search
  if (isNewPage) {
    scrollTo(0, 0)
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
  }
}

/** Makes links of our own, and going back, change the place instead of loading the page. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    query.value = location.search
  })
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    const isPlain =
      event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    if (link === null || !isPlain || link.target !== '' || link.hasAttribute('download')) return
    const href = link.getAttribute('href') ?? ''
    if (href !== './' && !href.startsWith('./?')) return
    event.preventDefault()
    go(Object.fromEntries(new URLSearchParams(href.slice(2))))
  })
}
