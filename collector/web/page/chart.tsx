/** Attempts along time; dragging over it, a click on a step, or the keys narrow everything below. */
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { ChartAnswer } from '../api/shapes.ts'
import { counted, number, range, span, start, visible, zone } from './words.ts'

export type Narrowed = { from: number; to: number } | undefined

type Props = {
  chart: ChartAnswer
  narrowed: Narrowed
  narrow: (to: Narrowed) => void
}

const height = 210
const mostLines = 6
/** Pixels; less is a click. */
const leastDrag = 4
const hues = [188, 28, 262, 96, 330, 220]

export function Chart({ chart, narrowed, narrow }: Props) {
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const act = useRef(narrow)
  act.current = narrow
  const [cursor, setCursor] = useState<number>()
  const { steps, series } = linesOf(chart)
  const shape = JSON.stringify([chart.step, series.map(({ name }) => name), zone.value])
  const isDark = useDark()

  useEffect(() => {
    const node = holder.current
    if (node === null) return
    const made = draw(node, chart, series, { narrow: (to) => act.current(to), pointed: setCursor })
    plot.current = made
    const observer = new ResizeObserver(() => {
      made.setSize({ width: node.clientWidth, height })
    })
    observer.observe(node)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [shape, isDark])

  useEffect(() => {
    plot.current?.setData([steps, ...series.map(({ values }) => values)])
    select(plot.current, narrowed)
  })

  const total = series.reduce(
    (sum, { values }) => sum + values.reduce((all, one) => all + one, 0),
    0,
  )
  const told = cursor === undefined ? hint(chart, narrowed) : tell(chart, series, cursor)
  // A finger cannot drag here, for it scrolls: it points at a step. The click that ends dragging is
  // kept back by uPlot.
  const onClick = () => {
    const step = plot.current?.cursor.idx
    if (step == null) return
    narrow(narrowed === undefined ? stepRange(chart, step) : undefined)
  }
  const onKey = (event: KeyboardEvent) => {
    const next = nextStep(event.key, cursor ?? steps.length, steps.length)
    if (next !== undefined) setCursor(next)
    else if (event.key === 'Enter' && cursor !== undefined) narrow(stepRange(chart, cursor))
    else if (event.key === 'Escape') narrow(undefined)
    else return
    event.preventDefault()
    if (next !== undefined) point(plot.current, next)
  }
  return (
    <figure class="chart">
      <div
        ref={holder}
        class="plot"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys narrow as dragging does
        tabIndex={0}
        onKeyDown={onKey}
        onClick={onClick}
        aria-label={`Chart of attempts, ${number(total)} in all. Left and right go through time, Enter narrows the page to a step, Escape widens it again.`}
      />
      <figcaption>
        <span role="status">{told}</span>
        {series.length > 1 && (
          <span class="legend">
            {series.map(({ name, hue }) => (
              <span key={name}>
                <svg viewBox="0 0 8 8" aria-hidden="true">
                  <rect width="8" height="8" rx="2" fill={colour(hue)} />
                </svg>
                {visible(name, 30)}
              </span>
            ))}
          </span>
        )}
      </figcaption>
    </figure>
  )
}

type Line = { name: string; hue: number; values: number[] }

// The busiest hosts have a line of their own, the others share one.
function linesOf({ from, step, series }: ChartAnswer): { steps: number[]; series: Line[] } {
  const start = Date.parse(from)
  const steps = Array.from(series[0]?.attempts ?? [], (_, at) => (start + at * step) / 1000)
  const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0)
  const sorted = [...series].sort((one, other) => total(other.attempts) - total(one.attempts))
  const [first, ...others] = sorted
  if (first === undefined || first.host === null || others.length === 0) {
    const values = first?.attempts ?? []
    return { steps, series: [{ name: first?.host ?? 'attempts', hue: hues[0] ?? 0, values }] }
  }
  const rest = sorted.splice(mostLines)
  const lines = sorted.map(({ host, attempts }, at): Line => {
    return { name: host ?? '', hue: hues[at] ?? 0, values: attempts }
  })
  if (rest.length > 0) {
    const values = steps.map((_, at) => rest.reduce((sum, one) => sum + (one.attempts[at] ?? 0), 0))
    lines.push({ name: counted(rest.length, 'other'), hue: -1, values })
  }
  return { steps, series: lines }
}

function colour(hue: number, alpha = 1): string {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches
  const [saturation, light] = hue < 0 ? [5, 55] : dark ? [65, 58] : [80, 32]
  return `hsl(${hue < 0 ? 210 : hue} ${saturation}% ${light}% / ${alpha})`
}

