import { ConfigError } from './config.ts'

/**
 * Does a program's work and sets its exit code: 2 and one sentence on standard error for what the
 * user can mend. Bugs are not caught: they end the process with their stack, and its supervisor
 * starts it again.
 */
export async function endingWell(name: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isForUser(error)) throw error
    // A sentence may quote what others wrote: a file's name, a collector's answer.
    const { plain } = await import('./plain.ts')
    process.stderr.write(`${name}: ${plain(error.message, 2000)}\n`)
    process.exitCode = 2
  }
}

// DatabaseError is the collector's; its name is what both sides share.
function isForUser(error: unknown): error is Error {
  return error instanceof ConfigError || (error instanceof Error && error.name === 'DatabaseError')
}
