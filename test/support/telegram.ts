/**
 * A Bot API on loopback that is as strict as Telegram's, answers by script, and remembers what a
 * person in the chat would see. Rules: core.telegram.org/bots/api (sendMessage, MessageEntity) and
 * tdlib's MessageEntity.cpp (offsets in UTF-16 units, not inside a surrogate pair).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the next call is answered; `taken` says whether a person sees the message all the same. */
export type Answer =
  | { kind: 'ok' }
  | { kind: 'flood'; seconds: number }
  | { kind: 'broken'; code: 500 | 502 | 504; html?: boolean }
  | { kind: 'reset'; taken: boolean }
  | { kind: 'hang'; taken: boolean }
  | { kind: 'no'; code: 400 | 401 | 403 | 404; description: string }
  | { kind: 'redirect'; to: string }
  /** From now on the chat exists under another id only. */
  | { kind: 'migrate'; chat: number }

export type Entity = { type: string; offset: number; length: number }

/** A message as it stands in the chat. */
export type Seen = {
  id: number
  chat: string
  topic: number | null
  text: string
  entities: Entity[]
  silent: boolean
  preview: boolean
}

export type Call = { path: string; body: unknown }

export type FakeTelegram = {
  apiRoot: string
  token: string
  /** What the chat shows, in order. */
  seen: Seen[]
  /** Every request, answered or not. */
  calls: Call[]
  /** Answers for the next calls, in order; after the last one every valid call succeeds. */
  answer: (...answers: Answer[]) => void
  /** Resolves once so many calls have come in; rejects after the deadline (ms). */
  called: (count: number, deadline?: number) => Promise<void>
  /** Stops listening and cuts every connection: connections are refused from now on. */
  close: () => Promise<void>
}

