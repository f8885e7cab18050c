/**
 * Who is asking, and whether the asking is theirs: nothing is answered to a request without a
 * session or a token unless its route says so, and nothing is changed for a foreign page.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import type { People, Session } from '../../store/people/people.ts'
import { isForPerson, Refusal, upFrom } from '../refusal.ts'

export type Caller = { kind: 'person'; session: Session } | { kind: 'token'; name: string }

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
  interface FastifyContextConfig {
    /** Answered to anybody, or to this machine itself; without it only to callers known. */
    open?: 'anybody' | 'this machine'
  }
}

/** Puts the guard before every route and every address that is no route. */
export function guard(app: FastifyInstance, people: People): void {
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request, reply) => {
    if (!['GET', 'HEAD'].includes(request.method) && !isOwnPage(request)) {
      throw new Refusal(403, 'this was sent by another page or by none; only our own may do that')
    }
    request.caller = callerOf(request, people)
    const { open } = request.routeOptions.config
    if (request.caller !== null || open === 'anybody') return
    if (open === 'this machine' && isThisMachine(request)) return
    if (isForPerson(request)) return reply.redirect(loginAddress(request), 303)
    throw new Refusal(401, 'log in first, or send a token: Authorization: Bearer TOKEN')
  })
}

/** Whether a caller let in earlier would be let in now. */
export function stillAllowed(caller: Caller | null, people: People): boolean {
  if (caller === null) return false
  return caller.kind === 'person' ? people.lives(caller.session) : people.hasToken(caller.name)
}

/** Name of the session cookie: the prefix makes browsers insist on Secure, this host and path /. */
export function cookieName(request: FastifyRequest): '__Host-s' | 's' {
  return isSecure(request) ? '__Host-s' : 's'
}

export function isSecure(request: FastifyRequest): boolean {
  return request.protocol === 'https'
}

/** Whether the other end of the connection is on this machine (which a proxy here is too). */
export function isFromLoopback(request: FastifyRequest): boolean {
  return isLoopback(request.socket.remoteAddress ?? '')
}

// With the page to come back to.
function loginAddress({ url }: FastifyRequest): string {
  const [, query = ''] = url.split('?', 2)
  return `${upFrom(url) || './'}login${query === '' ? '' : `?to=${encodeURIComponent(`?${query}`)}`}`
}

function callerOf(request: FastifyRequest, people: People): Caller | null {
  const bearer = /^Bearer ([A-Za-z0-9_-]{20,100})$/i.exec(request.headers.authorization ?? '')?.[1]
  if (bearer !== undefined) {
    const name = people.token(bearer)
    return name === undefined ? null : { kind: 'token', name }
  }
  const cookie = request.cookies[cookieName(request)]
  const session = cookie === undefined ? undefined : people.session(cookie)
  return session === undefined ? null : { kind: 'person', session }
}

// Browsers say where a request was made; a POST that says nothing at all is no browser's form.
function isOwnPage(request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined && site !== 'same-origin') return false
  // Our own referrer policy makes Chromium send "null" for a form of our own page.
  if (origin === undefined || origin === 'null') return site === 'same-origin'
  // Behind a proxy that ends TLS without saying so, only the host can be compared.
  return site === 'same-origin'
    ? hostOf(origin) === request.host.toLowerCase()
    : origin.toLowerCase() === `${request.protocol}://${request.host}`.toLowerCase()
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined
}

const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

// A name in Host that is not this machine's own is a foreign page rebinding its name to loopback.
function isThisMachine(request: FastifyRequest): boolean {
  const host = request.hostname.replace(/^\[|\]$/g, '')
  return (
    isFromLoopback(request) &&
    (host === 'localhost' || isLoopback(host)) &&
    !proxyHeaders.some((name) => request.headers[name] !== undefined)
  )
}

function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}
