/** One line of the log. */
import type { FindingAnswer } from '../api/shapes.ts'
import type { Entry } from './live.ts'
import { Address, Clock, HostName, UserName } from './parts.tsx'
import { counted, number, visible } from './words.ts'

export function Row({ entry, onSkipped }: { entry: Entry; onSkipped?: () => void }) {
  if (entry.kind === 'skipped' && 'count' in entry) {
    const words = `${counted(entry.count, 'event')} too fast to show`
    return (
      <li data-kind="skipped">
        {onSkipped === undefined ? (
          words
        ) : (
          <button type="button" class="small" onClick={onSkipped}>
            {number(entry.count)} skipped: show the newest
          </button>
        )}
      </li>
    )
  }
  return (
    <li data-kind={entry.kind}>
      <Clock at={entry.at} />
      <span class="kind">{entry.kind}</span>
      <span class="words">
        {'finding' in entry ? (
          <Finding finding={entry.finding} />
        ) : (
          'line' in entry && visible(entry.line.text)
        )}
      </span>
    </li>
  )
}

function Finding({ finding }: { finding: FindingAnswer }) {
  const { kind, host, ip, user, method, count, program, text } = finding
  const as =
    user === null ? null : (
      <>
        {' '}
        as <UserName user={user} />
      </>
    )
  const from =
    ip === null ? (
      <> with {visible(program, 60)}</>
    ) : (
      <>
        {' '}
        from <Address ip={ip} />
      </>
    )
  const by = method === null ? '' : ` by ${visible(method, 60)}`
  const on = (
    <>
      {' '}
      on <HostName name={host} />
    </>
  )
  switch (kind) {
    case 'attempt':
      return (
        <>
          {counted(count, 'attempt')}
          {as}
          {from}
          {on}
          {by}
        </>
      )
    case 'login':
      return (
        <>
          login
          {as}
          {from}
          {on}
          {by}
        </>
      )
    case 'probe':
      return (
        <>
          probe
          {from}
          {on}
        </>
      )
    case 'blocked':
      return (
        <>
          {counted(count, 'connection')} turned away
          {ip === null ? '' : from}
          {on}
        </>
      )
    case 'change':
    case 'loss':
      return (
        <>
          {visible(text ?? kind)}
          {on}
        </>
      )
  }
}
