/**
 * Settings from a JSON file (comments allowed), from environment variables over it, and secrets from
 * files named by either. Whatever is wrong is one sentence: which file, which key, what would be right.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import type { Static, TObject, TSchema } from 'typebox'
import { checker } from './check.ts'

/** A setting or an argument is wrong. Its message is for the person who made it; exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** Where settings come from. `file` undefined means there is none; `env` is process.env or a test's. */
export type ConfigSource = {
  file: string | undefined
  env: Record<string, string | undefined>
}

/**
 * Reads settings of this schema: file, then `CIBOT_…` variables (`report.schedule` is
 * CIBOT_REPORT_SCHEDULE), then secrets: a key `tokenFile` fills `token` with that file's content,
 * without the newline at its end. Paths are taken relative to the file they stand in. Throws
 * ConfigError.
 */
export function readConfig<S extends TObject>(schema: S, source: ConfigSource): Static<S> {
  const settings = source.file === undefined ? {} : readFile(source.file)
  const folder = source.file === undefined ? process.cwd() : dirname(resolve(source.file))
  applyEnvironment(schema, settings, source.env, [])
  const checked = checker(schema)(settings)
  if (!checked.ok)
    throw new ConfigError(`${source.file ?? 'the settings'}: ${hint(checked.why, schema)}`)
  return readSecrets(schema, resolvePaths(checked.value as Settings, folder)) as Static<S>
}

/**
 * The settings file to use: the one named, else CIBOT_CONFIG (empty is not set, as of all variables), else
 * the first of these places that exists; undefined where there is none.
 */
export function findConfig(
  named: string | undefined,
  places: readonly string[],
  env: ConfigSource['env'],
): string | undefined {
  const set = env['CIBOT_CONFIG'] || undefined
  return named ?? set ?? places.find((place) => existsSync(place))
}

/** The time zone of this name, or this machine's. Throws ConfigError where there is none of the name. */
export function timeZoneOf(name: string | undefined): string {
  const zone = name ?? Temporal.Now.timeZoneId()
  try {
    Temporal.Now.zonedDateTimeISO(zone)
    return zone
  } catch {
    throw new ConfigError(`timeZone: "${zone}" is no time zone; it looks like Europe/Rome`)
  }
}

type Settings = Record<string, unknown>

function readFile(file: string): Settings {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read ${file}: ${reason(error)}`, { cause: error })
  }
  const value = readJson(text) ?? readCommented(text, file)
  if (!isRecord(value)) throw new ConfigError(`${file}: must hold one JSON object, { … }`)
  return value
}

// Most files hold no comments, and what Node itself has read needs nobody else's reader at the start.
function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readCommented(text: string, file: string): unknown {
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: true })
  const first = errors[0]
  if (first === undefined) return value
  const line = text.slice(0, first.offset).split('\n').length
  throw new ConfigError(`${file}, line ${line}: not JSON (${printParseErrorCode(first.error)})`)
}

function applyEnvironment(
  schema: TObject,
  settings: Settings,
  env: ConfigSource['env'],
  path: string[],
): void {
  for (const [key, part] of Object.entries(schema.properties) as [string, TSchema][]) {
    const here = [...path, key]
    if (isObject(part)) {
      const inner = isRecord(settings[key]) ? settings[key] : {}
      applyEnvironment(part, inner, env, here)
      if (Object.keys(inner).length > 0) settings[key] = inner
      continue
    }
    const text = env[variable(here)]
    if (text !== undefined && text !== '') settings[key] = fromText(text, part)
  }
}

// timeZone becomes TIME_ZONE.
function variable(path: string[]): string {
  return `CIBOT_${path
    .map((key) => key.replace(/[A-Z]/g, '_$&'))
    .join('_')
    .toUpperCase()}`
}

function fromText(text: string, schema: TSchema): unknown {
  const types = new Set<unknown>(
    [schema, ...((Reflect.get(schema, 'anyOf') as TSchema[] | undefined) ?? [])].flatMap((s) =>
      Reflect.get(s, 'type'),
    ),
  )
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  const isNumber = types.has('number') || types.has('integer')
  if (isNumber && !types.has('string') && /^-?\d+$/.test(text)) return Number(text)
  if (types.has('array')) return text.split(',').map((part) => part.trim())
  return text
}

function resolvePaths(settings: Settings, folder: string): Settings {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => {
      if (isRecord(value)) return [key, resolvePaths(value, folder)]
      return [
        key,
        key.endsWith('File') && typeof value === 'string' ? resolve(folder, value) : value,
      ]
    }),
  )
}

// { tokenFile } → { token } wherever the schema knows both.
function readSecrets(schema: TObject, settings: Settings): Settings {
  const out: Settings = {}
  for (const [key, value] of Object.entries(settings)) {
    const part = schema.properties[key]
    const plain = key.replace(/File$/, '')
    if (isRecord(value) && part !== undefined && isObject(part)) {
      out[key] = readSecrets(part, value)
    } else if (plain !== key && plain in schema.properties && typeof value === 'string') {
      out[plain] = readSecret(value)
    } else out[key] ??= value
  }
  return out
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new ConfigError(`cannot read the secret in ${file}: ${reason(error)}`, { cause: error })
  }
}

// An unknown key is mostly a known one misspelt, or one that stands in the wrong place.
function hint(why: string, schema: TObject): string {
  const [, place, unknown] = /^(.*): "([^"]+)" is not known here$/.exec(why) ?? []
  if (place === undefined || unknown === undefined) return why
  const elsewhere = allKeys(schema).find((path) => path.split('.').at(-1) === unknown)
  if (elsewhere === unknown) return `${why}; it belongs to the top level`
  if (elsewhere !== undefined) return `${why}; "${elsewhere}" is`
  const known = keysAt(schema, place === 'the top level' ? [] : place.split('.'))
  const near = known.find((key) => distance(key.toLowerCase(), unknown.toLowerCase()) <= 2)
  return near === undefined ? `${why}; known: ${known.join(', ')}` : `${why}; is "${near}" meant?`
}

function keysAt(schema: TObject, path: readonly string[]): string[] {
  const [first, ...rest] = path
  if (first === undefined) return Object.keys(schema.properties)
  const part = schema.properties[first]
  return part !== undefined && isObject(part) ? keysAt(part, rest) : []
}

function allKeys(schema: TObject): string[] {
  return (Object.entries(schema.properties) as [string, TSchema][]).flatMap(([key, part]) =>
    isObject(part) ? [key, ...allKeys(part).map((inner) => `${key}.${inner}`)] : [key],
  )
}

// Levenshtein's distance, one row at a time.
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const swap = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}

function isObject(schema: TSchema): schema is TObject {
  return Reflect.get(schema, 'type') === 'object'
}

function isRecord(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What went wrong, for a sentence: the system's own words without its stack. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
