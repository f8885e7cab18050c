/**
 * The programs with a rule of exactness taken away: a copy of the source tree in which a few words are
 * others. What is proven with the right programs must fail with these, else it proves nothing.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Words in a file of the source tree, and what stands there instead. */
export type Change = { file: string; from: string; to: string }

/** A changed copy of the source tree, gone when `remove` is called. */
export type Changed = { root: URL; remove: () => void }

const here = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Makes the copy. Throws where the words to be changed do not stand in their file exactly once: then
 * the source has moved on, and the control has to be written anew.
 */
export function changedPrograms(changes: readonly Change[]): Changed {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-changed-'))
  for (const part of ['agent', 'collector', 'shared', 'package.json']) {
    cpSync(join(here, part), join(folder, part), { recursive: true })
  }
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, from, to } of changes) {
    const path = join(folder, file)
    const parts = readFileSync(path, 'utf8').split(from)
    if (parts.length !== 2) {
      throw new Error(`${file} holds these words ${parts.length - 1} times, not once: ${from}`)
    }
    writeFileSync(path, parts.join(to))
  }
  return {
    root: pathToFileURL(`${folder}/`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
