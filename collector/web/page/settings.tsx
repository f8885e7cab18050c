/** What may be changed while the collector runs, and who changed what. */
import { useEffect, useState } from 'preact/hooks'
import type { LogAnswer } from '../shapes.ts'
import { ask, happened, send, useAnswer } from './ask.ts'
import { Card, Clock, Copy, Empty, Loading } from './parts.tsx'
import { visible, zone } from './words.ts'

type Settings = { schedule: string; zone: string; quiet: string | null }

export function SettingsPage() {
  return (
    <>
      <div class="columns">
        <ReportSettings />
        <div>
          <TestMessage />
          <Codes />
        </div>
      </div>
      <Audit />
    </>
  )
}

const schedules = [
  ['59 * * * *', 'every hour'],
  ['0 */6 * * *', 'every six hours'],
  ['0 8 * * *', 'every day at 8:00'],
  ['0 8 * * 1', 'Mondays at 8:00'],
] as const

function meaning(schedule: string): string {
  const words = schedules.find(([cron]) => cron === schedule)?.[1]
  return words === undefined ? '' : `This one: ${words}.`
}

function ReportSettings() {
  const [settings, setSettings] = useState<Settings>()
  const [said, setSaid] = useState('')
  useEffect(() => {
    ask<Settings>('settings').then(setSettings, () => undefined)
  }, [])
  if (settings === undefined) return <Loading />
  const change = (part: Partial<Settings>) => {
    setSaid('')
    setSettings({ ...settings, ...part })
  }
  const store = async (event: Event) => {
    event.preventDefault()
    try {
      const stored = await send<Settings>('PUT', 'settings', settings)
      setSettings(stored)
      zone.value = stored.zone
      setSaid('Stored; it holds from now on.')
      happened.value = 300 + Math.random()
    } catch (error) {
      setSaid(error instanceof Error ? error.message : 'It could not be stored.')
    }
  }
  return (
    <Card title="Reports" label="Report settings">
      <form class="settings" onSubmit={(event) => void store(event)}>
        <label>
          Schedule
          <input
            name="schedule"
            list="schedules"
            value={settings.schedule}
            maxLength={100}
            required
            onInput={(event) => change({ schedule: event.currentTarget.value })}
          />
          <span class="quiet">
            A cron expression: minute, hour, day, month, day of the week.{' '}
            {meaning(settings.schedule)}
          </span>
        </label>
        <datalist id="schedules">
          {schedules.map(([cron, words]) => (
            <option key={cron} value={cron}>
              {words}
            </option>
          ))}
        </datalist>
        <label>
          Time zone
          <input
            name="zone"
            list="zones"
            value={settings.zone}
            maxLength={64}
            required
            onInput={(event) => change({ zone: event.currentTarget.value })}
          />
        </label>
        <datalist id="zones">
          {Intl.supportedValuesOf('timeZone').map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <label>
          Quiet hours
          <input
            name="quiet"
            placeholder="22:00-07:00"
            value={settings.quiet ?? ''}
            maxLength={11}
            onInput={(event) => change({ quiet: event.currentTarget.value || null })}
          />
          <span class="quiet">
            Reports then arrive without a sound; somebody getting in never waits.
          </span>
        </label>
        <p class="actions">
          <button type="submit" class="primary">
            Store
          </button>
          <span role="status">{said}</span>
        </p>
      </form>
    </Card>
  )
}

function TestMessage() {
  const [said, setSaid] = useState('')
  const test = async () => {
    try {
      const { report } = await send<{ report: number }>('POST', 'test-message')
      setSaid(`Queued as report ${report}; the reports page says whether it arrived.`)
      happened.value = 300 + Math.random()
    } catch (error) {
      setSaid(error instanceof Error ? error.message : 'It could not be sent.')
    }
  }
  return (
    <Card title="Test message" label="Test message">
      <p class="actions">
        <button type="button" onClick={() => void test()}>
          Send a test message
        </button>
        <span role="status">{said}</span>
      </p>
    </Card>
  )
}

function Codes() {
  const [isOn, setOn] = useState<boolean>()
  const [fresh, setFresh] = useState<{ secret: string; address: string }>()
  const [code, setCode] = useState('')
  const [said, setSaid] = useState('')
  useEffect(() => {
    ask<{ on: boolean }>('codes').then(
      ({ on }) => setOn(on),
      () => undefined,
    )
  }, [])
  const act = async (work: () => Promise<void>) => {
    try {
      await work()
      setSaid('')
    } catch (error) {
      setSaid(error instanceof Error ? error.message : 'It did not work.')
    }
    setCode('')
  }
  const begin = () => act(async () => setFresh(await send('POST', 'codes/new')))
  const finish = (event: Event) => {
    event.preventDefault()
    void act(async () => {
      const body = fresh === undefined ? { code } : { secret: fresh.secret, code }
      const { on } = await send<{ on: boolean }>(
        fresh === undefined ? 'DELETE' : 'PUT',
        'codes',
        body,
      )
      setOn(on)
      setFresh(undefined)
      happened.value = 300 + Math.random()
    })
  }
  if (isOn === undefined) return null
  return (
    <Card title="Codes for logging in" label="Codes for logging in">
      <p>
        {isOn
          ? 'Logging in asks for a code out of your app besides the password.'
          : 'An app on your phone can show a code that logging in asks for besides the password.'}
      </p>
      {fresh !== undefined && (
        <>
          <p>
            Add this key to the app, or <a href={fresh.address}>open it there</a>, then type the
            code it shows.
          </p>
          <div class="command">
            <code>{fresh.secret.match(/.{4}/g)?.join(' ')}</code>
            <Copy text={fresh.secret} what="the key" />
          </div>
        </>
      )}
      {isOn || fresh !== undefined ? (
        <form class="actions" onSubmit={finish}>
          <input
            name="code"
            aria-label="Code"
            placeholder="Code"
            inputMode="numeric"
            autocomplete="one-time-code"
            maxLength={6}
            required
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
          <button type="submit">{isOn ? 'Ask for no codes' : 'Turn on'}</button>
        </form>
      ) : (
        <p class="actions">
          <button type="button" onClick={() => void begin()}>
            Set up codes
          </button>
        </p>
      )}
      <p role="status">{said}</p>
    </Card>
  )
}

function Audit() {
  const lines = useAnswer<LogAnswer>('log?kind=audit&limit=50')?.log
  return (
    <Card title="Changes" label="Audit log">
      {lines === undefined ? (
        <Loading />
      ) : lines.length === 0 ? (
        <Empty>Nothing was changed here yet.</Empty>
      ) : null}
      <ol class="log">
        {lines?.map((line) => (
          <li key={line.id} data-kind="audit">
            <Clock at={Date.parse(line.at)} />
            <span class="words">{visible(line.text)}</span>
          </li>
        ))}
      </ol>
    </Card>
  )
}
