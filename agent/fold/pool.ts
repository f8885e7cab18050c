import type { Session, SessionId } from './session.ts'

/** The sessions of one host and program, found by what tells them apart. */
export type Pool = {
  get: (id: SessionId) => Session | undefined
  /** Takes in a session; there is none of its id. */
  add: (session: Session) => void
  remove: (session: Session) => void
  size: () => number
}

/**
 * An empty pool. Nearly every session is known by its pid and lives for three lines. A Map whose keys
 * come and go like that is copied again and again, and the copies keep each other alive: they made up
 * half of what was alive, and a quarter of the fold's time.
 */
export function openPool(): Pool {
  let heads: (Session | undefined)[] = row(16)
  let numbered = 0
  const named = new Map<string, Session>()

  const grow = () => {
    const all = heads
    heads = row(2 * all.length)
    for (const head of all) {
      for (let one = head; one !== undefined; ) {
        const next: Session | undefined = one.next
        link(heads, one)
        one = next
      }
    }
  }
  return {
    get(id) {
      if (typeof id !== 'number') return named.get(id)
      let one = heads[id & (heads.length - 1)]
      while (one !== undefined && one.id !== id) one = one.next
      return one
    },
    add(session) {
      if (typeof session.id !== 'number') named.set(session.id, session)
      else {
        if (numbered++ === heads.length) grow()
        link(heads, session)
      }
    },
    remove(session) {
      if (typeof session.id !== 'number') named.delete(session.id)
      else {
        unlink(heads, session.id, session)
        numbered--
      }
    },
    size: () => numbered + named.size,
  }
}

function row(length: number): (Session | undefined)[] {
  return new Array<Session | undefined>(length).fill(undefined)
}

function link(heads: (Session | undefined)[], session: Session): void {
  const place = Number(session.id) & (heads.length - 1)
  session.next = heads[place]
  heads[place] = session
}

function unlink(heads: (Session | undefined)[], id: number, session: Session): void {
  const place = id & (heads.length - 1)
  let one = heads[place]
  if (one === session) heads[place] = session.next
  else {
    while (one !== undefined && one.next !== session) one = one.next
    if (one !== undefined) one.next = session.next
  }
  session.next = undefined
}
