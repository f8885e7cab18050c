/** What a person got, held against what there was to tell: every finding in one report, no copy unlabelled. */
import type { Expected } from '../chaos/attacked-log.ts'
import type { Fleet } from '../support/fleet.ts'

/** What is wrong with the messages seen, in words; empty where nothing is. */
export function judgeMessages(
  rows: Fleet['rows'],
  expected: readonly Expected[],
  seen: readonly string[],
): string[] {
  return [...copies(rows, seen), ...sums(rows, expected), ...alerts(rows)]
}

function copies(rows: Fleet['rows'], seen: readonly string[]): string[] {
  const parts = rows(
    `SELECT report, part, state, text FROM outbox JOIN report ON report.id = report
     WHERE superseded IS NULL`,
  )
  return parts.flatMap(({ report, part, state, text }) => {
    const plain = seen.filter((one) => one === text).length
    const labelled = seen.filter(
      (one) => one !== text && one.startsWith('(repeat of') && one.endsWith(String(text)),
    ).length
    const name = `report ${report}, part ${part}`
    return [
      ...(state === 'sent' ? [] : [`${name} is still ${state}`]),
      ...(plain + labelled > 0 ? [] : [`${name} never arrived`]),
      ...(plain <= 1 ? [] : [`${name} came ${plain} times without saying so`]),
      ...(labelled <= 1 ? [] : [`${name} was repeated ${labelled} times for one crash`]),
    ]
  })
}

function sums(rows: Fleet['rows'], expected: readonly Expected[]): string[] {
  const told = { attempt: 0, probe: 0, login: 0 }
  const reports = rows(
    "SELECT digest FROM report WHERE kind = 'period' AND superseded IS NULL ORDER BY id",
  )
  for (const { digest } of reports) {
    const made = JSON.parse(String(digest)) as { totals: Record<string, number> } | null
    if (made === null) return ['a report says nothing at all']
    const { totals } = made
    told.attempt += (totals['attempts'] ?? 0) + (totals['local'] ?? 0)
    told.probe += totals['probes'] ?? 0
    told.login += totals['logins'] ?? 0
  }
  return (['attempt', 'probe', 'login'] as const).flatMap((kind) => {
    const right = expected
      .filter((one) => one.kind === kind)
      .reduce((sum, one) => sum + one.count, 0)
    return told[kind] === right ? [] : [`reports tell of ${told[kind]} ${kind}s, not of ${right}`]
  })
}

// Each alert is news once: its message and its row are one commit.
function alerts(rows: Fleet['rows']): string[] {
  const [row] = rows(
    `SELECT (SELECT count(*) FROM alert) AS known,
       (SELECT count(*) FROM report WHERE kind = 'alert') AS told`,
  )
  return row?.['known'] === row?.['told']
    ? []
    : [`of ${row?.['known']} alerts ${row?.['told']} were told`]
}
