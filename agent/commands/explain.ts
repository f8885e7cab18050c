import { ConfigError } from '../../shared/config.ts'
import { plain, plainJson } from '../../shared/plain.ts'
import type { AgentConfig } from '../config.ts'
import type { Event, Parsed } from '../parse/event.ts'
import { endedEarly, openInput } from './input.ts'
import { type Understood, understandAll } from './records.ts'

/**
 * Prints, for every line of a log ("-" is standard input), what it was understood as, or that it was
 * not. Throws ConfigError for a file that cannot be read, and at the end for one that ended too early.
 */
export async function explain(
  config: AgentConfig,
  file: string,
  { json, out }: { json: boolean; out: NodeJS.WritableStream },
): Promise<void> {
  const options = { zone: config.timeZone, reference: Date.now() }
  const once = await openInput(file)
  let line = 0
  for await (const batch of understandAll(once.bytes(), options)) {
    const text = batch.map((one) => {
      line += 1
      return json ? asJson(line, one) : asText(line, one)
    })
    if (text.length > 0 && !out.write(`${text.join('\n')}\n`)) await drained(out)
  }
  const early = endedEarly(once)
  if (early !== null) throw new ConfigError(early)
}

function asJson(line: number, { parsed, isTimed }: Understood): string {
  const { at, host, program, pid, event } = parsed
  return plainJson({
    line,
    at: isTimed ? new Date(at).toISOString() : null,
    host,
    program,
    pid,
    event: event === null ? null : shown(event),
  })
}

// Only what the documented shape names: what the fold needs besides is its own business.
function shown({ kind, ip, port, user, method, count }: Event): Record<string, unknown> {
  return {
    kind,
    ip: ip ?? null,
    port: port ?? null,
    user: user ?? null,
    method: method ?? null,
    count: count ?? 1,
  }
}

function asText(line: number, { parsed }: Understood): string {
  return `${String(line).padStart(6)}  ${sentence(parsed)}`
}

function sentence({ program, event }: Parsed): string {
  if (event === null) return `-         ${program === null ? '' : plain(program, 32)}`
  const { kind, ip, port, user, method, count, text } = event
  return [
    kind.padEnd(8),
    ...(ip === undefined
      ? []
      : [`from ${plain(ip, 64)}${port === undefined ? '' : ` port ${port}`}`]),
    ...(user === undefined ? [] : [`as ${plain(user) || '(empty name)'}`]),
    ...(method === undefined ? [] : [`by ${plain(method, 40)}`]),
    ...(count === undefined || count === 1 ? [] : [`${count} times`]),
    ...(text === undefined ? [] : [plain(text, 120)]),
  ].join('  ')
}

function drained(out: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => out.once('drain', resolve))
}
