/** The dashboard: a frame that is always there, and the page the address names. */
import { render } from 'preact'
import type { FleetAnswer } from '../api/shapes.ts'
import { ask } from './ask.ts'
import { Attacker } from './attacker.tsx'
import { Attackers } from './attackers.tsx'
import { Frame } from './frame.tsx'
import { Host } from './host.tsx'
import { Hosts } from './hosts.tsx'
import { startLive } from './live.ts'
import { LogPage } from './log.tsx'
import { Overview } from './overview.tsx'
import { Reports } from './reports.tsx'
import { at, followLinks } from './route.ts'
import { SettingsPage } from './settings.tsx'
import { zone } from './words.ts'

const pages = new Map([
  ['', Overview],
  ['log', LogPage],
  ['attackers', Attackers],
  ['attacker', Attacker],
  ['hosts', Hosts],
  ['host', Host],
  ['reports', Reports],
  ['settings', SettingsPage],
])

function App() {
  const Page = pages.get(at('page')) ?? Overview
  return (
    <Frame>
      <Page />
    </Frame>
  )
}

followLinks()
startLive()
ask<FleetAnswer>('fleet').then(
  (fleet) => {
    zone.value = fleet.zone
  },
  () => undefined,
)
const root = document.getElementById('app')
if (root !== null) {
  root.replaceChildren()
  render(<App />, root)
}
