/**
 * The one way this server says no: a status, one sentence, and the id under which its log has more. A
 * browser that was led here shows the sentence as a page.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { refusalPage } from './pages.ts'

/** An answer that is not what was asked for; the sentence is for whoever asked. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  constructor(status: number, sentence: string) {
    super(sentence)
    this.status = status
  }
}

/** Error handler of the server. What went wrong inside stays inside. */
export function answerError(
  error: FastifyError | Refusal,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | Promise<FastifyReply> {
  const { status, sentence } = statusOf(error)
  if (status >= 500) {
    // The pattern, not the address: an address may hold a login code.
    request.log.error({ err: error, route: request.routeOptions.url }, 'a request failed')
  }
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (isForPerson(request)) return refusalPage(reply, status, { sentence, up: upFrom(request.url) })
  return reply.code(status).send({ error: sentence, request: request.id })
}

/** Whether a browser will show the answer as a page. */
export function isForPerson({ method, headers, url }: FastifyRequest): boolean {
  const isShown = ['GET', 'POST'].includes(method) && headers.accept?.includes('text/html') === true
  return isShown && !url.startsWith('/api/')
}

/** The way from an address to the dashboard's folder: relative, for a proxy may put that anywhere. */
export function upFrom(url: string): string {
  const [path = ''] = url.split('?', 1)
  return '../'.repeat(Math.max(0, path.split('/').length - 2))
}

function statusOf(error: FastifyError | Refusal): { status: number; sentence: string } {
  if (error instanceof Refusal) return { status: error.status, sentence: error.message }
  if (error.validation !== undefined || error.code === 'FST_ERR_VALIDATION') {
    return { status: 400, sentence: error.message }
  }
  const status = error.statusCode ?? 500
  if (status >= 400 && status < 500) return { status, sentence: error.message }
  return { status: 500, sentence: 'something went wrong here; the log has it under this request' }
}
