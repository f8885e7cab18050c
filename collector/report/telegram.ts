/**
 * One call to the Bot API, and what came of it in the words of the outbox. Telegram knows no
 * idempotency key, so all depends on telling "never got there" from "may have got there".
 *
 * grammY throws two errors: Telegram said no (GrammyError), or the network failed (HttpError), whose
 * cause names the URL and with it the token. Nothing of that cause is passed on but its code.
 */
import { channel } from 'node:diagnostics_channel'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { Api, GrammyError, HttpError } from 'grammy'
import { plain } from '../../shared/plain.ts'
import type { PartText } from '../store/reports/parts.ts'

/** What goes to one chat. */
export type Message = PartText & { chat: string; silent: boolean }

/**
 * sent       a person can see it; `id` is the message's, null where there is none
 * later      it was not taken; `seconds` is Telegram's own word, null where it gave none
 * unsure     it may have been taken
 * malformed  this text or its entities are not acceptable
 * migrated   the chat has a new id
 * refused    not for this token or chat; trying the same again is no use
 */
export type Outcome =
  | { kind: 'sent'; id: number | null }
  | { kind: 'later'; seconds: number | null; why: string }
  | { kind: 'unsure'; why: string }
  | { kind: 'malformed'; why: string }
  | { kind: 'migrated'; chat: string }
  | { kind: 'refused'; why: string }

export type Send = (message: Message) => Promise<Outcome>

export type TelegramSettings = {
  token: string
  /** Without a slash at its end; Telegram's own where absent. */
  apiRoot?: string
  /** The topic (message_thread_id) of a forum. */
  topic?: number
  /** How long a call may take, in ms. */
  timeout?: number
}

const defaults = { apiRoot: 'https://api.telegram.org', timeout: 30_000 } as const

/** A sender to the Bot API. Every expected failure is an Outcome; it throws for bugs alone. */
export function openTelegram(settings: TelegramSettings): Send {
  const apiRoot = (settings.apiRoot ?? defaults.apiRoot).replace(/\/+$/, '')
  const clean = redactor(settings.token)
  return async (message) => {
    const line = openLine(apiRoot)
    const api = new Api(settings.token, {
      apiRoot,
      timeoutSeconds: (settings.timeout ?? defaults.timeout) / 1000,
      // A redirect would carry the token wherever it points.
      baseFetchConfig: { agent: line.agent, redirect: 'error' },
    })
    try {
      const { message_id } = await api.sendMessage(message.chat, message.text, {
        entities: message.entities,
        disable_notification: message.silent,
        link_preview_options: { is_disabled: true },
        ...(settings.topic === undefined ? {} : { message_thread_id: settings.topic }),
      })
      return { kind: 'sent', id: message_id }
    } catch (error) {
      if (error instanceof GrammyError) return answered(error, clean)
      if (error instanceof HttpError) return failed(error, line.state(), clean)
      throw new Error('the Telegram library failed in a way it never should')
    } finally {
      line.close()
    }
  }
}

function answered(error: GrammyError, clean: (text: string) => string): Outcome {
  const { error_code: code, parameters } = error
  const why = clean(`${code} ${error.description}`)
  if (parameters.migrate_to_chat_id !== undefined) {
    return { kind: 'migrated', chat: String(parameters.migrate_to_chat_id) }
  }
  if (code === 429) return { kind: 'later', seconds: parameters.retry_after ?? null, why }
  if (code >= 500) return { kind: 'later', seconds: null, why }
  if (code === 400 && /entit|too long|text is empty/i.test(error.description)) {
    return { kind: 'malformed', why }
  }
  return { kind: 'refused', why }
}

function failed(error: HttpError, line: LineState, clean: (text: string) => string): Outcome {
  const reason = codeOf(error.error)
  const { status } = line
  if (status !== null && status !== 200) {
    const why = clean(`${status} without an answer of Telegram's`)
    const wrong = status >= 400 && status < 500 && status !== 429
    return wrong ? { kind: 'refused', why } : { kind: 'later', seconds: null, why }
  }
  if (!line.connected) return { kind: 'later', seconds: null, why: `no connection (${reason})` }
  return { kind: 'unsure', why: `the connection broke before the answer came (${reason})` }
}

// The message of the cause holds the URL; a code ("ECONNREFUSED") holds nothing.
function codeOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'code') : undefined
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'timed out'
}

type LineState = {
  /** The connection stood (with TLS: was proven), so the request may have been written. */
  connected: boolean
  /** Of the HTTP answer; null where none came. */
  status: number | null
}

/** What Node tells on the channel http.client.response.finish, as far as we look. */
type Exchange = { request: { agent?: unknown }; response: { statusCode?: number } }

/**
 * A connection for one call alone. None is kept for the next: a server closes an idle one about
 * when an hourly report wants it, and that reset would look like a message in doubt.
 */
function openLine(apiRoot: string): {
  agent: HttpAgent
  state: () => LineState
  close: () => void
} {
  const state: LineState = { connected: false, status: null }
  const secure = apiRoot.startsWith('https:')
  // Said outright: else NODE_TLS_REJECT_UNAUTHORIZED=0 would hand the token to whoever stands between.
  const agent = secure
    ? new HttpsAgent({ keepAlive: false, rejectUnauthorized: true })
    : new HttpAgent({ keepAlive: false })
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback) as Duplex
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      state.connected = true
    })
    return socket
  }
  // The library reads JSON at once and forgets the status where it is none (a gateway's 502 page).
  const responses = channel('http.client.response.finish')
  const listen = (message: unknown): void => {
    const { request, response } = message as Exchange
    if (request.agent === agent) state.status = response.statusCode ?? null
  }
  responses.subscribe(listen)
  return {
    agent,
    state: () => state,
    close: () => {
      responses.unsubscribe(listen)
      agent.destroy()
    },
  }
}

/** Whoever answers may repeat what it was asked: the token, or its secret half, never passes. */
export function redactor(token: string): (text: string) => string {
  const secrets = [token, encodeURIComponent(token), token.slice(token.indexOf(':') + 1)]
  return (text) =>
    plain(
      secrets
        .filter((secret) => secret !== '')
        .reduce((safe, secret) => safe.replaceAll(secret, '…'), text),
      200,
    )
}
