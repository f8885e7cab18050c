/** What is on every page: where one can go, whether the page is connected, how old its numbers are. */
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { freshAt, now, refusals } from './ask.ts'
import { connection } from './live.ts'
import { at, href } from './route.ts'
import { span, visible, zone } from './words.ts'

const tabs = [
  ['', 'Overview', 'M3 13h4V3H3zm5.5 0h4V7h-4zM14 13h4V5h-4z'],
  ['log', 'Log', 'M3 4h14v2H3zm0 5h14v2H3zm0 5h9v2H3z'],
  ['attackers', 'Attackers', 'M10 2l6 2v5c0 4.500-3 7-6 8.500C7 16 4 13.500 4 9V4z'],
  ['hosts', 'Hosts', 'M3 3h14v5H3zm0 7h14v5H3zm2-5v1h3V5zm0 7v1h3v-1z'],
  ['reports', 'Reports', 'M2 9l16-6-4 14-5-5zm7 3l5-6'],
  [
    'settings',
    'Settings',
    'M3 5h8v2H3zm10-1h2v4h-2zm4 1h1v2h-1zM3 13h2v2H3zm4-1h2v4H7zm4 1h7v2h-7z',
  ],
] as const

const parents = new Map([
  ['attacker', 'attackers'],
  ['host', 'hosts'],
])

export function Frame({ children }: { children: ComponentChildren }) {
  const page = at('page')
  const here = parents.get(page) ?? page
  const title = tabs.find(([name]) => name === here)?.[1] ?? 'Overview'
  useEffect(() => {
    document.title = here === '' ? 'CIBot' : `CIBot: ${title}`
  }, [title])
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="./" aria-label="CIBot, overview">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M8 1l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V3z" />
          </svg>
          CIBot
        </a>
        <nav class="tabs" aria-label="Pages">
          {tabs.map(([name, label, icon]) => (
            <a
              key={name}
              href={href({ page: name })}
              aria-current={name === here ? 'page' : undefined}
            >
              <svg viewBox="0 0 20 18" aria-hidden="true">
                <path d={icon} />
              </svg>
              <span>{label}</span>
            </a>
          ))}
        </nav>
        <Connection />
      </header>
      <main id="main" tabIndex={-1}>
        <Refusal />
        {children}
      </main>
      <footer>
        <span>Times are in {zone.value ?? 'your zone'}.</span>
        <a href="api">API</a>
        <form method="post" action="logout">
          <button type="submit" class="small" id="logout">
            Log out
          </button>
        </form>
      </footer>
    </>
  )
}

function Refusal() {
  const [why] = refusals.value.values()
  if (why === undefined) return null
  return (
    <p class="card wrong" role="alert">
      Not all of this page could be answered: {visible(why)}.
    </p>
  )
}

const states = { connecting: 'connecting', live: 'live', lost: 'connection lost, trying again' }

function Connection() {
  const age = now.value - freshAt.value
  const said =
    freshAt.value === 0 ? '' : age < 20_000 ? 'numbers are fresh' : `numbers ${span(age)} old`
  return (
    <div class="connection" data-state={connection.value} id="connection">
      <span role="status">{states[connection.value]}</span>
      <span class="age" data-old={age > 60_000}>
        {said}
      </span>
    </div>
  )
}
