/** "last message repeated N times": the classic form says how often, and not what. */
import type { LastLine } from '../../shared/checkpoint.ts'
import { isAddress, openTold, type Told } from './told.ts'

/** What a checkpoint keeps of a line in case the next one says that it was repeated. */
export function lastLineOf(told: Told): LastLine {
  const { host, program, pid, ip, port, user, method, witness, tty } = told
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
  const { at, file, offset, count } = told
  return {
    ...openTold(),
    ...{ at, file, offset, count, kind: 'refused' },
    ...{ isNumeric: last.ip !== undefined && isAddress(last.ip) },
    ...last,
    pid: last.pid ?? null,
  }
}
