/** "last message repeated N times": the classic form says how often, and not what. */
import type { LastLine } from '../../shared/checkpoint.ts'
import type { Told } from './told.ts'

/** What a checkpoint keeps of a line in case the next one says that it was repeated. */
export function lastLineOf({ host, program, pid, event }: Told): LastLine {
  const { ip, port, user, method, witness, tty } = event
  return {
    host,
    program,
    ...(pid === null ? {} : { pid }),
    ...(ip === undefined ? {} : { ip }),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(method === undefined ? {} : { method }),
    ...(witness === undefined ? {} : { witness }),
    ...(tty === undefined ? {} : { tty }),
  }
}

/** The line that was repeated, as if it had been written N times here; undefined where it was none of ours. */
export function again(last: LastLine | undefined, told: Told): Told | undefined {
  if (last === undefined || last.host !== told.host) return undefined
  const { host: _host, program, pid, ...rest } = last
  const event = { kind: 'refused' as const, ...rest, count: told.event.count ?? 1 }
  return { ...told, program, pid: pid ?? null, event }
}
