/** The reports, as they looked, and whether they arrived. */
import { useState } from 'preact/hooks'
import type { ReportsAnswer } from '../api/shapes.ts'
import { ask, happened, now, send, useAnswer } from './ask.ts'
import { Message } from './message.tsx'
import { Ago, Card, Empty, Export, Loading } from './parts.tsx'
import { path } from './span.ts'
import { counted, range, span, visible } from './words.ts'

type Report = ReportsAnswer['reports'][number]

const perPage = 30
const kinds = new Map([
  ['period', 'Report'],
  ['alert', 'Urgent'],
  ['asked', 'Asked for'],
])
const states = new Map([
  ['ready', 'waiting'],
  ['sending', 'being sent'],
  ['sent', 'sent'],
  ['unsure', 'in doubt'],
  ['held', 'held back'],
  ['refused', 'refused'],
  ['superseded', 'told later'],
])

export function Reports() {
  const newest = useAnswer<ReportsAnswer>(path('reports', { limit: String(perPage) }))
  const [past, setPast] = useState<ReportsAnswer>()
  if (newest === undefined) return <Loading />
  const first = past?.reports[0]?.id ?? 0
  const rows = [
    ...newest.reports.filter(({ id }) => id > first || past === undefined),
    ...(past?.reports ?? []),
  ]
  const next = (past ?? newest).next
  const more = async () => {
    const page = await ask<ReportsAnswer>(
      path('reports', { before: String(next), limit: String(perPage) }),
    )
    setPast((past) => ({ reports: [...(past?.reports ?? []), ...page.reports], next: page.next }))
  }
  return (
    <Card title="Reports" label="Reports" side={<Export path="reports" name="reports" />}>
      {rows.length === 0 && (
        <Empty>None was made yet. Reports are made on the schedule in the settings.</Empty>
      )}
      <ol class="reports">
        {rows.map((report) => (
          <OneReport key={report.id} report={report} />
        ))}
      </ol>
      {next !== null && (
        <p class="more">
          <button type="button" onClick={() => void more().catch(() => undefined)}>
            Older
          </button>
        </p>
      )}
    </Card>
  )
}

function OneReport({ report }: { report: Report }) {
  const { id, kind, from, to, parts, superseded } = report
  return (
    <li>
      <div class="first">
        <h3>
          {kinds.get(kind) ?? kind} {id}
        </h3>
        <span class="quiet">
          {from === to ? '' : `${range(Date.parse(from), Date.parse(to))}, `}
          <Ago iso={to} />
        </span>
      </div>
      {parts.length === 0 && <p class="quiet">There was nothing to say, so nothing was sent.</p>}
      {parts.map((part) => (
        <div class="message" key={part.part}>
          <Message text={part.text} entities={part.entities} />
          <p>
            <span class="badge" data-state={part.state}>
              {states.get(part.state) ?? part.state}
            </span>{' '}
            <span class="quiet">
              {part.tries > 1 && counted(part.tries, 'try', 'tries')}
              {part.tries > 1 && part.why !== null && ', '}
              {part.why !== null && visible(part.why)}
              {part.due !== null && Date.parse(part.due) > now.value && (
                <>
                  {(part.why !== null || part.tries > 1) && '; '}next try in{' '}
                  {span(Date.parse(part.due) - now.value)}
                </>
              )}
            </span>
          </p>
        </div>
      ))}
      {superseded !== null && <p class="quiet">Report {superseded} tells the same again.</p>}
      {parts.length > 0 && superseded === null && <Resend id={id} />}
    </li>
  )
}

function Resend({ id }: { id: number }) {
  const [said, setSaid] = useState('')
  const [isAsking, setAsking] = useState(false)
  const resend = async () => {
    setAsking(false)
    try {
      await send('POST', `reports/${id}/resend`)
      setSaid('Queued.')
      happened.value = 300 + Math.random()
    } catch (error) {
      setSaid(error instanceof Error ? error.message : 'It could not be sent.')
    }
  }
  return (
    <p class="actions">
      {isAsking ? (
        <>
          <span>Send it once more?</span>
          <button type="button" class="primary" onClick={() => void resend()}>
            Send
          </button>
          <button type="button" onClick={() => setAsking(false)}>
            No
          </button>
        </>
      ) : (
        <button
          type="button"
          class="small"
          onClick={() => setAsking(true)}
          aria-label={`Send again: report ${id}`}
        >
          Send again
        </button>
      )}
      <span role="status">{said}</span>
    </p>
  )
}
