/** "last message repeated N times": the classic form says how often, and not what. */
import type { LastLine } from '../../shared/checkpoint.ts'
import { longestUser } from '../../shared/finding.ts'
import { clip, type Told } from './told.ts'

/** What must be kept of a line in case the next one says that it was repeated. */
export function remember({ host, program, pid, event }: Told): LastLine {
  const { ip, port, user, method, witness, tty } = event
  return {
    host,
    program,
    ...(pid === null ? {} : { pid }),
    ...(ip === undefined ? {} : { ip }),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user: clip(user, longestUser) }),
    ...(method === undefined ? {} : { method: clip(method, 64) }),
    ...(witness === undefined ? {} : { witness: clip(witness, 32) }),
    ...(tty === undefined ? {} : { tty: clip(tty, 64) }),
  }
}

/** The line that was repeated, as if it had been written N times here; undefined where it was none of ours. */
export function again(last: LastLine | undefined, told: Told): Told | undefined {
  if (last === undefined || last.host !== told.host) return undefined
  const { host: _host, program, pid, ...rest } = last
  const event = { kind: 'refused' as const, ...rest, count: told.event.count ?? 1 }
  return { ...told, program, pid: pid ?? null, event }
}
