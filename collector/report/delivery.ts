/** Everything between a closed period and a message on the phone: schedule, outbox, Telegram or terminal. */
import { randomBytes } from 'node:crypto'
import { ConfigError } from '../../shared/config.ts'
import type { CollectorConfig } from '../config.ts'
import { refusedByDisk } from '../store/disk.ts'
import type { Log } from '../store/log.ts'
import type { Reports } from '../store/reports/reports.ts'
import { isQuiet, type Settings, type SettingsStore } from '../store/settings.ts'
import type { Clock } from './clock.ts'
import { openOutbox } from './outbox.ts'
import { openPrinter } from './print.ts'
import { closePeriod, type ReportSettings } from './report.ts'
import { openSchedule } from './schedule.ts'
import { openTelegram, type Send } from './telegram.ts'

export type Delivery = {
  /** Closes periods and delivers, until stopped. */
  run: () => Promise<void>
  /** Delivers only, until stopped. */
  outbox: () => Promise<void>
  /** Something was queued: look now. */
  wake: () => void
  /** The settings have changed: from now on by their schedule. */
  reschedule: () => void
  stop: () => Promise<void>
}

/** How long nothing must be heard of a host before a report says so, ms. */
const silentAfter = 2 * 3_600_000

/** How much longer than it should a wait takes where the collector was not there meanwhile, ms. */
const asleepAfter = 60_000

/** What collector.json says of the settings that may be changed at run time. */
export function configured({ report, timeZone }: CollectorConfig): Settings {
  return { schedule: report.schedule, zone: timeZone, quiet: null }
}

/** What a report goes by now; `listening` is when this collector began to, ms UTC. */
export function reportSettings(
  { report }: CollectorConfig,
  settings: Settings,
  listening: number,
): ReportSettings {
  return {
    zone: settings.zone,
    heartbeat: report.heartbeat,
    silence: { after: silentAfter, listening },
    isQuiet: (at) => isQuiet(settings, at),
  }
}

/** Opens the delivery. Without a token, reports are printed and count as sent. */
export function openDelivery(
  config: CollectorConfig,
  parts: {
    reports: Reports
    settings: Pick<SettingsStore, 'read'>
    clock: Clock
    log: Log
    print: (report: string) => void
    failed: (error: unknown) => void
    /** Does work that writes and may be left undone; false where the disk took nothing. */
    tried?: (work: () => void) => boolean
  },
): Delivery {
  const { reports, settings, clock, log, print, failed, tried = always } = parts
  const ear = openEar(clock)
  const outbox = openOutbox({
    reports,
    send: senderOf(config, print),
    clock,
    random: Math.random,
    owner: randomBytes(8).toString('hex'),
    chat: String(config.telegram.chatId ?? ''),
    note: (text) => void tried(() => log.append('report', text)),
  })
  const tick = async (now: number): Promise<void> => {
    try {
      const current = reportSettings(config, settings.read(), ear.since(now))
      await closePeriod(reports, current, now)
    } catch (error) {
      // What could not be written now is told at the next tick.
      if (!refusedByDisk(error)) throw error
    }
    outbox.wake()
  }
  let schedule = scheduled(settings.read(), { clock: ear.clock, tick })
  // A changed schedule takes the place of the running one, which ends when it is stopped.
  const keepTime = async (): Promise<void> => {
    for (let current: typeof schedule | undefined; current !== schedule; ) {
      current = schedule
      await current.run()
    }
  }
  let running: Promise<unknown> = Promise.resolve()
  const start = async (work: Promise<unknown>): Promise<void> => {
    running = work.catch(failed)
    await running
  }
  return {
    run: () => start(Promise.all([outbox.run(), keepTime()])),
    outbox: () => start(outbox.run()),
    wake: outbox.wake,
    reschedule: () => {
      const before = schedule
      schedule = scheduled(settings.read(), { clock: ear.clock, tick })
      before.stop()
    },
    stop: async () => {
      schedule.stop()
      outbox.stop()
      await running
    },
  }
}

/**
 * Since when (ms UTC) this collector has been listening without a break: after a sleep, or where its clock
 * was set forward (a board without one of its own), every host would seem silent that has not spoken yet.
 */
function openEar(clock: Clock): { clock: Clock; since: (now: number) => number } {
  let listening = clock.now()
  return {
    clock: {
      now: clock.now,
      wait: async (ms, signal) => {
        const before = clock.now()
        await clock.wait(ms, signal)
        const now = clock.now()
        if (now - before > ms + asleepAfter) listening = now
      },
    },
    // A clock that was far ahead at the start must not keep every silence from being told until then.
    since: (now) => {
      listening = Math.min(listening, now)
      return listening
    },
  }
}

function always(work: () => void): true {
  work()
  return true
}

function scheduled(
  { schedule, zone }: Settings,
  rest: Pick<Parameters<typeof openSchedule>[0], 'clock' | 'tick'>,
): ReturnType<typeof openSchedule> {
  try {
    return openSchedule({ cron: schedule, zone, ...rest })
  } catch {
    throw new ConfigError(
      `report.schedule: "${schedule}" is no cron expression for a time to come; every hour at minute 59 is 59 * * * *`,
    )
  }
}

/** What sends messages under this configuration: Telegram, or the terminal where there is no token. */
export function senderOf({ telegram }: CollectorConfig, print: (report: string) => void): Send {
  if (telegram.token === undefined) return openPrinter(print)
  return openTelegram({
    token: telegram.token,
    apiRoot: telegram.apiRoot,
    ...(telegram.topic === undefined ? {} : { topic: telegram.topic }),
  })
}
