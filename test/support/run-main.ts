import { spawn } from 'node:child_process'
import { type Program, wordsOf } from './daemon.ts'

/**
 * Runs one of our commands to its end, as a person would, whatever its exit code: with this input,
 * in this folder, with these variables besides our own, as this user.
 */
export async function runMain(
  program: Program,
  words: readonly string[],
  input: Buffer | string = '',
  {
    cwd = process.cwd(),
    env = {},
    uid,
  }: { cwd?: string; env?: Record<string, string>; uid?: number } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...wordsOf(program), ...words], {
    cwd,
    env: { ...process.env, ...env },
    ...(uid === undefined ? {} : { uid }),
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, ...said }
}
