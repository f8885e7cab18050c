/**
 * ms since this process began, by a clock that never goes back. Not performance.now(): the first use of
 * that loads eleven modules of Node's, and a program that stands beside every log holds them for a year.
 */
export function elapsed(): number {
  return process.uptime() * 1000
}