function draw(
  node: HTMLElement,
  chart: ChartAnswer,
  series: Line[],
  { narrow, pointed }: { narrow: Props['narrow']; pointed: (step: number | undefined) => void },
): uPlot {
  const style = getComputedStyle(document.documentElement)
  const quiet = style.getPropertyValue('--quiet-solid')
  const line = style.getPropertyValue('--line-solid')
  const isAlone = series.length === 1
  const bars = uPlot.paths.bars?.({ size: [0.82, 26], align: 1, radius: 0.15 })
  const axis = { stroke: quiet, font: '12px system-ui', grid: { stroke: line, width: 1 } }
  let byHand = false
  const made = new uPlot(
    {
      width: node.clientWidth,
      height,
      padding: [10, 22, 0, 0],
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone.peek() ?? 'UTC'),
      cursor: {
        drag: { x: true, y: false, setScale: false },
        points: { show: !isAlone },
        y: false,
        bind: {
          mousedown: (_plot, _target, handler) => (event) => {
            byHand = true
            return handler(event)
          },
        },
      },
      scales: {
        // The last step begins at the last place and needs room behind it.
        x: { range: (_plot, min, max) => [min, max + chart.step / 1000] },
        y: { range: (_plot, _min, max) => [0, Math.max(4, max * 1.08)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          ticks: { show: false },
          size: 24,
          gap: 4,
          values: timeLabels,
        },
        { ...axis, ticks: { show: false }, size: 44, values: (_plot, all) => all.map(yLabel) },
      ],
      series: [
        {},
        ...series.map(({ name, hue }) => ({
          label: name,
          stroke: colour(hue),
          ...(isAlone
            ? {
                fill: colour(hue),
                width: 0,
                ...(bars && { paths: bars }),
                points: { show: false },
              }
            : { width: 2, points: { show: false } }),
        })),
      ],
      hooks: {
        setCursor: [(plot) => pointed(plot.cursor.idx ?? undefined)],
        setSelect: [
          (plot) => {
            // Set by ourselves when the address already says so.
            if (!byHand) return
            byHand = false
            const { left, width } = plot.select
            if (width < leastDrag) return
            const step = chart.step / 1000
            const from = Math.floor(plot.posToVal(left, 'x') / step) * step
            const to = Math.ceil(plot.posToVal(left + width, 'x') / step) * step
            narrow({ from: from * 1000, to: to * 1000 })
          },
        ],
      },
    },
    [[], ...series.map(() => [])],
    node,
  )
  return made
}

const timeLabels: uPlot.Axis.Values = (_plot, splits, _axis, _space, step) => {
  const timeZone = zone.peek() ?? 'UTC'
  const day = new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short' })
  const hour = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })
  return splits.map((at) => {
    const text = hour.format(at * 1000)
    return step >= 86_400 || text === '00:00' ? day.format(at * 1000) : text
  })
}

function yLabel(value: number): string {
  return value >= 1000 ? `${value / 1000}k` : Number.isInteger(value) ? String(value) : ''
}

function select(plot: uPlot | undefined, narrowed: Narrowed): void {
  if (plot === undefined || plot.data[0].length === 0) return
  if (narrowed === undefined) {
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
    return
  }
  const clamp = (at: number) => Math.max(0, Math.min(plot.over.clientWidth, at))
  const left = clamp(plot.valToPos(narrowed.from / 1000, 'x'))
  const right = clamp(plot.valToPos(narrowed.to / 1000, 'x'))
  plot.setSelect({ left, width: right - left, top: 0, height: plot.over.clientHeight }, false)
}

function point(plot: uPlot | undefined, step: number): void {
  const at = plot?.data[0][step]
  if (plot !== undefined && at !== undefined)
    plot.setCursor({ left: plot.valToPos(at, 'x'), top: 0 })
}

function nextStep(key: string, at: number, steps: number): number | undefined {
  if (key === 'ArrowLeft') return Math.max(0, at - 1)
  if (key === 'ArrowRight') return Math.min(steps - 1, at + 1)
  if (key === 'Home') return 0
  if (key === 'End') return steps - 1
  return undefined
}

function stepRange({ from, step }: ChartAnswer, at: number): { from: number; to: number } {
  const start = Date.parse(from) + at * step
  return { from: start, to: start + step }
}

function tell(chart: ChartAnswer, series: Line[], at: number): string {
  const { from, to } = stepRange(chart, at)
  const sum = series.reduce((all, { values }) => all + (values[at] ?? 0), 0)
  return `${range(from, to)}: ${number(sum)}`
}

function hint(chart: ChartAnswer, narrowed: Narrowed): string {
  const { from } = stepRange(chart, 0)
  return narrowed === undefined
    ? `Since ${start(from)}, in steps of ${span(chart.step)}. Drag or tap to narrow everything below.`
    : 'Narrowed to what is marked. Tap to widen again.'
}

function useDark(): boolean {
  const [dark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches)
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const change = () => setDark(query.matches)
    query.addEventListener('change', change)
    return () => query.removeEventListener('change', change)
  }, [])
  return dark
}
