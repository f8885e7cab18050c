/** The small things every page is made of. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { now } from './ask.ts'
import { href, type Place } from './route.ts'
import { ago, clock, compact, moment, number, visible } from './words.ts'

type Inside = { children?: ComponentChildren }

export function Card({
  title,
  side,
  label,
  kind = '',
  children,
}: Inside & {
  title?: ComponentChildren
  side?: ComponentChildren
  label?: string
  kind?: string
}) {
  return (
    <section class={`card ${kind}`} aria-label={label}>
      {(title || side) && (
        <div class="heading">
          <h2>{title}</h2>
          {side && <div class="side">{side}</div>}
        </div>
      )}
      {children}
    </section>
  )
}

/** How long ago; the moment itself when pointed at. */
export function Ago({ iso }: { iso: string }) {
  const at = Date.parse(iso)
  return (
    <time dateTime={iso} title={moment(at)}>
      {ago(iso, now.value)}
    </time>
  )
}

/** The time of day; in full, and how long ago, when pointed at. */
export function Clock({ at }: { at: number }) {
  const iso = new Date(at).toISOString()
  const today = now.peek()
  return (
    <time dateTime={iso} title={`${moment(at)} (${ago(iso, today)})`}>
      {clock(at, today)}
    </time>
  )
}

export function Address({ ip }: { ip: string }) {
  return (
    <a class="address" href={href({ page: 'attacker', ip })}>
      {visible(ip)}
    </a>
  )
}

export function HostName({ name }: { name: string }) {
  return (
    <a class="host" href={href({ page: 'host', name })}>
      {visible(name)}
    </a>
  )
}

export function UserName({ user }: { user: string }) {
  const shown = user.trim() === '' ? '(empty)' : visible(user, 80)
  // The log has no filter for a name without a letter.
  if (user === '') return <span class="user">{shown}</span>
  return (
    <a class="user" href={href({ page: 'log', user })} title={`What was tried as ${visible(user)}`}>
      {shown}
    </a>
  )
}

/** One row of a list with a bar behind it that shows its part of the most. */
export function Bar({
  value,
  most,
  label,
  children,
}: Inside & { value: number; most: number; label?: string }) {
  return (
    <li class="barred">
      <svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        <rect width={most === 0 ? 0 : (100 * value) / most} height="1" />
      </svg>
      <span class="what">{children}</span>
      <span class="number" title={number(value)}>
        {label ?? compact(value)}
      </span>
    </li>
  )
}

/** A day or so at a glance. */
export function Spark({ values, label }: { values: readonly number[]; label: string }) {
  const most = Math.max(1, ...values)
  return (
    <svg
      class="spark"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${values.length * 4} 24`}
      preserveAspectRatio="none"
    >
      {values.map((value, index) => {
        const height = value === 0 ? 0.75 : Math.max(2, (24 * value) / most)
        return <rect key={index} x={index * 4} y={24 - height} width="3" height={height} />
      })}
    </svg>
  )
}

export function Empty({ children }: Inside) {
  return <p class="empty">{children}</p>
}

export function Loading() {
  return (
    <p class="empty" role="status">
      Looking …
    </p>
  )
}

/** Links to the whole table as files; the path names no limit. */
export function Export({ path, name }: { path: string; name: string }) {
  const join = path.includes('?') ? '&' : '?'
  return (
    <span class="export">
      <a href={`api/v1/${path}${join}format=csv`} download={`cibot-${name}.csv`}>
        CSV
      </a>
      <a href={`api/v1/${path}${join}format=all`} download={`cibot-${name}.json`}>
        JSON
      </a>
    </span>
  )
}

/** Puts a text on the clipboard, where the browser lets a page do that. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [said, setSaid] = useState('Copy')
  // Only pages that came over TLS, or from this machine, may.
  if (!navigator.clipboard) return null
  const copy = async () => {
    const isDone = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    )
    setSaid(isDone ? 'Copied' : 'Not copied')
    setTimeout(() => setSaid('Copy'), 1500)
  }
  return (
    <button type="button" class="small" onClick={copy} aria-label={`Copy ${what}`}>
      {said}
    </button>
  )
}

/** A choice of which one is on. */
export function Choice({
  label,
  options,
  chosen,
  to,
}: {
  label: string
  options: readonly (readonly [value: string, name: string])[]
  chosen: string
  to: (value: string) => Place
}) {
  return (
    <nav class="choice" aria-label={label}>
      {options.map(([value, name]) => (
        <a key={value} href={href(to(value))} aria-current={value === chosen ? 'true' : undefined}>
          {name}
        </a>
      ))}
    </nav>
  )
}

/** A filter that is on; following it takes it away. */
export function Chip({ name, value, to }: { name: string; value: string; to: Place }) {
  return (
    <a class="chip" href={href(to)} aria-label={`Remove the filter ${name} ${visible(value, 60)}`}>
      {name} <b>{visible(value, 40)}</b> <span aria-hidden="true">×</span>
    </a>
  )
}

export function Stat({ name, value }: { name: string; value: number | undefined }) {
  return (
    <div class="stat">
      <dt>{name}</dt>
      <dd title={value === undefined ? '' : number(value)}>
        {value === undefined ? '–' : compact(value)}
      </dd>
    </div>
  )
}
