/**
 * Loaded into a program before its own code (`node --import`): its wall clock is off by so many ms as
 * stand in the file named by SHIFTED_CLOCK, read at its start and again at each SIGUSR2. The clock that
 * never goes back (performance.now, timers) is left alone, as on a real machine.
 */
import { readFileSync } from 'node:fs'

const file = process.env['SHIFTED_CLOCK'] ?? ''
const RealDate = Date
let shift = 0

function read(): void {
  try {
    shift = Number(readFileSync(file, 'utf8'))
  } catch {
    shift = 0
  }
}

const shiftedNow = (): number => RealDate.now() + shift

read()
process.on('SIGUSR2', read)
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, made) =>
    Reflect.construct(target, given.length === 0 ? [shiftedNow()] : given, made),
  get: (target, name, receiver) =>
    name === 'now' ? shiftedNow : Reflect.get(target, name, receiver),
})
