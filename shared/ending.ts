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
    process.stderr.write(`${name}: ${error.message}\n`)
    process.exitCode = 2
  }
}

// DatabaseError is the collector's; its name is what both sides share.
function isForUser(error: unknown): error is Error {
  return error instanceof ConfigError || (error instanceof Error && error.name === 'DatabaseError')
}
