/** What was counted in a span of time: the numbers, and the chart that narrows it. */
import type { ComponentChildren } from 'preact'
import type { ChartAnswer, TotalsAnswer } from '../api/shapes.ts'
import { useAnswer } from './ask.ts'
import { Chart } from './chart.tsx'
import { Card, Choice, Stat } from './parts.tsx'
import { changed, go } from './route.ts'
import { chosen, path, spans } from './span.ts'

type Query = Record<string, string>

/** `query` is what the numbers are asked for by, `chart` what the chart is. */
export function Counted({
  title,
  label,
  query,
  chart,
  side,
  children,
}: {
  title: string
  label: string
  query: Query
  chart: Query
  side?: ComponentChildren
  children?: ComponentChildren
}) {
  const { span, narrowed } = chosen()
  const totals = useAnswer<TotalsAnswer>(path('totals', query))
  const drawn = useAnswer<ChartAnswer>(path('chart', chart))
  return (
    <Card
      title={title}
      label={label}
      side={
        <>
          <Choice
            label="Span of time"
            options={spans}
            chosen={span}
            to={(value) => changed({ span: value === '24h' ? '' : value, from: '', to: '' })}
          />
          {side}
        </>
      }
    >
      <dl class="stats">
        <Stat name="attempts" value={totals?.attempts} />
        <Stat name="addresses" value={totals?.attackers} />
        <Stat name="probes" value={totals?.probes} />
        <Stat name="logins" value={totals?.logins} />
        {!query['host'] && <Stat name="hosts" value={totals?.hosts} />}
      </dl>
      {drawn === undefined ? (
        <div class="plot waiting" />
      ) : (
        <Chart
          chart={drawn}
          narrowed={narrowed}
          narrow={(to) =>
            go(changed({ from: to ? String(to.from) : '', to: to ? String(to.to) : '' }))
          }
        />
      )}
      {children}
    </Card>
  )
}