/** Starts the fake on a free port, or a given one. */
export async function openFakeTelegram(port = 0): Promise<FakeTelegram> {
  const token = '123456789:AAF-aVerySecretTokenOfTestsOnly_0123'
  const state: State = { token, seen: [], calls: [], script: [], moved: new Map(), waiting: [] }
  const server = createServer((request, response) => {
    readBody(request).then(
      (body) => handle(state, request, body, response),
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    apiRoot: `http://127.0.0.1:${address.port}`,
    token,
    seen: state.seen,
    calls: state.calls,
    answer: (...answers) => {
      state.script.push(...answers)
    },
    called: (count, deadline = 5000) => called(state, count, deadline),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type State = {
  token: string
  seen: Seen[]
  calls: Call[]
  script: Answer[]
  moved: Map<string, number>
  waiting: (() => void)[]
}

function called(state: State, count: number, deadline: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${state.calls.length} of ${count} calls came within ${deadline} ms`)),
      deadline,
    )
    const look = (): void => {
      if (state.calls.length < count) return
      clearTimeout(timer)
      resolve()
    }
    state.waiting.push(look)
    look()
  })
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function handle(
  state: State,
  request: IncomingMessage,
  text: string,
  response: ServerResponse,
): void {
  const path = request.url ?? ''
  const body = parse(request, text)
  state.calls.push({ path, body })
  const answer = state.script.shift() ?? { kind: 'ok' }
  perform(state, answer, path, body, response)
  for (const look of [...state.waiting]) look()
}

function parse(request: IncomingMessage, text: string): unknown {
  if (!request.headers['content-type']?.startsWith('application/json')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function perform(
  state: State,
  answer: Answer,
  path: string,
  body: unknown,
  response: ServerResponse,
): void {
  switch (answer.kind) {
    case 'ok':
      reply(response, serve(state, path, body))
      break
    case 'flood':
      reply(response, {
        ...no(429, `Too Many Requests: retry after ${answer.seconds}`),
        parameters: { retry_after: answer.seconds },
      })
      break
    case 'broken':
      if (answer.html) page(response, answer.code)
      else reply(response, no(answer.code, 'Internal Server Error'))
      break
    case 'reset':
      if (answer.taken) serve(state, path, body)
      response.socket?.resetAndDestroy()
      break
    case 'hang':
      if (answer.taken) serve(state, path, body)
      break
    case 'no':
      reply(response, no(answer.code, answer.description))
      break
    case 'redirect':
      response.writeHead(307, { location: answer.to }).end()
      break
    case 'migrate':
      state.moved.set(String(fieldsOf(body)['chat_id']), answer.chat)
      reply(response, serve(state, path, body))
      break
  }
}

function page(response: ServerResponse, code: number): void {
  response.writeHead(code, { 'content-type': 'text/html' }).end('<html><h1>Bad Gateway</h1></html>')
}

type Reply = { ok: boolean; error_code?: number; [key: string]: unknown }

function reply(response: ServerResponse, answer: Reply): void {
  response.writeHead(answer.error_code ?? 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answer))
}

function no(code: number, description: string): Reply & { error_code: number } {
  return { ok: false, error_code: code, description }
}

function serve(state: State, path: string, body: unknown): Reply {
  const [, token, method] = /^\/bot([^/]+)\/(\w+)$/.exec(path) ?? []
  if (token === undefined) return no(404, 'Not Found')
  if (token !== state.token) return no(401, 'Unauthorized')
  if (method === 'getMe') {
    const me = { id: 123456789, is_bot: true, first_name: 'CIBot', username: 'a_test_bot' }
    return { ok: true, result: me }
  }
  return method === 'sendMessage' ? send(state, fieldsOf(body)) : no(404, 'Not Found')
}

function fieldsOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

const known = [
  'chat_id',
  'text',
  'entities',
  'disable_notification',
  'link_preview_options',
  'message_thread_id',
]

function send(state: State, fields: Record<string, unknown>): Reply {
  const wrong = fault(fields)
  if (wrong !== null) return no(400, `Bad Request: ${wrong}`)
  const chat = String(fields['chat_id'])
  const moved = state.moved.get(chat)
  if (moved !== undefined) {
    return {
      ...no(400, 'Bad Request: group chat was upgraded to a supergroup chat'),
      parameters: { migrate_to_chat_id: moved },
    }
  }
  const preview = fieldsOf(fields['link_preview_options'])['is_disabled'] !== true
  const message: Seen = {
    id: state.seen.length + 1,
    chat,
    topic: typeof fields['message_thread_id'] === 'number' ? fields['message_thread_id'] : null,
    text: String(fields['text']),
    // Telegram shows about a hundred and ignores the rest.
    entities: ((fields['entities'] ?? []) as Entity[]).slice(0, 100),
    silent: fields['disable_notification'] === true,
    preview,
  }
  state.seen.push(message)
  return {
    ok: true,
    result: { message_id: message.id, date: 1_700_000_000, chat: { id: chat }, text: message.text },
  }
}

/** What is wrong with a message, in Telegram's words; null where nothing is. */
function fault(fields: Record<string, unknown>): string | null {
  const strange = Object.keys(fields).find((field) => !known.includes(field))
  if (strange !== undefined) return `the field ${strange} is not known to these tests`
  const { chat_id: chat, text, entities = [], message_thread_id: topic } = fields
  if (typeof chat !== 'string' && !Number.isInteger(chat)) return 'chat_id is empty'
  if (typeof text !== 'string' || text.trim() === '') return 'message text is empty'
  if (!text.isWellFormed()) return 'strings must be encoded in UTF-8'
  if (text.length > 4096) return 'message is too long'
  if (topic !== undefined && !Number.isInteger(topic)) return 'message thread is not an integer'
  if (!Array.isArray(entities)) return "can't parse entities JSON object"
  return entityFault(text, entities as unknown[])
}

const kinds = ['bold', 'italic', 'underline', 'strikethrough', 'spoiler', 'code', 'pre']
const quotes = ['blockquote', 'expandable_blockquote']

function entityFault(text: string, given: readonly unknown[]): string | null {
  const entities: Entity[] = []
  for (const entity of given) {
    const { type, offset, length } = fieldsOf(entity)
    if (typeof type !== 'string' || ![...kinds, ...quotes].includes(type)) {
      return "can't parse entities: unsupported type"
    }
    if (!Number.isInteger(offset) || !Number.isInteger(length)) {
      return "can't parse entities: offset and length must be integers"
    }
    entities.push({ type, offset: Number(offset), length: Number(length) })
  }
  for (const { offset, length } of entities) {
    const end = offset + length
    if (offset < 0 || length < 1 || end > text.length) {
      return `entity beginning at UTF-16 offset ${offset} ends after the end of the text at UTF-16 offset ${end}`
    }
    if (tornPair(text, offset) || tornPair(text, end)) {
      return `entity beginning at UTF-16 offset ${offset} ends in a middle of a UTF-16 symbol`
    }
  }
  return overlap(entities) ? "can't parse entities: entities overlap" : null
}

function tornPair(text: string, at: number): boolean {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(text.slice(Math.max(at - 1, 0), at + 1)) && at > 0
}

// One inside the other or apart; nothing inside code, no quote inside a quote.
function overlap(entities: readonly Entity[]): boolean {
  return entities.some((a, index) =>
    entities.slice(index + 1).some((b) => {
      const [outer, inner] = a.length >= b.length ? [a, b] : [b, a]
      const outerEnd = outer.offset + outer.length
      const innerEnd = inner.offset + inner.length
      if (innerEnd <= outer.offset || outerEnd <= inner.offset) return false
      const inside = outer.offset <= inner.offset && innerEnd <= outerEnd
      const closed = ['code', 'pre'].includes(outer.type)
      return !inside || closed || (quotes.includes(outer.type) && quotes.includes(inner.type))
    }),
  )
}
