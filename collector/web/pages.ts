/** The pages themselves. Nothing an attacker typed is ever put into one here; the browser's script does that, as text. */
import { gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pageFiles } from './page-files.ts'

const sentences = {
  wrong: 'Name, password or code is wrong.',
  link: 'This link has been used or is too old. A new one comes from whoever runs the collector.',
}

/** Adds the dashboard and its assets. */
export async function addPages(app: FastifyInstance): Promise<void> {
  const index = await textOf('index.html')
  const style = await textOf('style.css')
  const script = await textOf('app.js')
  const schema = { hide: true }
  app.get('/', { schema }, (_request, reply) => page(reply, 200, index))
  app.get('/style.css', { schema, config: { open: 'anybody' } }, packed('text/css', style))
  app.get('/app.js', { schema }, packed('text/javascript', script))
}

/** Answers with a text that is the same for everybody, packed (RFC 9110, 12.5.3) for who can unpack. */
function packed(type: string, text: string) {
  const small = gzipSync(text, { level: 9 })
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    reply.type(`${type}; charset=utf-8`).header('vary', 'accept-encoding')
    const takes = String(request.headers['accept-encoding'] ?? '')
    return /\bgzip\b(?!\s*;\s*q=0)/.test(takes)
      ? reply.header('content-encoding', 'gzip').send(small)
      : reply.send(text)
  }
}

export type LoginPage = {
  /** Why it is shown again. */
  why?: keyof typeof sentences
  /** Query of the page to go on to; checked already, and escaped all the same. */
  to?: string
  /** The way from the address it is shown under to the dashboard's folder. */
  up?: string
}

/** Sends the login form. */
export async function loginPage(
  reply: FastifyReply,
  status: number,
  { why, to = '', up = '' }: LoginPage,
): Promise<FastifyReply> {
  const said = why === undefined ? '' : `<p class="wrong" role="alert">${sentences[why]}</p>`
  const on = to === '' ? '' : `<input type="hidden" name="to" value="${escaped(to)}">`
  const form = (await textOf('login.html'))
    .replace('<!--why-->', said)
    .replace('<!--to-->', () => on)
    .replaceAll('<!--up-->', up)
  return page(reply, status, form)
}

/** Sends a sentence that says no; `up` as for the login form. */
export async function refusalPage(
  reply: FastifyReply,
  status: number,
  { sentence, up }: { sentence: string; up: string },
): Promise<FastifyReply> {
  const told = `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}.`
  const text = (await textOf('refusal.html'))
    .replaceAll('<!--up-->', up)
    .replace('<!--why-->', () => escaped(told))
  return page(reply, status, text)
}

/** A page that leads on to the dashboard by itself. */
export async function welcomePage(reply: FastifyReply): Promise<FastifyReply> {
  return page(reply, 200, await textOf('welcome.html'))
}

/** Sends HTML. */
export function page(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(html)
}

/** Text of a file of the page; throws where there is none. */
export async function textOf(name: string): Promise<string> {
  const text = (await pageFiles()).get(name)
  if (text === undefined) throw new Error(`the page has no file ${name}`)
  return text
}

/** Text that stands for itself in HTML, also within quotes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
