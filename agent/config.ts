import { hostname } from 'node:os'
import Type from 'typebox'
import {
  ConfigError,
  type ConfigSource,
  findConfig,
  readConfig,
  timeZoneOf,
} from '../shared/config.ts'
import { spanOf } from '../shared/span.ts'

const text = Type.String({ minLength: 1 })
// As long as the wire takes; see shared/wire.ts.
const source = Type.String({ minLength: 1, maxLength: 512 })

/** agent.json. Every key is optional but `collector`, and that only for the daemon. */
export const AgentSettings = Type.Object(
  {
    /** Where the collector listens: https://nas.lan:8787 (wss:// is the same). */
    collector: Type.Optional(text),
    /** Certificate authority the collector's certificate must come from (PEM). */
    caFile: Type.Optional(text),
    /** The agent's private key; made by `key`. */
    keyFile: Type.Optional(text),
    /** "auto", "journal", a log file, or several of these. */
    source: Type.Optional(Type.Union([source, Type.Array(source, { minItems: 1, maxItems: 16 })])),
    /** How far back the first contact reads: a span such as 24h or 7d, or "all". */
    since: Type.Optional(text),
    /** The name this host has in its own log lines. */
    hostname: Type.Optional(text),
    /** Time zone of log lines that do not say theirs. */
    timeZone: Type.Optional(text),
    logFile: Type.Optional(text),
    logLevel: Type.Optional(Type.Enum(['debug', 'info', 'warn', 'error'])),
  },
  { additionalProperties: false },
)

/** The agent's settings with their defaults filled in. */
export type AgentConfig = {
  /** ws:// or wss:// without a path; undefined where no collector is named. */
  collector: string | undefined
  caFile: string | undefined
  keyFile: string
  sources: string[]
  /** ms to read back on first contact; null reads everything. */
  since: number | null
  hostname: string
  timeZone: string
  logFile: string | undefined
  logLevel: 'debug' | 'info' | 'warn' | 'error'
}

export const programName = 'cibot-agent'

/** The settings from the file named, or from where they usually are. Throws ConfigError. */
export function findAgentConfig(named: string | undefined): AgentConfig {
  const file = findConfig(named, ['/etc/cibot/agent.json', 'agent.json'], process.env)
  return readAgentConfig({ file, env: process.env })
}

/** Reads agent.json and CIBOT_… variables. Throws ConfigError with one sentence. */
export function readAgentConfig(source: ConfigSource): AgentConfig {
  const settings = readConfig(AgentSettings, source)
  const from = settings.source ?? 'auto'
  return {
    collector: settings.collector === undefined ? undefined : socketUrl(settings.collector),
    caFile: settings.caFile,
    keyFile: settings.keyFile ?? defaultKeyFile(source),
    sources: Array.isArray(from) ? from : [from],
    since: sinceOf(settings.since ?? '24h'),
    hostname: settings.hostname ?? hostname(),
    timeZone: timeZoneOf(settings.timeZone),
    logFile: settings.logFile,
    logLevel: settings.logLevel ?? 'info',
  }
}

function socketUrl(text: string): string {
  const url = URL.parse(text)
  const scheme = { 'https:': 'wss:', 'wss:': 'wss:', 'http:': 'ws:', 'ws:': 'ws:' }[
    url?.protocol ?? ''
  ]
  if (url === null || scheme === undefined) {
    throw new ConfigError(
      `collector: "${text}" is no address of a collector; it looks like https://nas.lan:8787`,
    )
  }
  return `${scheme}//${url.host}${url.pathname.replace(/\/$/, '')}`
}

// systemd hands the key over in a folder of its own (LoadCredential=key:…).
function defaultKeyFile({ file, env }: ConfigSource): string {
  const credentials = env['CREDENTIALS_DIRECTORY']
  if (credentials !== undefined) return `${credentials}/key`
  return file === undefined ? 'agent.key' : file.replace(/[^/]*$/, 'agent.key')
}

function sinceOf(text: string): number | null {
  if (text === 'all') return null
  const span = spanOf(text)
  if (span === undefined) {
    throw new ConfigError(`since: "${text}" is no span of time; it looks like 24h, 7d or all`)
  }
  return span
}
