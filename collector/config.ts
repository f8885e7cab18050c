import { dirname, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import { ConfigError, type ConfigSource, readConfig, timeZoneOf } from '../shared/config.ts'

const text = Type.String({ minLength: 1 })
const strict = { additionalProperties: false } as const

/** collector.json. Every key has a default; without a Telegram token reports are only printed. */
export const CollectorSettings = Type.Object(
  {
    listen: Type.Optional(
      Type.Object(
        {
          host: Type.Optional(text),
          port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
        },
        strict,
      ),
    ),
    /** Certificate and key (PEM files); without them plain HTTP, meant for this machine or a proxy on it. */
    tls: Type.Optional(
      Type.Object({ certFile: Type.Optional(text), keyFile: Type.Optional(text) }, strict),
    ),
    /**
     * Where people find the page, such as https://nas.lan:8787 or https://home.example.net/cibot behind a
     * proxy: the collector itself cannot know by which name it is reached.
     */
    publicUrl: Type.Optional(Type.String({ pattern: '^https?://[^/\\s?#]+[^\\s?#]*$' })),
    /** Addresses of reverse proxies whose X-Forwarded-For is believed. */
    trustProxy: Type.Optional(Type.Array(text, { maxItems: 16 })),
    /** "sqlite:PATH", relative to this file as all paths are; cibot.db in the current folder if not said. */
    database: Type.Optional(Type.String({ pattern: '^sqlite:.+$' })),
    retention: Type.Optional(
      Type.Object({ findingsDays: Type.Optional(Type.Integer({ minimum: 1 })) }, strict),
    ),
    /** Time zone of reports and of the schedule, such as Europe/Rome. */
    timeZone: Type.Optional(text),
    report: Type.Optional(
      Type.Object(
        {
          /** Cron expression, in the fleet's time zone. */
          schedule: Type.Optional(text),
          /** One message a day even when there is nothing to say. */
          heartbeat: Type.Optional(Type.Boolean()),
        },
        strict,
      ),
    ),
    telegram: Type.Optional(
      Type.Object(
        {
          token: Type.Optional(text),
          tokenFile: Type.Optional(text),
          chatId: Type.Optional(Type.Union([text, Type.Integer()])),
          topic: Type.Optional(Type.Integer({ minimum: 1 })),
          apiRoot: Type.Optional(text),
        },
        strict,
      ),
    ),
    logFile: Type.Optional(text),
    logLevel: Type.Optional(Type.Enum(['debug', 'info', 'warn', 'error'])),
  },
  strict,
)

/** The old script's cibot.json, still understood. */
const OldSettings = Type.Object(
  { BOT: Type.Optional(text), TOKEN: text, CHATID: Type.Union([text, Type.Integer()]) },
  strict,
)

export type TelegramConfig = {
  token: string | undefined
  chatId: string | number | undefined
  topic: number | undefined
  apiRoot: string
}

/** The collector's settings with their defaults filled in. */
export type CollectorConfig = {
  listen: { host: string; port: number }
  tls: { certFile: string; keyFile: string } | undefined
  /** Without a slash at its end; undefined where nobody said. */
  publicUrl: string | undefined
  trustProxy: string[]
  /** Path of the SQLite file. */
  database: string
  findingsDays: number
  timeZone: string
  report: { schedule: string; heartbeat: boolean }
  telegram: TelegramConfig
  logFile: string | undefined
  logLevel: 'debug' | 'info' | 'warn' | 'error'
}

/** Reads collector.json (or an old cibot.json) and CIBOT_… variables. Throws ConfigError. */
export function readCollectorConfig(source: ConfigSource): CollectorConfig {
  const settings = readSettings(source)
  return {
    listen: {
      host: addressOf(settings.listen?.host ?? '127.0.0.1'),
      port: settings.listen?.port ?? 8787,
    },
    tls: tlsOf(settings),
    publicUrl: settings.publicUrl?.replace(/\/+$/, ''),
    trustProxy: settings.trustProxy ?? [],
    database: databaseOf(settings, source),
    findingsDays: settings.retention?.findingsDays ?? 90,
    timeZone: timeZoneOf(settings.timeZone),
    report: {
      schedule: settings.report?.schedule ?? '59 * * * *',
      heartbeat: settings.report?.heartbeat ?? false,
    },
    telegram: telegramOf(settings),
    logFile: settings.logFile,
    logLevel: settings.logLevel ?? 'info',
  }
}

type Settings = Static<typeof CollectorSettings>

function readSettings(source: ConfigSource): Settings {
  try {
    return readConfig(CollectorSettings, source)
  } catch (error) {
    const old = readOldSettings(source)
    if (old === undefined) throw error
    return old
  }
}

function readOldSettings(source: ConfigSource): Settings | undefined {
  try {
    const { TOKEN, CHATID } = readConfig(OldSettings, { ...source, env: {} })
    return { telegram: { token: TOKEN, chatId: CHATID } }
  } catch {
    return undefined
  }
}

function databaseOf({ database }: Settings, { file }: ConfigSource): string {
  const path = (database ?? 'sqlite:cibot.db').slice('sqlite:'.length)
  const isAsItStands = database === undefined || file === undefined || path === ':memory:'
  return isAsItStands ? path : resolve(dirname(file), path)
}

// "localhost" may be two addresses, and agents could then reach one that does not know them.
function addressOf(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}

function tlsOf({ tls }: Settings): CollectorConfig['tls'] {
  if (tls?.certFile === undefined && tls?.keyFile === undefined) return undefined
  if (tls.certFile === undefined || tls.keyFile === undefined) {
    throw new ConfigError('tls: needs both certFile and keyFile')
  }
  return { certFile: tls.certFile, keyFile: tls.keyFile }
}

function telegramOf({ telegram }: Settings): TelegramConfig {
  if (telegram?.token !== undefined && telegram.chatId === undefined) {
    throw new ConfigError(
      'telegram.chatId is missing: write to the bot once, then open https://api.telegram.org/bot<token>/getUpdates and take message.chat.id',
    )
  }
  return {
    token: telegram?.token,
    chatId: telegram?.chatId,
    topic: telegram?.topic,
    apiRoot: telegram?.apiRoot ?? 'https://api.telegram.org',
  }
}
