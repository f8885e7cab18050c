/** What may be changed while the collector runs, and who changed what. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { LogAnswer } from '../api/shapes.ts'
import { ask, happened, send, useAnswer } from './ask.ts'
import { Codes } from './codes.tsx'
import { Card, Clock, Empty, Loading } from './parts.tsx'
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

const zones = Intl.supportedValuesOf('timeZone').map((name) => [name] as const)

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
        <Field
          label="Schedule"
          name="schedule"
          suggestions={schedules}
          value={settings.schedule}
          maxLength={100}
          required
          to={(schedule) => change({ schedule })}
        >
          A cron expression: minute, hour, day, month, day of the week. {meaning(settings.schedule)}
        </Field>
        <Field
          label="Time zone"
          name="zone"
          suggestions={zones}
          value={settings.zone}
          maxLength={64}
          required
          to={(zone) => change({ zone })}
        />
        <Field
          label="Quiet hours"
          name="quiet"
          placeholder="22:00-07:00"
          value={settings.quiet ?? ''}
          maxLength={11}
          to={(quiet) => change({ quiet: quiet || null })}
        >
          Reports then arrive without a sound; somebody getting in never waits.
        </Field>
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

function Field({
  label,
  suggestions,
  to,
  children,
  ...input
}: {
  label: string
  name: keyof Settings
  value: string
  maxLength: number
  /** Values to choose from, with what each means; others may be typed. */
  suggestions?: readonly (readonly [value: string, words?: string])[]
  placeholder?: string
  required?: boolean
  to: (value: string) => void
  children?: ComponentChildren
}) {
  const list = suggestions && `${input.name}-suggestions`
  return (
    <>
      <label>
        {label}
        <input
          type="text"
          list={list}
          {...input}
          onInput={(event) => to(event.currentTarget.value)}
        />
        {children && <span class="quiet">{children}</span>}
      </label>
      {suggestions && (
        <datalist id={list}>
          {suggestions.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </datalist>
      )}
    </>
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
