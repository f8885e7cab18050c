/**
 * Logging in and out: a password form, links that work once, and a session kept in a cookie. Every
 * try is in the collector's log. Who fails waits; nobody is locked out.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Log } from '../../store/log.ts'
import type { People } from '../../store/people/people.ts'
import type { Live } from '../live.ts'
import { loginPage, welcomePage } from '../pages.ts'
import { Refusal } from '../refusal.ts'
import { cookieName, isFromLoopback, isSecure } from './guard.ts'
import { createPatience } from './patience.ts'

export type SessionsOptions = {
  people: People
  log: Log
  live: Live
  now: () => number
  wait: (ms: number) => Promise<void>
}

const Credentials = Type.Object(
  {
    name: Type.String({ maxLength: 64 }),
    password: Type.String({ maxLength: 512 }),
    /** Out of an app, where the person has set that up. */
    code: Type.Optional(Type.String({ maxLength: 12 })),
    /** The page to go on to: its query. */
    to: Type.Optional(Type.String({ maxLength: 1000 })),
  },
  { additionalProperties: false },
)

const perMinute = 30
const limited = { open: 'anybody', rateLimit: { max: perMinute, timeWindow: 60_000 } } as const

/** Adds /login, /login/CODE and /logout. */
export function addSessions(app: FastifyInstance, options: SessionsOptions): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  const schema = { hide: true }
  app.get<{ Querystring: { to?: unknown } }>(
    '/login',
    { schema, config: { open: 'anybody' } },
    async (request, reply) => {
      const to = pageQuery(request.query.to)
      if (request.caller !== null) return reply.redirect(`./${to}`, 303)
      // Said before a password is typed: sent to be refused, it would have been read on its way.
      demandSafeWay(request)
      return loginPage(reply, 200, { to })
    },
  )
  const logIn = loginHandler(options)
  app.post<{ Body: Static<typeof Credentials> }>(
    '/login',
    { schema: { ...schema, body: Credentials }, config: limited },
    logIn,
  )
  app.get<{ Params: { code: string } }>(
    '/login/:code',
    // A question for the headers alone must not use a link up.
    { schema, config: limited, exposeHeadRoute: false },
    (...both) => useLink(options, ...both),
  )
  app.post('/logout', { schema }, async (request, reply) => {
    if (request.caller?.kind === 'person') {
      const { hash, person } = request.caller.session
      options.people.endSession(hash)
      options.live.endSession(hash)
      options.log.append('logout', `${person} logged out`)
    }
    reply.clearCookie(cookieName(request), cookieOptions(request))
    return isForm(request) ? reply.redirect('login', 303) : reply.send({ ok: true })
  })
}

function loginHandler({ people, log, now, live, wait }: SessionsOptions) {
  const patience = createPatience(now)
  return async (
    request: FastifyRequest<{ Body: Static<typeof Credentials> }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const { name, password, code = '', to } = request.body
    demandSafeWay(request)
    await wait(patience.delay(request.ip, name))
    const answer = await people.verify(name, password)
    if (answer === 'busy') throw new Refusal(503, 'too many are logging in; try again in a moment')
    // Whether it was the password or the code is not told: each alone must be guessed in the dark.
    const isRight =
      answer === 'right' && (!people.hasTotp(name) || people.useTotp(name, code.trim()))
    if (!isRight) {
      patience.failed(request.ip, name)
      // An unknown name is not repeated: it may be a password typed into the wrong field.
      const who = people.knows(name) ? name : 'an unknown name'
      log.append(
        'login refused',
        `${request.ip} gave a wrong password ${answer === 'right' ? 'code ' : ''}for ${who}`,
      )
      if (isForm(request)) return loginPage(reply, 401, { why: 'wrong', to: pageQuery(to) })
      throw new Refusal(401, 'name, password or code is wrong')
    }
    patience.succeeded(request.ip, name)
    begin(request, reply, name, { people, live })
    log.append('login', `${name} logged in from ${request.ip}`)
    return isForm(request) ? reply.redirect(`./${pageQuery(to)}`, 303) : reply.send({ ok: true })
  }
}

async function useLink(
  { people, log, live }: SessionsOptions,
  request: FastifyRequest<{ Params: { code: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  demandSafeWay(request)
  // A browser that only looks ahead must not use the link up.
  const purpose = `${request.headers['sec-purpose'] ?? ''}${request.headers['purpose'] ?? ''}`
  if (purpose.includes('prefetch')) throw new Refusal(403, 'a login link cannot be fetched ahead')
  const person = people.useLink(request.params.code)
  if (person === undefined) {
    // Opened once more by who is in already, out of the message it came in: nobody is refused anything.
    if (request.caller?.kind === 'person') return reply.redirect('../', 303)
    log.append('login refused', `${request.ip} gave a login link that is used, too old or unknown`)
    return loginPage(reply, 401, { why: 'link', up: '../' })
  }
  begin(request, reply, person, { people, live })
  log.append('login', `${person} logged in from ${request.ip} by a link`)
  // A redirect out of another site's page would be followed without the strict cookie just set.
  if (request.headers['sec-fetch-site'] === 'cross-site') return welcomePage(reply)
  return reply.redirect('../', 303)
}

// Only ever a query of the dashboard itself: anything else could lead to a foreign page.
function pageQuery(to: unknown): string {
  return typeof to === 'string' && /^\?[\w.~%&=+*:-]{1,900}$/.test(to) ? to : ''
}

// A new token at each login, and the old session ends: one planted in the browser is worth nothing.
function begin(
  request: FastifyRequest,
  reply: FastifyReply,
  person: string,
  { people, live }: Pick<SessionsOptions, 'people' | 'live'>,
): void {
  if (request.caller?.kind === 'person') {
    people.endSession(request.caller.session.hash)
    live.endSession(request.caller.session.hash)
  }
  reply.setCookie(cookieName(request), people.startSession(person), cookieOptions(request))
}

function cookieOptions(request: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure(request) } as const
}

function demandSafeWay(request: FastifyRequest): void {
  if (isSecure(request) || isFromLoopback(request)) return
  const { localPort = 8787 } = request.socket
  throw new Refusal(
    403,
    `logging in over plain HTTP works on the collector itself only; configure TLS, or come through ssh -L ${localPort}:127.0.0.1:${localPort}`,
  )
}

function isForm(request: FastifyRequest): boolean {
  return request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
}
