import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '../../shared/config.ts'
import type { CollectorConfig } from '../config.ts'
import { systemClock } from '../report/clock.ts'
import { openDelivery, reportSettings } from '../report/delivery.ts'
import { renderPlain } from '../report/render.ts'
import { closePeriod, composer } from '../report/report.ts'
import type { PartState } from '../store/reports/parts.ts'
import type { Desk } from './desk.ts'

const nothingToSay = 'nothing to report'
const patience = { tries: 300, ms: 100 }

/**
 * The consolidated report, now; gives what to print. `since` (ms back from now) makes one over that
 * time beside the periods; without it the running period is closed. A dry run stores and sends
 * nothing. Delivers by itself, whether or not the daemon runs.
 */
export async function report(
  config: CollectorConfig,
  desk: Pick<Desk, 'reports' | 'log' | 'settings'>,
  ask: { since: number | undefined; dryRun: boolean },
): Promise<string> {
  const { reports } = desk
  const now = Date.now()
  const settings = reportSettings(config, desk.settings.read(), 0)
  const compose = composer(settings)
  const from = ask.since === undefined ? undefined : now - ask.since
  if (ask.dryRun) {
    const made = await (from === undefined
      ? reports.preview(now, compose)
      : reports.since(from, now, compose))
    return renderPlain(made.parts) || nothingToSay
  }
  const closed = await (from === undefined
    ? closePeriod(reports, settings, now)
    : reports.ask(from, now, compose))
  return closed.parts === 0 ? nothingToSay : await deliver(config, desk, closed.number)
}

/**
 * Sends a report once more, by its number; gives what to print. Throws ConfigError where there is no
 * such report, or nothing of it to send.
 */
export async function resend(
  config: CollectorConfig,
  desk: Pick<Desk, 'reports' | 'log' | 'settings'>,
  number: number,
): Promise<string> {
  const parts = await desk.reports.resend(number, Date.now())
  if (parts === null) throw new ConfigError(`there is no report ${number}`)
  if (parts === 0) {
    throw new ConfigError(`report ${number} has nothing to send, or is being sent right now`)
  }
  return deliver(config, desk, number)
}

// The daemon may be faster, or not there at all: a part is claimed by one of the two.
async function deliver(
  config: CollectorConfig,
  { reports, log, settings }: Pick<Desk, 'reports' | 'log' | 'settings'>,
  number: number,
): Promise<string> {
  const printed: string[] = []
  let failure: unknown
  const delivery = openDelivery(config, {
    reports,
    settings,
    clock: systemClock,
    log,
    print: (text) => printed.push(text),
    failed: (error) => {
      failure = error
    },
  })
  void delivery.outbox()
  for (let tries = 0; tries < patience.tries && failure === undefined; tries++) {
    const states = await statesOf(reports, number)
    if (states.every((state) => state !== 'ready' && state !== 'sending')) break
    await wait(patience.ms)
  }
  await delivery.stop()
  if (failure !== undefined) throw failure
  if (config.telegram.token === undefined) return printed.join('\n\n')
  const states = await statesOf(reports, number)
  return states.every((state) => state === 'sent')
    ? `report ${number} was sent`
    : `report ${number} is not delivered yet (${states.join(', ')}); see: cibot-collector log`
}

async function statesOf(reports: Desk['reports'], number: number): Promise<PartState[]> {
  const [found] = await reports.list(1, number + 1)
  return (found?.parts ?? []).map(({ state }) => state)
}
