/** The pages themselves. Nothing anybody typed is ever put into one here; the browser's script does that, as text. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { pageFiles } from './page/files.ts'

const sentences = {
  wrong: 'Name or password is wrong.',
  link: 'This link has been used or is too old. A new one comes from whoever runs the collector.',
}

/** Adds the dashboard and its assets. */
export function addPages(app: FastifyInstance): void {
  const schema = { hide: true }
  app.get('/', { schema }, (_request, reply) => page(reply, 200, textOf('index.html')))
  app.get('/style.css', { schema, config: { open: 'anybody' } }, (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(textOf('style.css')),
  )
  for (const name of pageFiles.keys()) {
    if (!name.endsWith('.js')) continue
    app.get(`/${name}`, { schema }, (_request, reply) =>
      reply.type('text/javascript; charset=utf-8').send(textOf(name)),
    )
  }
}

/** The login form, with why it is shown again. */
export function loginPage(
  reply: FastifyReply,
  status: number,
  why?: keyof typeof sentences,
): FastifyReply {
  const said = why === undefined ? '' : `<p class="wrong" role="alert">${sentences[why]}</p>`
  return page(reply, status, textOf('login.html').replace('<!--why-->', said))
}

/** A page that leads on to the dashboard by itself. */
export function welcomePage(reply: FastifyReply): FastifyReply {
  return page(reply, 200, textOf('welcome.html'))
}

/** Sends HTML. */
export function page(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(html)
}

/** Text of a file of the page; throws where there is none. */
export function textOf(name: string): string {
  const text = pageFiles.get(name)
  if (text === undefined) throw new Error(`the page has no file ${name}`)
  return text
}
