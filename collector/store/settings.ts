/**
 * What may be changed while the collector runs, kept in the database above what collector.json says.
 * Everything else (addresses, keys, tokens) stays where only the host's owner can write.
 */
import { Cron } from 'croner'
import Type, { type Static } from 'typebox'
import type { Database } from './database.ts'

const strict = { additionalProperties: false } as const

export const Settings = Type.Object(
  {
    schedule: Type.String({
      maxLength: 100,
      description: 'When reports are made: a cron expression, in the time zone.',
    }),
    zone: Type.String({ maxLength: 64, description: 'Time zone of the fleet: an IANA name.' }),
    quiet: Type.Union([Type.String({ maxLength: 11 }), Type.Null()], {
      description: 'Hours in which reports make no sound, such as 22:00-07:00; null for none.',
    }),
  },
  strict,
)
export type Settings = Static<typeof Settings>

export type Change = { name: keyof Settings; from: string | null; to: string | null }

export type SettingsStore = {
  read: () => Settings
  /** Stores what differs, and gives it; inside the caller's transaction. */
  write: (settings: Settings) => Change[]
}

const names = ['schedule', 'zone', 'quiet'] as const

/** Takes the open database and what collector.json says. */
export function openSettings(db: Database, configured: Settings): SettingsStore {
  const read = (): Settings => {
    const rows = db.prepare("SELECT name, value FROM setting WHERE name LIKE 'report.%'").all()
    const stored = new Map(rows.map((row) => [String(row['name']), String(row['value'])]))
    const quiet = stored.get('report.quiet')
    return {
      schedule: stored.get('report.schedule') ?? configured.schedule,
      zone: stored.get('report.zone') ?? configured.zone,
      quiet: quiet === undefined ? configured.quiet : quiet || null,
    }
  }
  return {
    read,
    write: (settings) => {
      const before = read()
      const changes = names
        .map((name) => ({ name, from: before[name], to: settings[name] }))
        .filter(({ from, to }) => from !== to)
      for (const { name, to } of changes) {
        db.prepare(
          `INSERT INTO setting (name, value) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        ).run(`report.${name}`, to ?? '')
      }
      return changes
    },
  }
}

/** Why these settings are none, in one sentence; undefined where all is well. */
export function badSettings({ schedule, zone, quiet }: Settings): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
  } catch {
    return `zone: ${JSON.stringify(zone)} is no time zone; right would be such as Europe/Rome or UTC`
  }
  if (!isCron(schedule, zone)) {
    return `schedule: ${JSON.stringify(schedule)} is no cron expression; every hour at minute 59 is 59 * * * *`
  }
  if (quiet !== null && quietHours(quiet) === undefined) {
    return `quiet: ${JSON.stringify(quiet)} are no hours; right would be such as 22:00-07:00`
  }
  return undefined
}

/** Minutes of the day from and to, out of "22:00-07:00"; undefined where the text is none. */
export function quietHours(text: string): { from: number; to: number } | undefined {
  const found = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  if (found === null) return undefined
  const [from = 0, fromMinute = 0, to = 0, toMinute = 0] = found.slice(1).map(Number)
  return { from: from * 60 + fromMinute, to: to * 60 + toMinute }
}

/** Whether a moment (ms UTC) falls into the quiet hours of these settings. */
export function isQuiet({ quiet, zone }: Settings, at: number): boolean {
  const hours = quiet === null ? undefined : quietHours(quiet)
  if (hours === undefined) return false
  const time = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const minute = time.hour * 60 + time.minute
  return hours.from <= hours.to
    ? minute >= hours.from && minute < hours.to
    : minute >= hours.from || minute < hours.to
}

// Five fields: with six, the first would be seconds, and a report a second.
function isCron(schedule: string, zone: string): boolean {
  if (schedule.trim().split(/\s+/).length !== 5 && !/^@(hourly|daily|weekly)$/.test(schedule)) {
    return false
  }
  try {
    return new Cron(schedule, { timezone: zone, paused: true }).nextRun() !== null
  } catch {
    return false
  }
}
