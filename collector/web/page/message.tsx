/** A message as it looked on the phone: its text, bold where it was bold. */
import type { ComponentChildren } from 'preact'
import type { ReportsAnswer } from '../api/shapes.ts'
import { visible } from './words.ts'

type Part = ReportsAnswer['reports'][number]['parts'][number]
type Format = Part['entities'][number]

export function Message({ text, entities }: Pick<Part, 'text' | 'entities'>) {
  const quotes = entities
    .filter(({ type }) => type === 'expandable_blockquote')
    .sort((one, other) => one.offset - other.offset)
  const inline = entities.filter(({ type }) => type !== 'expandable_blockquote')
  const blocks: ComponentChildren[] = []
  let at = 0
  for (const { offset, length } of quotes) {
    if (offset > at) blocks.push(<Runs text={text} from={at} to={offset} formats={inline} />)
    const quote = <Runs text={text} from={offset} to={offset + length} formats={inline} />
    blocks.push(<blockquote>{quote}</blockquote>)
    at = offset + length
    // The line end behind a quote is its own.
    if (text[at] === '\n') at += 1
  }
  if (at < text.length) {
    blocks.push(<Runs text={text} from={at} to={text.length} formats={inline} />)
  }
  return <div class="bubble">{blocks}</div>
}

type RunsOf = { text: string; from: number; to: number; formats: readonly Format[] }

// Pieces between the places where a format begins or ends.
function Runs({ text, from, to, formats }: RunsOf) {
  const cuts = new Set([from, to])
  for (const { offset, length } of formats) {
    for (const place of [offset, offset + length]) if (place > from && place < to) cuts.add(place)
  }
  const places = [...cuts].sort((one, other) => one - other)
  return (
    <>
      {places.slice(0, -1).map((start, index) => {
        const end = places[index + 1] ?? to
        const kinds = formats
          .filter(({ offset, length }) => offset <= start && offset + length >= end)
          .map(({ type }) => type)
        return <Run key={start} text={text.slice(start, end)} kinds={kinds} />
      })}
    </>
  )
}

const longest = 5000

function Run({ text, kinds }: { text: string; kinds: readonly Format['type'][] }) {
  let run: ComponentChildren = text
    .split('\n')
    .map((line) => visible(line, longest))
    .join('\n')
  if (kinds.includes('code')) run = <code>{run}</code>
  if (kinds.includes('italic')) run = <i>{run}</i>
  if (kinds.includes('bold')) run = <b>{run}</b>
  return <>{run}</>
}
