import { setTimeout as wait } from 'node:timers/promises'
import { plain, plainJson } from '../../shared/plain.ts'
import type { FindingRow, History } from '../store/history.ts'
import type { Log, LogEntry } from '../store/log.ts'

/** What the command reads; `print` takes one line without its newline. Times in ms UTC. */
export type LogOptions = {
  log: Log
  history: History
  json: boolean
  timeZone: string
  print: (line: string) => void
}

const shown = 40
const lookEvery = 500

/** Prints the newest lines of the fleet's log, findings and administration together, oldest first. */
export function printLog(options: LogOptions): { finding: number; entry: number } {
  const { log, history } = options
  const findings = history.findings({ limit: shown }).findings.reverse()
  const entries = log.newest({ limit: shown }).reverse()
  show(options, findings, entries, shown)
  // Of what was read, not of what is there by now: the daemon goes on writing.
  return { finding: findings.at(-1)?.n ?? 0, entry: entries.at(-1)?.id ?? 0 }
}

/** Prints what follows, until the signal aborts. */
export async function followLog(options: LogOptions, signal: AbortSignal): Promise<void> {
  let { finding, entry } = printLog(options)
  while (!signal.aborted) {
    await wait(lookEvery, undefined, { signal }).catch(() => undefined)
    const findings = options.history.findingsAfter(finding, 500)
    const entries = options.log.after(entry, 500)
    const missed = findings.missed + entries.missed
    if (missed > 0)
      options.print(options.json ? JSON.stringify({ skipped: missed }) : `… ${missed} skipped`)
    show(options, findings.rows, entries.rows, Number.POSITIVE_INFINITY)
    finding = findings.rows.at(-1)?.n ?? finding
    entry = entries.rows.at(-1)?.id ?? entry
  }
}

function show(
  { json, timeZone, print }: LogOptions,
  findings: readonly FindingRow[],
  entries: readonly LogEntry[],
  most: number,
): void {
  const lines = [
    ...findings.map((one) => ({ at: one.at, kind: one.kind as string, one, text: sentence(one) })),
    ...entries.map((one) => ({ at: one.at, kind: one.kind, one, text: plain(one.text, 300) })),
  ].sort((a, b) => a.at - b.at)
  for (const { at, kind, one, text } of lines.slice(-most)) {
    if (json) print(plainJson({ ...one, at: new Date(at).toISOString() }))
    else print(`${stamp(at, timeZone)}  ${plain(kind).padEnd(8)}  ${text}`)
  }
}

// All of it is what a log said: the host's name, the address's and the program's as well as the user's.
function sentence({ host, ip, user, method, count, program, text }: FindingRow): string {
  return [
    plain(host),
    plain(ip ?? program),
    ...(user === null ? [] : [`as ${plain(user)}`]),
    ...(method === null ? [] : [`by ${plain(method)}`]),
    ...(count === 1 ? [] : [`${count} times`]),
    ...(text === null ? [] : [plain(text, 200)]),
  ].join(' ')
}

function stamp(at: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'second' })
    .replace('T', ' ')
}
