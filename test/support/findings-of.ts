import { openFold } from '../../agent/fold/fold.ts'
import { openParser } from '../../agent/parse/parse.ts'
import { type FoldState, nothingRead } from '../../shared/checkpoint.ts'
import type { Amendment, Finding } from '../../shared/finding.ts'

const reference = Date.UTC(2026, 10, 22, 18)

/** What is reported of these lines, amendments included; offsets are the lines' places in the list. */
export function entriesOf(
  lines: readonly string[],
  from: { state: FoldState; at: number; clock: number | null } = {
    state: nothingRead,
    at: 0,
    clock: null,
  },
): { entries: (Finding | Amendment)[]; state: FoldState; clock: number | null } {
  const parser = openParser({ zone: 'UTC', reference, last: from.clock })
  const fold = openFold(from.state, () => true)
  const entries: (Finding | Amendment)[] = []
  for (const [place, line] of lines.entries()) {
    const parsed = parser.line(line)
    const at = parsed.at ?? parser.last() ?? reference
    entries.push(...fold.take({ ...parsed, at }, { file: 'f', offset: from.at + place }))
  }
  return { entries, state: fold.save(), clock: parser.last() }
}

/** The findings alone. */
export function findingsOf(lines: readonly string[]): Finding[] {
  return entriesOf(lines).entries.filter((entry) => entry.kind !== 'amend')
}

/** What a log is worth: attempts, probes and logins by address ("" where there is none). */
export function worth(lines: readonly string[]): Record<string, string> {
  const sums = new Map<string, { attempt: number; probe: number; login: number }>()
  for (const { kind, ip = '', count } of findingsOf(lines)) {
    if (kind !== 'attempt' && kind !== 'probe' && kind !== 'login') continue
    const sum = sums.get(ip) ?? { attempt: 0, probe: 0, login: 0 }
    sum[kind] += count
    sums.set(ip, sum)
  }
  return Object.fromEntries(
    [...sums].map(([ip, { attempt, probe, login }]) => [ip, `${attempt} ${probe} ${login}`]),
  )
}
