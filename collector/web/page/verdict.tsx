/** One line that says whether anybody has to do anything. */
import type { AlertsAnswer, HostsAnswer, TotalsAnswer } from '../api/shapes.ts'
import { useAnswer } from './ask.ts'
import { Address, Ago, Copy, HostName, Loading } from './parts.tsx'
import { href } from './route.ts'
import { path, since } from './span.ts'
import { counted, listed, visible } from './words.ts'

type Alerts = AlertsAnswer['alerts']
const mostAlerts = 5

export function Verdict({ hosts }: { hosts: HostsAnswer['hosts'] | undefined }) {
  const day = useAnswer<TotalsAnswer>(path('totals', { since: String(since('24h')) }))
  const attention = useAnswer<AlertsAnswer>('alerts?since=24h')
  if (day === undefined || attention === undefined || hosts === undefined) {
    return (
      <section id="verdict" data-mood="waiting">
        <Loading />
      </section>
    )
  }
  if (hosts.length === 0) return <FirstHost />
  const { alerts, gaps, trouble } = attention
  const silent = hosts.filter((host) => !host.online)
  const mood =
    alerts.length > 0 || trouble !== null ? 'look' : silent.length > 0 ? 'unsure' : 'quiet'
  const count = `${triedOf(day, gaps > 0 || trouble !== null)} in the last 24 hours`
  return (
    <section id="verdict" data-mood={mood} aria-live="polite" aria-label="Verdict">
      {trouble !== null && (
        <h1>
          LOOK: the collector can store nothing: {visible(trouble.why)}, <Ago iso={trouble.since} />
          . Make room on its disk; nothing is lost as long as the hosts keep their logs, and it goes
          on by itself.
        </h1>
      )}
      <AlertLines alerts={alerts} />
      {mood === 'look' ? (
        <p>In all {count}.</p>
      ) : (
        <h1>
          Quiet: {count}, {day.logins > 0 ? 'no attacker' : 'nobody'} got in
        </h1>
      )}
      {silent.length > 0 && (
        <p>
          Nothing is heard from{' '}
          {silent.length > 4
            ? counted(silent.length, 'host')
            : listed(silent.map(({ name }) => visible(name, 60)))}
          . <a href={href({ page: 'hosts' })}>See the hosts</a>
        </p>
      )}
    </section>
  )
}

// Of the addresses some only probed: beside the attempts alone there would seem to be too many of them.
function triedOf({ attempts, probes, attackers }: TotalsAnswer, atLeast: boolean): string {
  const tried = [counted(attempts, 'attempt'), ...(probes > 0 ? [counted(probes, 'probe')] : [])]
  if (attackers === 0) return listed(tried)
  return `${atLeast ? 'at least ' : ''}${listed(tried)} by ${counted(attackers, 'address', 'addresses')}`
}

function AlertLines({ alerts }: { alerts: Alerts }) {
  return (
    <>
      {alerts.slice(0, mostAlerts).map((alert, index) => {
        const { ip, failed, host, user, last } = alert
        const words = (
          <>
            LOOK: <Address ip={ip} /> failed {counted(failed, 'time')}, then logged in to{' '}
            <HostName name={host} />
            {user !== '' && ` as ${visible(user, 60)}`}, <Ago iso={last} />
          </>
        )
        const key = `${ip} ${host} ${user}`
        return index === 0 ? <h1 key={key}>{words}</h1> : <p key={key}>{words}</p>
      })}
      {alerts.length > mostAlerts && (
        <p>
          <a href={href({ page: 'log', kind: 'alert' })}>And {alerts.length - mostAlerts} more</a>
        </p>
      )}
    </>
  )
}

const playbook = 'ansible-playbook -i inventory.yml site.yml'

function FirstHost() {
  const socket = `${location.protocol === 'https:' ? 'https' : 'http'}://${location.host}`
  const manual = [
    `cibot-agent key`,
    `cibot-collector agents add NAME KEY`,
    `CIBOT_COLLECTOR=${socket} cibot-agent run`,
  ]
  return (
    <section id="verdict" data-mood="waiting" aria-label="Verdict">
      <h1>No host has reported yet</h1>
      <p>To roll the agent out to every host of your inventory, from the folder ansible/:</p>
      <Command line={playbook} />
      <p>
        Or by hand: print the key on the host, let it in here, on the collector’s host, and start
        the agent there.
      </p>
      {manual.map((line) => (
        <Command key={line} line={line} />
      ))}
      <p class="quiet">This page fills by itself as soon as the first agent speaks.</p>
    </section>
  )
}

function Command({ line }: { line: string }) {
  return (
    <div class="command">
      <code>{line}</code>
      <Copy text={line} what="the line" />
    </div>
  )
}
