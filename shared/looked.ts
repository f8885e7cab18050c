import { plain, plainJson } from './plain.ts'

/** One thing that `check` looked at: well or not, in one sentence. */
export type Looked = { ok: boolean; says: string }

/**
 * Prints what `check` looked at through `print`, a line each, or all of it as one line of JSON for
 * programs. Gives the exit code: 2 where something is not well.
 */
export function printLooked(
  looked: readonly Looked[],
  json: boolean,
  print: (line: string) => void,
): number {
  if (json) print(plainJson(looked))
  else for (const { ok, says } of looked) print(`${ok ? 'ok ' : 'NO '} ${plain(says, 600)}`)
  return looked.every(({ ok }) => ok) ? 0 : 2
}
