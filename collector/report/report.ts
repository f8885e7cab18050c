import type { Closed, Compose, Composed, Reports } from '../store/reports/reports.ts'
import type { Alert } from './alert.ts'
import { digest, type Silence } from './digest.ts'
import { render, renderAlert } from './render.ts'

export type ReportSettings = {
  /** IANA name of the fleet's time zone. */
  zone: string
  /** Whether to say once a day that all is quiet when there is nothing to say. */
  heartbeat: boolean
  silence: Silence
  /** Whether reports make no sound at this moment (ms UTC). Alerts always do. */
  isQuiet?: (at: number) => boolean
}

/** Closes the period at `now` (ms UTC); wake the outbox afterwards. */
export function closePeriod(
  reports: Reports,
  settings: ReportSettings,
  now: number,
): Promise<Closed> {
  return reports.close(now, composer(settings))
}

/** How a window becomes a report under these settings; for Reports.close, preview, since and ask. */
export function composer(settings: ReportSettings): Compose {
  return (closing): Composed => {
    const made = digest(closing, settings.silence)
    const { number, spoke, to } = closing
    const heartbeat = settings.heartbeat && (spoke === null || isADay(spoke, to, settings.zone))
    const parts = render(made, { number, zone: settings.zone, heartbeat })
    const matters = made.verdict === 'look' || made.silent.some(({ fresh }) => fresh)
    const loud = matters && settings.isQuiet?.(to) !== true
    return { digest: made, parts: parts ?? [], loud }
  }
}

// By the clock on the wall, where a day has 23 hours once a year, and half an hour short, so that a tick
// a moment early does not skip a day. What is said to be still to come was said by a clock since set back.
function isADay(spoke: number, to: number, zone: string): boolean {
  const next = Temporal.Instant.fromEpochMilliseconds(spoke)
    .toZonedDateTimeISO(zone)
    .add({ days: 1 })
    .subtract({ minutes: 30 })
  return to >= next.epochMilliseconds || to < spoke
}

/**
 * Queues the urgent message for an alert. Synchronous: to be called inside the transaction that
 * stores the login, so that neither exists without the other; wake the outbox after its commit.
 * `now` in ms UTC, `zone` an IANA name; gives the report's number.
 */
export function queueAlert(reports: Reports, alert: Alert, zone: string, now: number): number {
  return reports.queueUrgent(now, (number) => ({
    digest: alert,
    parts: renderAlert(alert, { number, zone }),
    loud: true,
  }))
}
