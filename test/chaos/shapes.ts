/**
 * What real daemons write for one connection, line by line, each line with what it is worth by the
 * rule of counting. Written down from what the daemons were seen to log, and not from what our parser
 * makes of it.
 */
import { dropbearNobody, dropbearPasswords, dropbearProbe } from './other-sessions.ts'
import type { Age, Script, Visit } from './script.ts'
import {
  deniedUser,
  endless,
  foldedRepeats,
  http,
  hydra,
  interactive,
  keyOfKnown,
  knownUser,
  loginAfterFailures,
  negotiation,
  probe,
  timeout,
  tooMany,
  turnedAway,
  unknownUser,
} from './sshd-sessions.ts'

export type Shape = {
  name: string
  ages: readonly Age[]
  /** How often, beside the others. */
  weight: number
  /** Its PAM lines come from a process of their own and are known by address alone. */
  alone?: true
  /** The first line names the address, so that the pid may have been another's a moment ago. */
  placed?: true
  script: (visit: Visit) => Script
}

const every = ['old', 'middle', 'new'] as const

/** Everything that comes over the network. */
export const SHAPES: readonly Shape[] = [
  shape('unknown user, passwords', every, 30, unknownUser),
  { ...shape('known user, passwords', every, 30, knownUser), placed: true },
  { ...shape('known user, repeats folded', every, 5, foldedRepeats), placed: true },
  { ...shape('too many passwords', ['middle', 'new'], 4, tooMany), placed: true },
  { ...shape('denied user', every, 4, deniedUser), placed: true },
  { ...shape('key of a known user', ['middle', 'new'], 8, keyOfKnown), placed: true },
  { ...shape('first look of hydra', ['middle', 'new'], 3, hydra), placed: true },
  { ...shape('keyboard-interactive', ['middle', 'new'], 6, interactive), alone: true },
  { ...shape('no end written', ['old'], 5, endless), placed: true },
  { ...shape('login after failures', every, 2, loginAfterFailures), placed: true },
  { ...shape('connect and go', every, 10, probe), placed: true },
  shape('HTTP at port 22', ['middle', 'new'], 3, http),
  { ...shape('negotiation', ['middle', 'new'], 4, negotiation), placed: true },
  { ...shape('timeout told by the listener', ['new'], 2, timeout), placed: true },
  { ...shape('turned away', ['middle', 'new'], 2, turnedAway), placed: true },
  { ...shape('dropbear passwords', every, 4, dropbearPasswords), placed: true },
  { ...shape('dropbear, nobody of that name', every, 3, dropbearNobody), placed: true },
  { ...shape('dropbear, connect and go', every, 2, dropbearProbe), placed: true },
]

function shape(
  name: string,
  ages: readonly Age[],
  weight: number,
  script: (visit: Visit) => Script,
): Shape {
  return { name, ages, weight, script }
}
